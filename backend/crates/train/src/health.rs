//! Signs that a policy stopped looking: one answer for every question of a task.

use shared::rollout::Group;
use shared::task::TaskKind;
use std::collections::{BTreeMap, BTreeSet};

/// Share of one answer from which a task has collapsed, and below which it has recovered.
const COLLAPSED: f64 = 0.9;
const RECOVERED: f64 = 0.6;
/// Questions of a task in a step that are enough to judge by.
const QUESTIONS: usize = 2;

/// Of each task with at least two questions: the share of its commonest answer.
pub(crate) fn constant_shares(groups: &[Group]) -> BTreeMap<TaskKind, f64> {
    let mut answers = BTreeMap::<TaskKind, (usize, BTreeMap<&str, usize>)>::new();
    for group in groups {
        let (questions, texts) = answers.entry(group.sample.spec.task.kind()).or_default();
        *questions += 1;
        for rollout in &group.rollouts {
            *texts.entry(rollout.text.as_str()).or_default() += 1;
        }
    }
    let share = |texts: &BTreeMap<&str, usize>| {
        let most = texts.values().max().copied().unwrap_or_default();
        most as f64 / texts.values().sum::<usize>().max(1) as f64
    };
    let judged = answers.into_iter().filter(|(_, (questions, _))| *questions >= QUESTIONS);
    judged.map(|(task, (_, texts))| (task, share(&texts))).collect()
}

/// Warnings about tasks that have collapsed since the last look. `known` remembers those that
/// were told; a task that recovers is told again should it collapse again.
pub(crate) fn collapses(known: &mut BTreeSet<TaskKind>, groups: &[Group]) -> Vec<String> {
    let mut out = Vec::new();
    for (task, share) in constant_shares(groups) {
        if share < RECOVERED {
            known.remove(&task);
        } else if share >= COLLAPSED && known.insert(task) {
            out.push(format!(
                "{:.0} % of the answers to {} are the same, whatever the question",
                share * 100.0,
                task.name()
            ));
        }
    }
    out
}
