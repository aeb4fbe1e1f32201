//! The rollout feed: which groups it shows, from the live view as from the server's store.

use crate::logic::words::cell_title;
use shared::api::GroupCard;
use shared::rollout::Group;
use shared::task::TaskKind;

/// What stands out in a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flag {
    /// Anything.
    #[default]
    Any,
    /// All answers earned the same.
    Dead,
    /// Answers differ, so something is learnt.
    Alive,
    /// An answer did not have the asked form.
    Unparsed,
}

impl Flag {
    /// Each with its name in the page's code and its words.
    pub const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Any, "any", "All groups"),
        (Self::Dead, "dead", "Dead groups"),
        (Self::Alive, "alive", "With spread"),
        (Self::Unparsed, "unparsed", "Unreadable answers"),
    ];
}

/// What the feed is narrowed to: an answer of the group has to be all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Task family.
    pub task: Option<TaskKind>,
    /// What stands out.
    pub flag: Flag,
    /// Rewards from here on.
    pub least: f64,
    /// Rewards up to here.
    pub most: f64,
    /// Words of the answer.
    pub text: String,
}

impl Default for Filter {
    fn default() -> Self {
        Self { task: None, flag: Flag::Any, least: 0.0, most: 1.0, text: String::new() }
    }
}

impl Filter {
    /// Whether it lets everything through.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it lets a group through.
    pub fn keeps(&self, group: &Group) -> bool {
        let text = self.text.trim().to_lowercase();
        let answer = |r: &shared::rollout::Rollout| {
            (self.least..=self.most).contains(&r.reward.total)
                && (self.flag != Flag::Unparsed || !r.reward.parsed)
                && (text.is_empty() || r.text.to_lowercase().contains(&text))
        };
        let spread = match self.flag {
            Flag::Dead => group.degenerate,
            Flag::Alive => !group.degenerate,
            Flag::Any | Flag::Unparsed => true,
        };
        spread
            && self.task.is_none_or(|task| group.sample.spec.task.kind() == task)
            && group.rollouts.iter().any(answer)
    }

    /// The same for the server, for groups before a place.
    pub fn query(&self, before: (u64, u32), limit: u32) -> String {
        let mut out = format!("limit={limit}&after={}.{}", before.0, before.1);
        if let Some(task) = self.task {
            out.push_str(&format!("&task={}", task.name()));
        }
        if self.least > 0.0 {
            out.push_str(&format!("&min_reward={}", self.least));
        }
        if self.most < 1.0 {
            out.push_str(&format!("&max_reward={}", self.most));
        }
        out.push_str(match self.flag {
            Flag::Any => "",
            Flag::Dead => "&dead=true",
            Flag::Alive => "&dead=false",
            Flag::Unparsed => "&parsed=false",
        });
        let text = self.text.trim();
        if !text.is_empty() {
            out.push_str(&format!("&text={}", crate::route::escaped(text)));
        }
        out
    }
}

/// What a card shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Training step.
    pub step: u64,
    /// Group of the step.
    pub group: u32,
    /// Task family.
    pub kind: TaskKind,
    /// The task in words.
    pub title: String,
    /// What was asked.
    pub question: String,
    /// Address of the video's picture.
    pub thumb: String,
    /// Reward and advantage of each answer.
    pub bars: Vec<(f64, f64)>,
    /// What stands out.
    pub note: String,
}

impl Card {
    /// Of a group in the live view.
    pub fn of(group: &Group) -> Self {
        let bars: Vec<(f64, f64)> =
            group.rollouts.iter().map(|r| (r.reward.total, r.advantage)).collect();
        let unparsed = group.rollouts.iter().filter(|r| !r.reward.parsed).count();
        Self {
            step: group.step,
            group: group.index,
            kind: group.sample.truth.kind(),
            title: crate::logic::words::task_title(&group.sample.spec.task),
            question: group.sample.question.clone(),
            // The video's picture, not the group's: atlases are made on demand, and a page
            // that watches should not take time from the trainer.
            thumb: crate::route::thumb(&group.sample.spec.video),
            note: note(&bars, unparsed as u64),
            bars,
        }
    }

    /// Of a stored group.
    pub fn stored(card: GroupCard) -> Self {
        Self {
            step: card.step,
            group: card.group,
            kind: card.task,
            title: cell_title(&card.cell),
            question: card.question,
            thumb: crate::route::thumb(&card.video),
            note: note(&card.answers, card.unparsed.into()),
            bars: card.answers,
        }
    }
}

/// Step and group.
pub type Place = (u64, u32);

/// Cards kept of what the live view brought; older ones are fetched again.
const KEPT: usize = 200;

/// The cards that the live view brought since one looks. The view itself forgets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Newest first.
    pub cards: Vec<Card>,
    /// The newest group that was looked at.
    newest: Option<Place>,
    /// Groups before this one were not looked at.
    pub oldest: Place,
}

impl Seen {
    /// Takes in what the live view has now, oldest first; `end` is the place after its last.
    /// Whether it had to begin anew, because it missed some or the run made some again.
    pub fn take(&mut self, groups: &[&Group], filter: &Filter, end: Place) -> bool {
        let place = |group: &Group| (group.step, group.index);
        let (Some(first), Some(last)) = (groups.first(), groups.last()) else {
            let anew = self.newest.is_some();
            *self = Self { oldest: end, ..Self::default() };
            return anew;
        };
        let (first, last) = (place(first), place(last));
        let anew = self.newest.is_some_and(|newest| newest < first || newest > last);
        if anew || self.newest.is_none() {
            *self = Self { oldest: first, ..Self::default() };
        }
        let newer = |group: &&&Group| self.newest.is_none_or(|newest| place(group) > newest);
        let wanted = groups.iter().rev().filter(newer).filter(|group| filter.keeps(group));
        let fresh: Vec<Card> = wanted.map(|group| Card::of(group)).collect();
        self.cards.splice(0..0, fresh);
        self.newest = Some(last);
        if self.cards.len() > KEPT {
            self.cards.truncate(KEPT);
            self.oldest = self.cards.last().map_or(self.oldest, |card| (card.step, card.group));
        }
        anew
    }
}

/// What stands out in a group.
fn note(bars: &[(f64, f64)], unparsed: u64) -> String {
    let rewards = || bars.iter().map(|bar| bar.0);
    let (low, high) = (rewards().fold(f64::MAX, f64::min), rewards().fold(0.0, f64::max));
    let exact = rewards().filter(|r| *r >= 1.0 - 1e-9).count();
    if high - low < 1e-9 {
        "dead group".into()
    } else if unparsed > 0 {
        format!("{unparsed} unreadable")
    } else if exact > 0 {
        format!("{exact} exact")
    } else {
        format!("best {}", crate::logic::format::fixed(high, 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::reward::{RewardBreakdown, RewardMode, score};
    use shared::rollout::{Finish, Rollout};
    use shared::task::SampleInfo;

    fn group(rewards: &[f64], answer: &str) -> Group {
        let sample = serde_json::json!({ "video": format!("blake3:{}", "0".repeat(64)),
            "task": "jigsaw", "clips": 6, "seed": 1, "params": {}, "question": "q",
            "answer": "123456", "truth": { "order": "123456" }, "shapes": null,
            "sampling_fps": 0.5, "width": 64, "height": 64, "frames": [] });
        let sample: SampleInfo = serde_json::from_value(sample).expect("a sample");
        let rollout = |total: &f64| {
            let reward = score(RewardMode::Smooth, &sample.truth, answer);
            Rollout {
                index: 0,
                seed: 1,
                ids: vec![],
                pieces: vec![],
                logprobs: vec![],
                entropies: vec![],
                text: answer.into(),
                finish: Finish::Eos,
                reward: RewardBreakdown { total: *total, parsed: *total > 0.0, ..reward },
                bonus: 0.0,
                visual: vec![],
                advantage: 0.0,
            }
        };
        Group {
            step: 3,
            index: 0,
            policy_version: 2,
            rollouts: rewards.iter().map(rollout).collect(),
            reward_mean: 0.0,
            reward_std: 0.0,
            degenerate: rewards[0] == rewards[1],
            sample,
        }
    }

    #[test]
    fn a_filter_means_the_same_here_and_at_the_server() {
        let open = Filter::default();
        assert!(open.is_open());
        assert_eq!(open.query((9, 2), 30), "limit=30&after=9.2");
        let narrow = Filter {
            task: Some(TaskKind::Jigsaw),
            flag: Flag::Unparsed,
            least: 0.0,
            most: 0.5,
            text: " a b ".into(),
        };
        let query = "limit=5&after=1.0&task=jigsaw&max_reward=0.5&parsed=false&text=a%20b";
        assert_eq!(narrow.query((1, 0), 5), query);
    }

    #[test]
    fn one_answer_has_to_be_all_that_is_asked() {
        let mixed = group(&[0.0, 0.75], "Order 213456");
        let with = |change: fn(&mut Filter)| {
            let mut filter = Filter::default();
            change(&mut filter);
            filter.keeps(&mixed)
        };
        assert!(with(|_| {}));
        assert!(with(|f| f.flag = Flag::Alive) && !with(|f| f.flag = Flag::Dead));
        assert!(with(|f| f.flag = Flag::Unparsed));
        assert!(!with(|f| (f.flag, f.least) = (Flag::Unparsed, 0.5)));
        assert!(with(|f| f.text = "order 21".into()) && !with(|f| f.text = "nothing".into()));
        assert!(!with(|f| f.task = Some(TaskKind::Counting)));
        assert!(!with(|f| (f.least, f.most) = (0.8, 1.0)));
    }

    #[test]
    fn what_the_view_forgets_is_kept_and_a_gap_begins_anew() {
        let at = |step| Group { step, ..group(&[0.0, 0.5], "x") };
        let groups: Vec<Group> = (1..=9).map(at).collect();
        let part = |from: usize, to: usize| groups[from - 1..to].iter().collect::<Vec<_>>();
        let steps = |seen: &Seen| seen.cards.iter().map(|card| card.step).collect::<Vec<_>>();
        let (open, mut seen) = (Filter::default(), Seen::default());
        assert!(!seen.take(&[], &open, (1, 0)));
        assert!(!seen.take(&part(2, 3), &open, (4, 0)));
        assert!(!seen.take(&part(3, 5), &open, (6, 0)));
        assert_eq!((steps(&seen), seen.oldest), (vec![5, 4, 3, 2], (2, 0)));
        assert!(seen.take(&part(7, 9), &open, (10, 0)), "step 6 was missed");
        assert_eq!((steps(&seen), seen.oldest), (vec![9, 8, 7], (7, 0)));
        assert!(seen.take(&part(5, 6), &open, (7, 0)), "a resumed run makes steps again");
        assert_eq!(steps(&seen), [6, 5]);
        let narrow = Filter { flag: Flag::Dead, ..open };
        seen.take(&part(5, 7), &narrow, (8, 0));
        assert_eq!(steps(&seen), [6, 5], "the new one is not wanted");
    }

    #[test]
    fn a_card_says_what_stands_out() {
        assert_eq!(note(&[(0.5, 0.0), (0.5, 0.0)], 0), "dead group");
        assert_eq!(note(&[(0.0, -1.0), (1.0, 1.0)], 1), "1 unreadable");
        assert_eq!(note(&[(0.2, -1.0), (1.0, 1.0)], 0), "1 exact");
        assert_eq!(note(&[(0.2, -1.0), (0.5, 1.0)], 0), "best 0.50");
    }
}
