//! The pixels of a planned sample: only the frames that differ from the strip are painted.

use crate::answerable::is_answerable;
use crate::draw::Canvas;
use crate::error::TaskError;
use crate::perturb::Planter;
use crate::plan::{Brush, Plan, Shown};
use crate::resample::Lanczos;
use crate::source::Sources;
use media::FrameStrip;

/// The frames of a sample that are not the strip's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Painted {
    /// In display order.
    pub frames: Vec<PaintedFrame>,
    /// Whether the pixels show the answer. `false` where the planted change leaves the ends
    /// of its span as they were (swapped channels of a clip without colour, a symmetric
    /// picture mirrored), or where what is to be put in order looks alike. It may differ
    /// between frame sizes, so it decides which samples are drawn ([`crate::sample_at`]),
    /// never what they are.
    pub answerable: bool,
}

/// One painted frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaintedFrame {
    /// Which clip, from 0.
    pub clip: usize,
    /// Which frame of it, from 0.
    pub place: usize,
    /// Pixels `[height, width, 3]` of the strip's size.
    pub rgb: Vec<u8>,
}

/// Paints every frame of the plan that is not kept. The same plan gives the same bytes for
/// the same strips. Errors: frames that cannot be drawn on.
pub fn paint(sources: &Sources, plan: &Plan) -> Result<Painted, TaskError> {
    let mut painter = Painter::new(sources, plan)?;
    let mut frames = Vec::new();
    for (clip, shown) in plan.clips.iter().enumerate() {
        for (place, shown) in shown.iter().enumerate().filter(|(_, shown)| !shown.kept) {
            let nth = frames.len();
            frames.push(PaintedFrame { clip, place, rgb: painter.frame(nth, place, *shown) });
        }
    }
    let answerable = is_answerable(sources.strip, plan, &frames);
    Ok(Painted { frames, answerable })
}

struct Painter<'a> {
    sources: Sources<'a>,
    brush: &'a Brush,
    tool: Tool,
}

/// What is kept between frames.
enum Tool {
    None,
    Planter(Box<Planter>),
    Canvas(Box<Canvas>),
    Lanczos(Lanczos),
}

impl<'a> Painter<'a> {
    fn new(sources: &Sources<'a>, plan: &'a Plan) -> Result<Self, TaskError> {
        let strip = sources.strip;
        let (size, canonical) = ((strip.width, strip.height), strip.canonical_size());
        let tool = match &plan.brush {
            Brush::None | Brush::Tiles { .. } => Tool::None,
            Brush::Plant { kind, strengths, .. } => {
                let first = strengths.first().copied().unwrap_or_default();
                Tool::Planter(Box::new(Planter::new(*kind, first, size, canonical)))
            }
            Brush::Draw(_) => Tool::Canvas(Box::new(Canvas::new(size, canonical)?)),
            Brush::Borrow => Tool::Lanczos(Lanczos::default()),
        };
        Ok(Self { sources: *sources, brush: &plan.brush, tool })
    }

    /// The `nth` painted frame, at `place` of its clip.
    fn frame(&mut self, nth: usize, place: usize, shown: Shown) -> Vec<u8> {
        let strip = self.sources.strip;
        let own = strip.frame(shown.slot as usize);
        match (self.brush, &mut self.tool) {
            (Brush::Plant { strengths, grain, .. }, Tool::Planter(planter)) => {
                let mut rgb = own.to_vec();
                if let Some(strength) = strengths.get(nth) {
                    planter.set(*strength);
                }
                // Every frame has its own stream: how much is drawn depends on the frame size.
                let mut grain = grain.child(&format!("grain {place}"));
                planter.apply(&mut rgb, &mut grain);
                rgb
            }
            (Brush::Draw(shapes), Tool::Canvas(canvas)) => {
                let mut rgb = own.to_vec();
                canvas.draw(&mut rgb, shapes.iter().filter(|s| s.slot as usize == place));
                rgb
            }
            (Brush::Borrow, Tool::Lanczos(lanczos)) => match self.sources.other {
                Some(other) => fitted(other, shown.slot as usize, strip, lanczos),
                None => own.to_vec(),
            },
            (Brush::Tiles { grid, display }, _) => tiled(own, strip, *grid, display),
            _ => own.to_vec(),
        }
    }
}

/// A frame of another strip at this strip's size: its middle, as large as fits, so that no
/// border gives the change away.
fn fitted(other: &FrameStrip, slot: usize, strip: &FrameStrip, lanczos: &mut Lanczos) -> Vec<u8> {
    let (from, to) = ((other.width, other.height), (strip.width, strip.height));
    let frame = other.frame(slot.min(other.count() - 1));
    if from == to {
        return frame.to_vec();
    }
    let scale = (f64::from(from.0) / f64::from(to.0)).min(f64::from(from.1) / f64::from(to.1));
    let side = |to: u32, from: u32| ((f64::from(to) * scale).round() as u32).clamp(1, from);
    let (w, h) = (side(to.0, from.0), side(to.1, from.1));
    let (left, top) = (((from.0 - w) / 2) as usize, ((from.1 - h) / 2) as usize);
    let mut middle = Vec::with_capacity(w as usize * h as usize * 3);
    for row in frame.chunks_exact(from.0 as usize * 3).skip(top).take(h as usize) {
        middle.extend_from_slice(&row[left * 3..(left + w as usize) * 3]);
    }
    if (w, h) == to { middle } else { lanczos.resize(&middle, (w, h), to) }
}

/// The frame with its tiles moved; pixels that no whole tile covers are black.
fn tiled(frame: &[u8], strip: &FrameStrip, grid: u32, display: &[u32]) -> Vec<u8> {
    let mut out = vec![0; frame.len()];
    let row = strip.width as usize * 3;
    let (wide, high) = ((strip.width / grid) as usize * 3, (strip.height / grid) as usize);
    let corner = |tile: usize| {
        let (x, y) = (tile % grid as usize, tile / grid as usize);
        y * high * row + x * wide
    };
    for (place, tile) in display.iter().enumerate() {
        let (to, from) = (corner(place), corner(*tile as usize));
        for y in 0..high {
            out[to + y * row..][..wide].copy_from_slice(&frame[from + y * row..][..wide]);
        }
    }
    out
}

/// The pixels of a tile of a frame, row after row.
pub(crate) fn tile(frame: &[u8], strip: &FrameStrip, grid: u32, tile: u32) -> Vec<u8> {
    let row = strip.width as usize * 3;
    let (wide, high) = ((strip.width / grid) as usize * 3, (strip.height / grid) as usize);
    let (x, y) = ((tile % grid) as usize, (tile / grid) as usize);
    (0..high).flat_map(|dy| &frame[(y * high + dy) * row + x * wide..][..wide]).copied().collect()
}
