//! The list of runs: which are shown, and in what order.

use shared::api::Run;
use std::cmp::Ordering;

/// What a column sorts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Name.
    Name,
    /// Where it is in its life.
    State,
    /// Steps made.
    Steps,
    /// Mean reward of the newest steps.
    Reward,
    /// Best evaluation.
    Best,
    /// Device.
    Device,
    /// Who made it.
    Owner,
    /// When it was made.
    Made,
}

/// Column, falling or rising.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The column.
    pub key: Key,
    /// Greatest first.
    pub falling: bool,
}

impl Order {
    /// The order after a click on a column's head: figures begin with the greatest, words with
    /// the first; a second click turns it round.
    pub fn clicked(self, key: Key) -> Self {
        let figure = matches!(key, Key::Steps | Key::Reward | Key::Best | Key::Made);
        let falling = if self.key == key { !self.falling } else { figure };
        Self { key, falling }
    }
}

/// Ids of the runs that are wanted, in order. Each word has to be in the name, state, device or
/// owner. What has no figure comes last either way.
pub fn shown(runs: &[Run], words: &str, archived: bool, order: Order) -> Vec<String> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let keep = |run: &&Run| {
        let text = format!("{} {} {} {}", run.name, run.state.name(), run.device, run.owner.name);
        let text = text.to_lowercase();
        run.archived == archived && words.iter().all(|word| text.contains(word))
    };
    let mut list: Vec<&Run> = runs.iter().filter(keep).collect();
    // Stable: what is equal stays newest first.
    list.sort_by(|a, b| compare(a, b, order));
    list.into_iter().map(|run| run.id.clone()).collect()
}

fn compare(a: &Run, b: &Run, order: Order) -> Ordering {
    let turned = |ordering: Ordering| if order.falling { ordering.reverse() } else { ordering };
    let figures = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => turned(a.total_cmp(&b)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    let name = |run: &Run| run.name.to_lowercase();
    match order.key {
        Key::Name => turned(name(a).cmp(&name(b))),
        Key::State => turned(a.state.name().cmp(b.state.name())),
        Key::Steps => turned(a.step.cmp(&b.step)),
        Key::Reward => figures(a.reward_mean, b.reward_mean),
        Key::Best => figures(a.best, b.best),
        Key::Device => turned(a.device.cmp(&b.device)),
        Key::Owner => turned(a.owner.name.cmp(&b.owner.name)),
        Key::Made => turned(a.created_at.total_cmp(&b.created_at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::annotation::PersonRef;
    use shared::fold::RunState;

    fn run(id: &str, name: &str, best: Option<f64>, archived: bool) -> Run {
        Run {
            id: id.into(),
            name: name.into(),
            state: RunState::Running,
            step: 3,
            steps: 9,
            reward_mean: None,
            spark: vec![],
            failed_phase: None,
            failed_cause: None,
            device: "cpu".into(),
            owner: PersonRef { id: 1, name: "Ada".into() },
            created_at: id.len() as f64,
            seq: 1,
            best,
            archived,
        }
    }

    #[test]
    fn runs_without_a_figure_come_last_either_way() {
        let runs = [
            run("a", "one", None, false),
            run("b", "Two", Some(0.25), false),
            run("c", "three", Some(0.5), false),
            run("d", "four", Some(0.75), true),
        ];
        let by = |key, falling| shown(&runs, "", false, Order { key, falling });
        assert_eq!(by(Key::Best, true), ["c", "b", "a"]);
        assert_eq!(by(Key::Best, false), ["b", "c", "a"]);
        assert_eq!(by(Key::Name, false), ["a", "c", "b"]);
        assert_eq!(by(Key::Device, true), ["a", "b", "c"], "equal ones stay as they were");
        let order = Order { key: Key::Made, falling: true };
        assert_eq!(shown(&runs, "", true, order), ["d"]);
        assert_eq!(shown(&runs, "RUN two", false, order), ["b"]);
        assert_eq!(shown(&runs, "ada cpu nothing", false, order), [""; 0]);
    }

    #[test]
    fn a_second_click_turns_the_order_round() {
        let order = Order { key: Key::Made, falling: true };
        let best = order.clicked(Key::Best);
        assert_eq!(best, Order { key: Key::Best, falling: true });
        assert_eq!(best.clicked(Key::Best), Order { key: Key::Best, falling: false });
        assert!(!best.clicked(Key::Name).falling);
    }
}
