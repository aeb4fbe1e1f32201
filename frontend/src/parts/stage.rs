//! What group page and review share: the group, the chosen rollout, the scene they look at.

use crate::logic::lanes::{self, Slots};
use crate::parts::scene::Scene;
use crate::route;
use leptos::prelude::*;
use shared::annotation::{Label, LabelState, RolloutRef};
use shared::api::GroupBody;
use shared::rollout::{Group, Rollout};

/// A group on the screen.
#[derive(Clone, Copy)]
pub struct Stage {
    /// Which run.
    pub run: StoredValue<String>,
    /// The group and what belongs to it.
    pub body: StoredValue<GroupBody>,
    /// What people said; changes while one looks.
    pub labels: RwSignal<Vec<Label>>,
    /// The chosen rollout, from 0.
    pub chosen: RwSignal<usize>,
    /// The question's frames and the time cursor.
    pub scene: Scene,
}

impl Stage {
    /// A stage for a fetched group.
    pub fn new(run: String, body: GroupBody, chosen: usize, frame: u32) -> Self {
        let pictures = route::group_pictures(&run, body.group.step, body.group.index);
        let sample = body.group.sample.clone();
        let last = body.group.rollouts.len().saturating_sub(1);
        Self {
            labels: RwSignal::new(body.labels.clone()),
            chosen: RwSignal::new(chosen.min(last)),
            scene: Scene::new(sample, pictures, frame, Signal::stored(true)),
            run: StoredValue::new(run),
            body: StoredValue::new(body),
        }
    }

    /// Reads the group.
    pub fn group<T>(self, read: impl FnOnce(&Group) -> T) -> T {
        self.body.with_value(|body| read(&body.group))
    }

    /// Reads the chosen rollout and comes again when the choice changes.
    pub fn rollout<T>(self, read: impl FnOnce(&Rollout) -> T) -> Option<T> {
        let chosen = self.chosen.get();
        self.group(|group| group.rollouts.get(chosen).map(read))
    }

    /// The name of a rollout of this group.
    pub fn target(self, rollout: usize) -> RolloutRef {
        let (step, group) = self.group(|group| (group.step, group.index));
        RolloutRef { run: self.run.get_value(), step, group, rollout: rollout as u32 }
    }

    /// The label of a rollout, if somebody wrote one and did not take it back.
    pub fn label(self, rollout: usize) -> Option<Label> {
        self.labels.with(|labels| {
            let of_it = |label: &&Label| label.target.rollout as usize == rollout;
            labels.iter().find(of_it).filter(|l| l.state != LabelState::Withdrawn).cloned()
        })
    }

    /// The version a new operation on a rollout's label is made against.
    pub fn base_version(self, rollout: usize) -> u64 {
        self.labels.with_untracked(|labels| {
            let of_it = |label: &&Label| label.target.rollout as usize == rollout;
            labels.iter().find(of_it).map_or(0, |label| label.version)
        })
    }

    /// Takes in a label of this group that was made or changed; older versions are passed over.
    pub fn take_label(self, label: Label) {
        if self.target(label.target.rollout as usize) != label.target {
            return;
        }
        self.labels.update(|labels| {
            match labels.iter_mut().find(|known| known.target == label.target) {
                Some(known) if known.version <= label.version => *known = label,
                Some(_) => {}
                None => labels.push(label),
            }
        });
    }

    /// The stretch that `loop` repeats: what the chosen rollout says, else the truth, else all.
    pub fn loop_slots(self) -> Slots {
        let said = self.rollout(|rollout| rollout.reward.reading.clone());
        let said = self
            .scene
            .sample(|sample| said.and_then(|reading| lanes::said_slots(&reading, sample)));
        said.filter(|span| span.1 - span.0 >= 1.0).unwrap_or_else(|| self.scene.true_or_all())
    }

    /// The spans of all rollouts that name one.
    pub fn spans(self) -> Vec<Option<Slots>> {
        self.group(|group| {
            let span = |r: &Rollout| lanes::said_slots(&r.reward.reading, &group.sample);
            group.rollouts.iter().map(span).collect()
        })
    }

    /// How divided the rollouts are in every frame.
    pub fn disagreement(self) -> Vec<f64> {
        let spans = self.spans();
        let said: Vec<Slots> = spans.iter().copied().flatten().collect();
        lanes::disagreement(&said, spans.len(), self.scene.cursor.slots)
    }
}

/// Keeps the stage's labels current with what arrives over the live link.
pub fn follow_labels(stage: Stage) {
    let live = crate::state::live::use_live();
    let outbox = crate::state::outbox::use_outbox();
    Effect::new(move |_| {
        if let Some(failure) = live.news.get() {
            stage.take_label(failure.label);
        }
    });
    Effect::new(move |_| {
        if let Some(label) = outbox.newest.get() {
            stage.take_label(label);
        }
    });
}
