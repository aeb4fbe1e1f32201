//! Changes to a run that goes on: what may be changed, whether it may be that, and which config
//! a step is made with. A run's `run.toml` stays as it was; its edits stand in its journal.

use crate::config::{Problem, RunConfig, Settings};
use crate::recipe::Curriculum;
use serde::{Deserialize, Serialize};

/// A new value for something that a run can change between two steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Edit {
    /// Step size of the optimizer.
    LearningRate {
        /// As `optim.learning_rate`.
        value: f64,
    },
    /// Shares of the mixture's items.
    Mixture {
        /// One weight for each item, in the config's order.
        weights: Vec<f64>,
    },
}

impl Edit {
    /// Everything that speaks against it, named as the config names its fields.
    pub fn problems(&self, config: &RunConfig) -> Vec<Problem> {
        let problem = |field: &str, message: String| Problem { field: field.into(), message };
        match self {
            Self::LearningRate { .. } => {}
            Self::Mixture { weights } if weights.len() != config.mixture.len() => {
                let (got, want) = (weights.len(), config.mixture.len());
                return vec![problem("mixture", format!("{got} weights for {want} items"))];
            }
            Self::Mixture { .. } if config.select.curriculum != Curriculum::Fixed => {
                let message = "is chosen by the curriculum of this run".to_owned();
                return vec![problem("mixture", message)];
            }
            Self::Mixture { .. } => {}
        }
        let mut edited = config.clone();
        self.apply(&mut edited);
        edited.problems()
    }

    /// Puts the new value into a config.
    pub fn apply(&self, config: &mut RunConfig) {
        match self {
            Self::LearningRate { value } => config.optim.learning_rate = *value,
            Self::Mixture { weights } => {
                let items = config.mixture.iter_mut();
                items.zip(weights).for_each(|(item, weight)| item.weight = *weight);
            }
        }
    }

    /// What a config has where this edit would change it.
    pub fn of(&self, config: &RunConfig) -> Self {
        match self {
            Self::LearningRate { .. } => Self::LearningRate { value: config.optim.learning_rate },
            Self::Mixture { .. } => {
                Self::Mixture { weights: config.mixture.iter().map(|item| item.weight).collect() }
            }
        }
    }

    /// Whether both are about the same thing.
    fn is_about(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// An edit as the journal keeps it: who changed what from what, and from which step on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edited {
    /// The new value.
    pub edit: Edit,
    /// The value before.
    pub before: Edit,
    /// The first step that is made with it.
    pub from_step: u64,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Unix time it was asked for, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<f64>,
}

/// The edits of a run that hold, in the order of their steps.
///
/// A run that is taken up from a checkpoint makes its edits again at the steps they were made
/// for, so that it is the unbroken run to the last bit. Who changes the same thing meanwhile
/// overrules what had been changed from that step on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edits(Vec<Edited>);

impl Edits {
    /// Takes the next edit of the journal in.
    pub fn take(&mut self, edited: Edited) {
        self.0
            .retain(|old| !(old.from_step >= edited.from_step && old.edit.is_about(&edited.edit)));
        let at = self.0.partition_point(|old| old.from_step <= edited.from_step);
        self.0.insert(at, edited);
    }

    /// The config that a step is made with.
    pub fn config_at(&self, base: &RunConfig, step: u64) -> RunConfig {
        let mut config = base.clone();
        let made = self.0.iter().take_while(|edited| edited.from_step <= step);
        made.for_each(|edited| edited.edit.apply(&mut config));
        config
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Edited> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(value: f64) -> Edit {
        Edit::LearningRate { value }
    }

    fn edited(edit: Edit, from_step: u64) -> Edited {
        let before = edit.of(&RunConfig::default());
        Edited { edit, before, from_step, by: None, asked_at: None }
    }

    #[test]
    fn only_what_the_config_allows_is_allowed() {
        let config = RunConfig::default();
        let items = config.mixture.len();
        let fields = |edit: Edit| -> Vec<String> {
            edit.problems(&config).into_iter().map(|problem| problem.field).collect()
        };
        assert_eq!(fields(rate(1e-4)), [""; 0]);
        assert_eq!(fields(rate(-1.0)), ["optim.learning_rate"]);
        assert_eq!(fields(rate(f64::NAN)), ["optim.learning_rate"]);
        assert_eq!(fields(Edit::Mixture { weights: vec![2.0; items] }), [""; 0]);
        assert_eq!(fields(Edit::Mixture { weights: vec![1.0] }), ["mixture"]);
        let mut none = vec![1.0; items];
        none[1] = 0.0;
        assert_eq!(fields(Edit::Mixture { weights: none }), ["mixture[1].weight"]);
        let mut chosen = config.clone();
        chosen.select.curriculum = Curriculum::Dump;
        let problems = Edit::Mixture { weights: vec![2.0; items] }.problems(&chosen);
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn a_step_is_made_with_the_edits_up_to_it() {
        let base = RunConfig::default();
        let mut edits = Edits::default();
        edits.take(edited(rate(0.5), 4));
        edits.take(edited(rate(0.25), 9));
        edits.take(edited(Edit::Mixture { weights: vec![3.0; base.mixture.len()] }, 6));
        let at = |edits: &Edits, step| edits.config_at(&base, step).optim.learning_rate;
        assert_eq!(at(&edits, 3), base.optim.learning_rate);
        assert_eq!((at(&edits, 4), at(&edits, 8), at(&edits, 9)), (0.5, 0.5, 0.25));
        assert_eq!(edits.config_at(&base, 6).mixture[0].weight, 3.0);
        // Taken up from before step 7, with another wish: it stands from there on.
        edits.take(edited(rate(0.125), 7));
        assert_eq!((at(&edits, 6), at(&edits, 7), at(&edits, 9)), (0.5, 0.125, 0.125));
        assert_eq!(edits.config_at(&base, 9).mixture[0].weight, 3.0);
    }

    #[test]
    fn an_edit_says_what_was_before() {
        let config = RunConfig::default();
        assert_eq!(rate(1.0).of(&config), rate(config.optim.learning_rate));
        let text = serde_json::to_string(&rate(0.5)).expect("json");
        assert_eq!(text, r#"{"what":"learning_rate","value":0.5}"#);
    }
}
