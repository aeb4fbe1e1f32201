//! Proof that a sample's truth is what its pixels show. Everything is found again from the
//! shown frames and the untouched strip; nothing is taken from the generator's own code.

use crate::draft::Draft;
use crate::shapes;
use media::FrameStrip;
use shared::task::{Perturbation, Shape, Task, Truth};
use std::collections::BTreeSet;
use tasks::Sources;

/// Why the truth cannot be proved; `None` when it can.
pub(crate) fn problem(sources: &Sources, draft: &Draft) -> Option<String> {
    let case = Case { strip: sources.strip, draft };
    let info = &draft.info;
    if info.answer != info.truth.answer() {
        return Some(format!("the answer {} is not that of the truth", info.answer));
    }
    let found = match (&info.spec.task, &info.truth) {
        (Task::Grounding { perturbation }, Truth::Grounding { span_secs, span_slots, .. }) => case
            .grounding(*perturbation, *span_slots)
            .and_then(|()| case.clock(*span_slots, *span_secs)),
        (Task::Counting { .. }, Truth::Counting(_)) => case.counting(),
        (Task::Jigsaw { clips }, Truth::Jigsaw { order }) => case.jigsaw(*clips as usize, order),
        (Task::Spatial { grid }, Truth::Spatial { tiles }) => case.spatial(*grid as usize, tiles),
        (Task::Spotting, Truth::Spotting { number, span_secs, span_slots, .. }) => {
            case.spotting(*number, *span_slots).and_then(|()| case.clock(*span_slots, *span_secs))
        }
        (Task::Progress, Truth::Progress { percent }) => case.progress(*percent),
        _ => Err("the truth is of another task".into()),
    };
    found.err()
}

type Proof = Result<(), String>;

struct Case<'a> {
    strip: &'a FrameStrip,
    draft: &'a Draft,
}

impl Case<'_> {
    fn shown(&self, clip: usize, place: usize) -> Result<&[u8], String> {
        let shown = self.draft.shown(self.strip, clip, place);
        let size = self.strip.frame_bytes();
        shown
            .filter(|rgb| rgb.len() == size)
            .ok_or_else(|| format!("frame {place} of clip {} has no pixels", clip + 1))
    }

    /// The answer's seconds are those of the slots on the label clock.
    fn clock(&self, slots: [u32; 2], secs: [f64; 2]) -> Proof {
        let rate = self.draft.info.sampling_fps;
        let off = slots.iter().zip(secs).any(|(slot, secs)| {
            // One decimal: half a tenth, and what a printed tenth itself is off.
            (f64::from(*slot) / rate - secs).abs() > 0.05 + 1e-6
        });
        if off { Err(format!("slots {slots:?} are not at {secs:?} s")) } else { Ok(()) }
    }

    /// Places of the only clip whose pixels are not those of the strip at the same place.
    fn changed(&self) -> Result<BTreeSet<usize>, String> {
        let places = self.draft.clips.first().map_or(0, Vec::len);
        if places != self.strip.count() {
            return Err(format!("{places} frames are shown of {}", self.strip.count()));
        }
        let mut changed = BTreeSet::new();
        for place in 0..places {
            if self.shown(0, place)? != self.strip.frame(place) {
                changed.insert(place);
            }
        }
        Ok(changed)
    }

    fn grounding(&self, kind: Perturbation, span: [u32; 2]) -> Proof {
        let [start, end] = span.map(|slot| slot as usize);
        let found = match kind {
            Perturbation::Slow | Perturbation::Fast => return self.speed(start, end),
            _ => self.changed()?,
        };
        // What a hold repeats begins one frame in, and ends where its last frame is in place.
        let hidden = usize::from(kind == Perturbation::StutterHold);
        let wanted = (Some(start + hidden), end.checked_sub(1 + hidden));
        if (found.first().copied(), found.last().copied()) != wanted {
            let ends = (found.first(), found.last());
            return Err(format!("slots {start}..{end} are said to change, {ends:?} do"));
        }
        match kind {
            Perturbation::Shuffle => self.comes_from(start, end, true),
            Perturbation::StutterHold => self.comes_from(start, end, false),
            _ => Ok(()),
        }
    }

    /// Every shown frame of the span is one of the strip's in the span; each once, if `all`.
    fn comes_from(&self, start: usize, end: usize, all: bool) -> Proof {
        let mut left: Vec<usize> = (start..end).collect();
        for place in start..end {
            let shown = self.shown(0, place)?;
            let from = left.iter().position(|slot| self.strip.frame(*slot) == shown);
            match from {
                Some(k) if all => {
                    left.remove(k);
                }
                Some(_) => {}
                None => return Err(format!("frame {place} is none of slots {start}..{end}")),
            }
        }
        Ok(())
    }

    /// Steps through the dense strip: one length outside of the span, another inside.
    fn speed(&self, start: usize, end: usize) -> Proof {
        let shown = self.draft.clips.first().map(Vec::as_slice).unwrap_or_default();
        if shown.iter().any(|s| !s.kept || s.slot as usize >= self.strip.count()) {
            return Err("a change of speed has a frame that is not the strip's".into());
        }
        let steps: Vec<i64> =
            shown.windows(2).map(|w| i64::from(w[1].slot) - i64::from(w[0].slot)).collect();
        let usual = most_common(&steps);
        let odd: Vec<usize> = (0..steps.len()).filter(|k| steps[*k] != usual).collect();
        let wanted: Vec<usize> = (start..end.min(steps.len())).collect();
        let one_speed = odd.windows(2).all(|w| steps[w[0]] == steps[w[1]]);
        if odd == wanted && one_speed {
            return Ok(());
        }
        Err(format!("slots {start}..{end} are said to run at another speed, {odd:?} do"))
    }

    /// The list of shapes, checked against the geometry and the painted frames.
    fn drawn(&self) -> Result<&[Shape], String> {
        let info = &self.draft.info;
        let shapes = info.shapes.as_deref().ok_or("no list of shapes")?;
        if let Some(problem) = shapes::problem(shapes, (info.width, info.height)) {
            return Err(problem);
        }
        let listed: BTreeSet<usize> = shapes.iter().map(|shape| shape.slot as usize).collect();
        let changed = self.changed()?;
        if changed != listed {
            return Err(format!("shapes are listed on {listed:?}, frames {changed:?} changed"));
        }
        Ok(shapes)
    }

    fn counting(&self) -> Proof {
        let shapes = self.drawn()?;
        let Truth::Counting(counts) = &self.draft.info.truth else { return Ok(()) };
        for (kind, count) in counts.iter() {
            let drawn = shapes.iter().filter(|shape| shape.kind == kind).count();
            if drawn != count as usize {
                return Err(format!("{count} {} are said, {drawn} drawn", kind.plural()));
            }
        }
        if shapes.iter().any(|s| counts.iter().all(|(kind, _)| kind != s.kind)) {
            return Err("a shape is drawn that nobody asks for".into());
        }
        shapes.iter().try_for_each(|shape| self.coloured(shape))
    }

    /// The pixel in the middle of a shape has the shape's colour.
    fn coloured(&self, shape: &Shape) -> Proof {
        let info = &self.draft.info;
        let rgb = self.shown(0, shape.slot as usize)?;
        let at = |px: f64, of: u32, side: u32| {
            let there = (px * f64::from(side) / f64::from(of)).floor() as usize;
            there.min(side as usize - 1)
        };
        let x = at(shape.center_px[0], info.width, self.strip.width);
        let y = at(shape.center_px[1], info.height, self.strip.height);
        let pixel = &rgb[(y * self.strip.width as usize + x) * 3..][..3];
        let same = pixel.iter().zip(shape.color).all(|(a, b)| a.abs_diff(b) <= 2);
        let problem = || format!("the {} on frame {} does not show", shape.kind, shape.slot);
        if same { Ok(()) } else { Err(problem()) }
    }

    fn spotting(&self, number: u32, span: [u32; 2]) -> Proof {
        let shapes = self.drawn()?;
        let asked = self.draft.info.params.kind.ok_or("no shape is asked for")?;
        let of_kind: Vec<&Shape> = shapes.iter().filter(|shape| shape.kind == asked).collect();
        if of_kind.iter().any(|shape| shape.number != Some(number)) {
            return Err(format!("a {asked} carries another number than {number}"));
        }
        let others = shapes.iter().filter(|shape| shape.kind != asked);
        if others.clone().any(|shape| shape.number == Some(number)) {
            return Err(format!("another shape carries the number {number} too"));
        }
        let slots: Vec<u32> = of_kind.iter().map(|shape| shape.slot).collect();
        let wanted: Vec<u32> = (span[0]..span[1]).collect();
        if slots == wanted {
            return Ok(());
        }
        Err(format!("the {asked} is on {slots:?}, said of {}..{}", span[0], span[1]))
    }

    fn jigsaw(&self, parts: usize, order: &str) -> Proof {
        let clips = &self.draft.clips;
        let length = self.strip.count() / parts.max(1);
        let shown = clips.first().map_or(0, Vec::len);
        let Some(trim) = length.checked_sub(shown).filter(|_| clips.len() == parts) else {
            return Err(format!("{} clips are shown of {parts}", clips.len()));
        };
        // The part whose frames each clip shows; a part that looks like another proves nothing.
        let mut place_of = vec![0; parts];
        for clip in 0..parts {
            let same = |part: &usize| {
                (0..shown).all(|k| {
                    self.shown(clip, k)
                        .is_ok_and(|rgb| rgb == self.strip.frame(part * length + trim / 2 + k))
                })
            };
            let found: Vec<usize> = (0..parts).filter(same).collect();
            let [part] = found[..] else {
                return Err(format!("clip {} looks like parts {found:?}", clip + 1));
            };
            place_of[part] = clip + 1;
        }
        same_order(&place_of, order)
    }

    fn spatial(&self, grid: usize, tiles: &str) -> Proof {
        let slot = self.draft.clips.first().and_then(|c| c.first()).map_or(0, |s| s.slot as usize);
        if slot >= self.strip.count() {
            return Err("the frame is none of the strip's".into());
        }
        let (shown, own) = (self.shown(0, 0)?, self.strip.frame(slot));
        let mut place_of = vec![0; grid * grid];
        for place in 0..grid * grid {
            let looks = self.tile(shown, grid, place);
            let found: Vec<usize> = (0..grid * grid)
                .filter(|tile| self.tile(own, grid, *tile).eq(looks.clone()))
                .collect();
            let [tile] = found[..] else {
                return Err(format!("the tile at place {} looks like {found:?}", place + 1));
            };
            place_of[tile] = place + 1;
        }
        same_order(&place_of, tiles)
    }

    /// Rows of a tile.
    fn tile<'a>(
        &self,
        rgb: &'a [u8],
        grid: usize,
        tile: usize,
    ) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let (w, h) = (self.strip.width as usize, self.strip.height as usize);
        let (wide, high) = (w / grid, h / grid);
        let (left, top) = (tile % grid * wide, tile / grid * high);
        (top..top + high).map(move |y| &rgb[(y * w + left) * 3..][..wide * 3])
    }

    fn progress(&self, percent: u32) -> Proof {
        let clips = &self.draft.clips;
        let window = clips.first().map_or(0, Vec::len);
        let last = self.strip.count().checked_sub(window).filter(|_| clips.len() == 3);
        let last = last.ok_or("three clips are asked for")?;
        let starts_at = |clip: usize, slot: usize| {
            (0..window).all(|k| {
                self.shown(clip, k).is_ok_and(|rgb| {
                    slot + k < self.strip.count() && rgb == self.strip.frame(slot + k)
                })
            })
        };
        let now = clips[1].first().map_or(0, |shown| shown.slot as usize);
        if !starts_at(0, 0) || !starts_at(2, last) || !starts_at(1, now) {
            return Err("the clips are not first, some and last frames".into());
        }
        let exact = 100.0 * now as f64 / last.max(1) as f64;
        if (exact - f64::from(percent)).abs() <= 0.5 + 1e-9 {
            return Ok(());
        }
        Err(format!("{percent} % is said of {exact:.1} %"))
    }
}

/// Compares positions from 1 with the answer: a digit each, or numbers between commas.
fn same_order(place_of: &[usize], order: &str) -> Proof {
    let between = if place_of.len() > 9 { "," } else { "" };
    let found = place_of.iter().map(usize::to_string).collect::<Vec<_>>().join(between);
    if found == order { Ok(()) } else { Err(format!("the order is {found}, said {order}")) }
}

fn most_common(values: &[i64]) -> i64 {
    let count = |value: &i64| values.iter().filter(|v| *v == value).count();
    values.iter().max_by_key(|value| count(value)).copied().unwrap_or(0)
}
