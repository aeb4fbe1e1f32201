//! What player and timeline show: a sample, its pictures, and the one time cursor. It knows
//! neither runs nor answers.

use crate::logic::lanes::{Slots, true_slots};
use crate::logic::view::Window;
use crate::parts::atlas::{Atlas, use_atlas};
use crate::route::ClipSize;
use leptos::prelude::*;
use shared::task::{SampleInfo, TaskKind};

/// How much closer a key press looks.
const ZOOM_STEP: f64 = 1.6;

/// One cursor for player, film, lanes and tokens.
#[derive(Clone, Copy)]
pub struct Cursor {
    /// Where it stands.
    pub slot: RwSignal<u32>,
    /// Where the pointer previews.
    pub hover: RwSignal<Option<u32>>,
    /// Whether the clip plays.
    pub playing: RwSignal<bool>,
    /// Whether the chosen span is repeated.
    pub looping: RwSignal<bool>,
    /// Number of frames.
    pub slots: u32,
}

impl Cursor {
    /// A cursor over `slots` frames, at `slot`.
    pub fn at(slot: u32, slots: u32) -> Self {
        Self {
            slot: RwSignal::new(slot.min(slots.saturating_sub(1))),
            hover: RwSignal::new(None),
            playing: RwSignal::new(false),
            looping: RwSignal::new(false),
            slots,
        }
    }

    /// The frame to be shown: the previewed one, else where the cursor stands.
    pub fn shown(self) -> u32 {
        match self.hover.get() {
            Some(slot) if !self.playing.get() => slot,
            _ => self.slot.get(),
        }
    }

    /// Moves to a frame and stops there.
    pub fn go(self, slot: u32) {
        self.playing.set(false);
        self.slot.set(slot.min(self.slots.saturating_sub(1)));
    }

    /// Moves by frames, not beyond the ends.
    pub fn step(self, frames: i32) {
        let to = self.slot.get_untracked().saturating_add_signed(frames);
        self.go(to);
    }
}

/// Where a sample's pictures are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictures {
    /// All frames in one row, small.
    pub atlas: String,
    /// All frames as people look at them.
    pub view: String,
    /// All frames in the policy's own pixels.
    pub policy: String,
    /// The video's own file.
    pub source: String,
}

/// A sample on the screen.
#[derive(Clone, Copy)]
pub struct Scene {
    /// All but the pixels.
    sample: StoredValue<SampleInfo>,
    pictures: StoredValue<Pictures>,
    /// The time cursor.
    pub cursor: Cursor,
    /// The part of the strip that the timeline shows.
    pub view: RwSignal<Window>,
    /// All frames in one picture, once it is there.
    pub atlas: ReadSignal<Option<Atlas>>,
    /// Whether the truth may be seen.
    pub open: Signal<bool>,
}

impl Scene {
    /// A sample with the cursor at a frame.
    pub fn new(sample: SampleInfo, pictures: Pictures, frame: u32, open: Signal<bool>) -> Self {
        let cursor = Cursor::at(frame, sample.frames.len() as u32);
        Self {
            cursor,
            view: RwSignal::new(Window::whole(cursor.slots)),
            atlas: use_atlas(pictures.atlas.clone()),
            sample: StoredValue::new(sample),
            pictures: StoredValue::new(pictures),
            open,
        }
    }

    /// Reads the sample.
    pub fn sample<T>(self, read: impl FnOnce(&SampleInfo) -> T) -> T {
        self.sample.with_value(read)
    }

    /// Where all frames in one large picture are fetched.
    pub fn sheet(self, size: ClipSize) -> String {
        self.pictures.with_value(|pictures| match size {
            ClipSize::View => pictures.view.clone(),
            ClipSize::Policy => pictures.policy.clone(),
        })
    }

    /// Where the video's own file is fetched.
    pub fn source(self) -> String {
        self.pictures.with_value(|pictures| pictures.source.clone())
    }

    /// When a frame is shown in the video's own file, seconds.
    pub fn source_secs(self, slot: u32) -> Option<f64> {
        self.sample(|sample| sample.frames.get(slot as usize).map(|frame| frame.pts_secs))
    }

    /// The frame that is shown nearest to a time of the video's own file.
    pub fn nearest_slot(self, source_secs: f64) -> u32 {
        let away = |pts: f64| (pts - source_secs).abs();
        self.sample(|sample| {
            let frames = sample.frames.iter().enumerate();
            let nearest = frames.min_by(|a, b| away(a.1.pts_secs).total_cmp(&away(b.1.pts_secs)));
            nearest.map_or(0, |(slot, _)| slot as u32)
        })
    }

    /// Number of clips, which all have the same number of frames.
    pub fn clips(self) -> u32 {
        self.sample(SampleInfo::clips).max(1)
    }

    /// Frames of one clip.
    pub fn clip_slots(self) -> u32 {
        (self.cursor.slots / self.clips()).max(1)
    }

    /// What the policy is told of when a frame is shown, seconds; every clip starts at 0.
    pub fn label_secs(self, slot: u32) -> f64 {
        let place = slot % self.clip_slots();
        self.sample(|sample| sample.label_secs(f64::from(place)))
    }

    /// Whether the timeline has a time axis that one can look at more closely; clips in an order
    /// have none.
    pub fn can_zoom(self) -> bool {
        let kind = self.sample(|sample| sample.truth.kind());
        !matches!(kind, TaskKind::Jigsaw | TaskKind::Spatial) && self.cursor.slots > 4
    }

    /// Closer to the cursor (1), farther (-1), or the whole strip (0).
    pub fn zoom(self, sign: i32) {
        if !self.can_zoom() {
            return;
        }
        let around = f64::from(self.cursor.slot.get_untracked()) + 0.5;
        self.view.update(|view| {
            *view = match sign {
                0 => Window::whole(self.cursor.slots),
                sign => view.zoomed(ZOOM_STEP.powi(sign), around).showing(around - 0.5),
            };
        });
    }

    /// Frames in about a second of the strip.
    pub fn second(self) -> i32 {
        self.sample(|sample| sample.sampling_fps.round().max(1.0)) as i32
    }

    /// The true span where there is one, else everything.
    pub fn true_or_all(self) -> Slots {
        let all = (0.0, f64::from(self.cursor.slots));
        self.sample(|sample| true_slots(&sample.truth)).unwrap_or(all)
    }
}
