//! Samples to prompts: the clips first, the question last, in warm start, training and use
//! alike. It holds no weights, so that prompts can be made on another thread.

use crate::error::TrainError;
use policy::config::PolicyConfig;
use policy::processor::{FrameSize as PolicyFrameSize, PromptStyle};
use policy::{Clip, Part, Policy, PolicyTokenizer, Processor, Prompt, prompt};
use shared::video::{FrameSize, SamplePlan};
use tasks::Sample;

/// What of a policy makes prompts.
#[derive(Clone)]
pub struct PromptMaker {
    config: PolicyConfig,
    tokenizer: PolicyTokenizer,
    processor: Processor,
}

impl PromptMaker {
    /// The prompt maker of a policy.
    pub fn of(policy: &Policy) -> Self {
        Self {
            config: policy.config.clone(),
            tokenizer: policy.tokenizer.clone(),
            processor: policy.processor.clone(),
        }
    }

    /// The prompt of a sample and its question, up to the first answer token.
    ///
    /// # Errors
    /// A clip that does not fit the policy.
    pub fn ask(&self, sample: &Sample) -> Result<Prompt, TrainError> {
        let mut pieces = Pieces::of(sample);
        pieces.question = &sample.info.question;
        Ok(prompt::build(&self.config, &self.tokenizer, &self.processor, &pieces.parts())?)
    }

    /// The clips alone, without question and without the mark that opens the answer: a prefix
    /// that several questions can share (see [`PromptMaker::tail`]).
    ///
    /// # Errors
    /// A clip that does not fit, or a policy whose prompts are not compact.
    pub fn show(&self, sample: &Sample) -> Result<Prompt, TrainError> {
        if self.processor.prompt_style != PromptStyle::Compact {
            return Err(TrainError::Sample(
                "questions share a prefix only in compact prompts".into(),
            ));
        }
        let pieces = Pieces::of(sample);
        let mut shown =
            prompt::build(&self.config, &self.tokenizer, &self.processor, &pieces.parts())?;
        shown.ids.pop();
        shown.positions.pop();
        shown.next_position -= 1;
        Ok(shown)
    }

    /// What follows the clips: a question and the mark that opens the answer. The tokens of
    /// [`PromptMaker::show`] and then these are those of [`PromptMaker::ask`].
    ///
    /// # Errors
    /// What the tokenizer reports.
    pub fn tail(&self, question: &str) -> Result<Vec<u32>, TrainError> {
        let mut ids = self.tokenizer.encode(question)?;
        ids.push(self.tokenizer.im_start);
        Ok(ids)
    }

    /// The prompt with each patch black with probability `share`.
    pub fn blacked_out(&self, prompt: &Prompt, share: f64, seed: u64) -> Prompt {
        self.processor.blacked_out(prompt, share, seed)
    }

    /// The tokens of a whole answer, the end included.
    ///
    /// # Errors
    /// What the tokenizer reports.
    pub fn answer(&self, text: &str) -> Result<Vec<u32>, TrainError> {
        let mut ids = self.tokenizer.encode(text)?;
        ids.push(self.tokenizer.im_end);
        Ok(ids)
    }
}

/// The strips a policy looks at: 48 frames of its own size; where the size depends on the
/// clip, the short side has VideoSSR's 256 pixels.
pub fn plan_of(processor: &Processor) -> SamplePlan {
    SamplePlan::strip(match processor.size {
        PolicyFrameSize::Fixed { height, width } => FrameSize::Exact(width as u32, height as u32),
        PolicyFrameSize::Volume { .. } => FrameSize::ShortSide(256),
    })
}

/// The parts of a user's turn, owned for as long as they are borrowed.
struct Pieces<'a> {
    sample: &'a Sample,
    names: Vec<String>,
    question: &'a str,
}

impl<'a> Pieces<'a> {
    fn of(sample: &'a Sample) -> Self {
        let clips = sample.clips.len();
        let names = if clips > 1 {
            (1..=clips).map(|n| format!("Clip {n}: ")).collect()
        } else {
            Vec::new()
        };
        Self { sample, names, question: "" }
    }

    fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = Vec::new();
        for (index, clip) in self.sample.clips.iter().enumerate() {
            parts.extend(self.names.get(index).map(|name| Part::Text(name)));
            parts.push(Part::Video(Clip {
                rgb: &clip.rgb,
                frames: clip.label_secs.len(),
                height: self.sample.height as usize,
                width: self.sample.width as usize,
                secs: &clip.label_secs,
            }));
        }
        if !self.question.is_empty() {
            parts.push(Part::Text(self.question));
        }
        parts
    }
}
