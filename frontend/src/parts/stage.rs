//! What group page and review share: the group, the chosen rollout, the scene they look at.

use crate::logic::lanes::{self, Slots};
use crate::logic::tokens::{self, Field, Measure};
use crate::logic::whatif::Rescored;
use crate::parts::scene::Scene;
use crate::route;
use leptos::prelude::*;
use shared::annotation::{Label, LabelState, RolloutRef};
use shared::api::{GroupBody, ReplayState};
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
    /// The rollout whose lane the pointer is over.
    pub over: RwSignal<Option<usize>>,
    /// The part of an answer that the pointer is over, on a lane or among the tokens.
    pub field: RwSignal<Option<Field>>,
    /// What the token cells show.
    pub measure: RwSignal<Measure>,
    /// Every answer under the settings that are tried, while some are.
    pub tried: RwSignal<Option<Vec<Rescored>>>,
    /// How the group's replay stands.
    pub replay: RwSignal<Option<ReplayState>>,
    /// The question's frames and the time cursor.
    pub scene: Scene,
}

impl Stage {
    /// A stage for a fetched group.
    pub fn new(run: String, body: GroupBody, chosen: usize, frame: u32) -> Self {
        let sample = body.group.sample.clone();
        let video = &sample.spec.video;
        let pictures = route::group_pictures(&run, body.group.step, body.group.index, video);
        let last = body.group.rollouts.len().saturating_sub(1);
        Self {
            labels: RwSignal::new(body.labels.clone()),
            chosen: RwSignal::new(chosen.min(last)),
            over: RwSignal::new(None),
            field: RwSignal::new(None),
            measure: RwSignal::new(Measure::Probability),
            tried: RwSignal::new(None),
            replay: RwSignal::new(None),
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

    /// The rollout whose tokens are shown: the one under the pointer, else the chosen one.
    pub fn looked(self) -> usize {
        self.over.get().unwrap_or_else(|| self.chosen.get())
    }

    /// A rollout, with how much likelier the video made its tokens where a replay measured it.
    pub fn measured(self, i: usize) -> Option<Rollout> {
        let mut rollout = self.group(|group| group.rollouts.get(i).cloned())?;
        if rollout.visual.is_empty() {
            self.replay.with(|replay| {
                let Some(ReplayState::Done { rollouts, .. }) = replay else { return };
                if let Some(again) = rollouts.get(i).filter(|again| again.ids == rollout.ids) {
                    rollout.visual.clone_from(&again.visual);
                }
            });
        }
        Some(rollout)
    }

    /// The advantage of a rollout: under the settings that are tried, else as stored.
    pub fn advantage(self, i: usize) -> f64 {
        let tried = self.tried.with(|tried| tried.as_ref().and_then(|all| all.get(i).copied()));
        tried.map_or_else(
            || self.group(|group| group.rollouts.get(i).map_or(0.0, |r| r.advantage)),
            |then| then.advantage,
        )
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

    /// How many rollouts cover each frame.
    pub fn cover(self) -> Vec<usize> {
        let said: Vec<Slots> = self.spans().into_iter().flatten().collect();
        lanes::cover(&said, self.scene.cursor.slots)
    }

    /// The largest measured dependence of the group's tokens, at least half a nat.
    pub fn most_seen(self) -> f64 {
        let measured = |replay: &Option<ReplayState>| match replay {
            Some(ReplayState::Done { rollouts, .. }) => tokens::most_seen(rollouts),
            _ => 0.0,
        };
        let stored = self.group(|group| tokens::most_seen(&group.rollouts));
        Measure::Video.full(if stored > 0.0 { stored } else { self.replay.with(measured) })
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
        if let Some((_, label)) = live.news.get() {
            stage.take_label(label);
        }
    });
    Effect::new(move |_| {
        if let Some(label) = outbox.newest.get() {
            stage.take_label(label);
        }
    });
}
