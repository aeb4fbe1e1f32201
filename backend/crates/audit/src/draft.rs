//! What is audited: samples as a generator hands them out, and which ones are asked for.

use media::FrameStrip;
use shared::task::{SampleInfo, SampleSpec, Task};
use tasks::{PaintedFrame, Rng, Shown, Sources, TaskError};

/// A sample as the generator made it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Question, truth, and what was drawn.
    pub info: SampleInfo,
    /// The frames of every clip, in display order.
    pub clips: Vec<Vec<Shown>>,
    /// The frames that are not the strip's own, in display order.
    pub painted: Vec<PaintedFrame>,
    /// Whether the generator itself says that the pixels show the answer.
    pub answerable: bool,
}

/// Anything that makes samples of specs. Pure: the same spec gives the same draft.
pub trait Generator: Sync {
    /// Errors: why this spec cannot be made.
    fn draft(&self, sources: &Sources, spec: &SampleSpec) -> Result<Draft, TaskError>;
}

/// The generators of this program.
#[derive(Clone, Copy, Debug)]
pub struct Released;

impl Generator for Released {
    fn draft(&self, sources: &Sources, spec: &SampleSpec) -> Result<Draft, TaskError> {
        let plan = tasks::plan(sources, spec)?;
        let painted = tasks::paint(sources, &plan)?;
        Ok(Draft {
            info: plan.info,
            clips: plan.clips,
            painted: painted.frames,
            answerable: painted.answerable,
        })
    }
}

impl Draft {
    /// Pixels of a frame as shown. `None` when the generator named a frame that is not there.
    pub(crate) fn shown<'a>(
        &'a self,
        strip: &'a FrameStrip,
        clip: usize,
        place: usize,
    ) -> Option<&'a [u8]> {
        let shown = self.clips.get(clip)?.get(place)?;
        if shown.kept {
            return ((shown.slot as usize) < strip.count())
                .then(|| strip.frame(shown.slot as usize));
        }
        self.painted.iter().find(|f| (f.clip, f.place) == (clip, place)).map(|f| f.rgb.as_slice())
    }
}

/// The `index`th spec of a cell: videos in turn, so that each has its share; everything else
/// by chance.
pub(crate) fn spec(strips: &[&FrameStrip], task: Task, seed: u64, index: u64) -> SampleSpec {
    let cell = task.cell();
    let mut rng =
        Rng::keyed(&[b"audit-1", cell.as_bytes(), &seed.to_le_bytes(), &index.to_le_bytes()]);
    let own = (index % strips.len() as u64) as usize;
    let mut spec = SampleSpec::new(strips[own].video.clone(), task, rng.below(1 << 48));
    if task.needs_other() && strips.len() > 1 {
        let other = (own + 1 + rng.index(strips.len() - 1)) % strips.len();
        spec.other = Some(strips[other].video.clone());
    }
    spec
}
