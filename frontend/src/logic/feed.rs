//! The rollout feed: which groups it shows, from the live view as from the server's store.

use crate::logic::words::{cell_title, task_title};
use shared::api::GroupCard;
use shared::rollout::Group;
use shared::task::TaskKind;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

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

/// What stands out in a group, for its card.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Note {
    /// All answers earned the same.
    Dead,
    /// So many answers did not have the asked form.
    Unparsed(u32),
    /// So many answers earned all there is.
    Exact(u32),
    /// None of this; the best one earned so much.
    Best(f32),
}

impl Note {
    fn of(answers: &[(f64, f64)], unparsed: u32) -> Self {
        let rewards = || answers.iter().map(|answer| answer.0);
        let (low, high) = (rewards().fold(f64::MAX, f64::min), rewards().fold(0.0, f64::max));
        let exact = rewards().filter(|r| *r >= 1.0 - 1e-9).count() as u32;
        if high - low < 1e-9 {
            Self::Dead
        } else if unparsed > 0 {
            Self::Unparsed(unparsed)
        } else if exact > 0 {
            Self::Exact(exact)
        } else {
            Self::Best(high as f32)
        }
    }

    /// In words.
    pub fn words(self) -> String {
        match self {
            Self::Dead => "dead group".into(),
            Self::Unparsed(answers) => format!("{answers} unreadable"),
            Self::Exact(answers) => format!("{answers} exact"),
            Self::Best(reward) => format!("best {}", crate::logic::format::fixed(reward.into(), 2)),
        }
    }
}

/// What a card shows. There may be a hundred thousand: texts that many share are held once.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Training step.
    pub step: u64,
    /// Group of the step.
    pub group: u32,
    /// Task family.
    pub kind: TaskKind,
    /// The task in words.
    pub title: Arc<str>,
    /// What was asked.
    pub question: Arc<str>,
    /// Address of the video's picture.
    pub thumb: Arc<str>,
    /// Reward and advantage of each answer.
    pub bars: Box<[(f32, f32)]>,
    /// What stands out.
    pub note: Note,
}

impl Card {
    /// Where it stands.
    pub fn place(&self) -> Place {
        (self.step, self.group)
    }
}

/// Step and group.
pub type Place = (u64, u32);

/// Cards kept at most, some 20 MB; the oldest go, and can be fetched again.
const KEPT: usize = 100_000;

/// The cards of the feed, newest first and without a gap: what the live view brought since one
/// looks, which itself forgets, and below it what was fetched.
#[derive(Debug, Default)]
pub struct Cards {
    list: VecDeque<Card>,
    /// Texts that cards share.
    texts: HashSet<Arc<str>>,
    /// The newest group that was looked at.
    newest: Option<Place>,
    /// Groups before this one were not looked at; none where there is none.
    below: Option<Place>,
    /// Whether a page was fetched.
    fetched: bool,
    /// Another number, another list.
    turn: u64,
}

/// What a look at the live view changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// There are new cards.
    More,
    /// The list begins anew, because some were missed or the run made some again.
    Anew,
}

impl Cards {
    /// The cards, newest first.
    pub fn list(&self) -> &VecDeque<Card> {
        &self.list
    }

    /// Changes when the list begins anew.
    pub fn turn(&self) -> u64 {
        self.turn
    }

    /// How many cards are newer than a place.
    pub fn newer(&self, place: Place) -> usize {
        self.list.partition_point(|card| card.place() > place)
    }

    /// Groups before this one can be fetched; none where all are here, or no more can be kept.
    pub fn below(&self) -> Option<Place> {
        self.below.filter(|place| *place > (1, 0) && !self.is_full())
    }

    /// Whether no more cards are kept.
    pub fn is_full(&self) -> bool {
        self.list.len() >= KEPT
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        *self = Self { turn: self.turn + 1, ..Self::default() };
    }

    /// Takes in what the live view has now, oldest first; `end` is the place after its last.
    pub fn take(&mut self, groups: &[&Group], filter: &Filter, end: Place) -> Change {
        let place = |group: &Group| (group.step, group.index);
        let (Some(first), Some(last)) = (groups.first(), groups.last()) else {
            let anew = self.newest.is_some();
            if anew {
                self.clear();
            }
            if !self.fetched {
                self.below = Some(end);
            }
            return if anew { Change::Anew } else { Change::None };
        };
        let (first, last) = (place(first), place(last));
        let missed = match self.newest {
            Some(newest) => newest < first || newest > last,
            None => !self.list.is_empty(),
        };
        if missed {
            self.clear();
        }
        if self.newest.is_none() {
            self.below = Some(first);
        }
        let known = self.newest.replace(last);
        let fresh = |group: &&&Group| known.is_none_or(|newest| place(group) > newest);
        let before = self.list.len();
        for group in groups.iter().filter(fresh).filter(|group| filter.keeps(group)) {
            let card = self.live(group);
            self.list.push_front(card);
        }
        let more = self.list.len() > before;
        self.forget();
        match (missed, more) {
            (true, _) => Change::Anew,
            (false, true) => Change::More,
            (false, false) => Change::None,
        }
    }

    /// Takes in a page that was fetched from [`Self::below`] on, and where the next one starts.
    pub fn add(&mut self, page: Vec<GroupCard>, next: Option<Place>) {
        (self.below, self.fetched) = (next, true);
        for card in page {
            let card = self.stored(card);
            self.list.push_back(card);
        }
        self.forget();
    }

    fn forget(&mut self) {
        if self.list.len() > KEPT {
            self.list.truncate(KEPT);
            self.below = self.list.back().map(Card::place);
        }
    }

    /// The card of a group in the live view.
    fn live(&mut self, group: &Group) -> Card {
        let answers: Vec<(f64, f64)> =
            group.rollouts.iter().map(|r| (r.reward.total, r.advantage)).collect();
        let unparsed = group.rollouts.iter().filter(|r| !r.reward.parsed).count() as u32;
        let spec = &group.sample.spec;
        Card {
            step: group.step,
            group: group.index,
            kind: group.sample.truth.kind(),
            title: self.text(task_title(&spec.task)),
            question: self.text(group.sample.question.clone()),
            // The video's picture, not the group's: atlases are made on demand, and a page
            // that watches should not take time from the trainer.
            thumb: self.text(crate::route::thumb(&spec.video)),
            bars: bars(&answers),
            note: Note::of(&answers, unparsed),
        }
    }

    /// The card of a stored group.
    fn stored(&mut self, card: GroupCard) -> Card {
        Card {
            step: card.step,
            group: card.group,
            kind: card.task,
            title: self.text(cell_title(&card.cell)),
            question: self.text(card.question),
            thumb: self.text(crate::route::thumb(&card.video)),
            bars: bars(&card.answers),
            note: Note::of(&card.answers, card.unparsed),
        }
    }

    fn text(&mut self, text: String) -> Arc<str> {
        if let Some(known) = self.texts.get(text.as_str()) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }
}

fn bars(answers: &[(f64, f64)]) -> Box<[(f32, f32)]> {
    answers.iter().map(|(reward, advantage)| (*reward as f32, *advantage as f32)).collect()
}

/// Cards on a page from the store: few at first, as many as the server gives to who reads on.
pub const PAGES: (u32, u32) = (30, 100);
/// Cards that are fetched ahead of who reads on, so that the list never ends under the wheel.
const AHEAD: usize = 300;
/// Cards ahead of the list's head that call for more.
const NEAR: usize = 10;

/// How many cards to ask for where so many are here and the one before `reach` is the last one drawn;
/// none where enough are here. Whoever has left the head of the list reads on.
pub fn wanted(count: usize, reach: usize, reads_on: bool) -> Option<u32> {
    let ahead = count.saturating_sub(reach);
    match reads_on {
        true => (ahead < AHEAD).then_some(PAGES.1),
        false => (ahead < NEAR).then_some(PAGES.0),
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

    fn stored(step: u64) -> GroupCard {
        GroupCard {
            step,
            group: 0,
            task: TaskKind::Jigsaw,
            cell: "jigsaw/6".into(),
            video: format!("blake3:{}", "0".repeat(64)).try_into().expect("a video"),
            question: "q".into(),
            answers: vec![(0.0, -1.0), (0.5, 1.0)],
            unparsed: 0,
        }
    }

    fn steps(cards: &Cards) -> Vec<u64> {
        cards.list().iter().map(|card| card.step).collect()
    }

    #[test]
    fn what_the_view_forgets_is_kept_and_a_gap_begins_anew() {
        let at = |step| Group { step, ..group(&[0.0, 0.5], "x") };
        let groups: Vec<Group> = (1..=9).map(at).collect();
        let part = |from: usize, to: usize| groups[from - 1..to].iter().collect::<Vec<_>>();
        let (open, mut cards) = (Filter::default(), Cards::default());
        assert_eq!(cards.take(&[], &open, (1, 0)), Change::None);
        assert_eq!(cards.take(&part(2, 3), &open, (4, 0)), Change::More);
        assert_eq!(cards.take(&part(2, 3), &open, (4, 0)), Change::None);
        assert_eq!(cards.take(&part(3, 5), &open, (6, 0)), Change::More);
        assert_eq!((steps(&cards), cards.below()), (vec![5, 4, 3, 2], Some((2, 0))));
        let turn = cards.turn();
        assert_eq!(cards.take(&part(7, 9), &open, (10, 0)), Change::Anew, "step 6 was missed");
        assert_eq!((steps(&cards), cards.below()), (vec![9, 8, 7], Some((7, 0))));
        assert_ne!(cards.turn(), turn);
        let again = cards.take(&part(5, 6), &open, (7, 0));
        assert_eq!(again, Change::Anew, "a resumed run makes steps again");
        assert_eq!(steps(&cards), [6, 5]);
        let narrow = Filter { flag: Flag::Dead, ..open };
        assert_eq!(cards.take(&part(5, 7), &narrow, (8, 0)), Change::None);
        assert_eq!(steps(&cards), [6, 5], "the new one is not wanted");
    }

    #[test]
    fn fetched_cards_follow_the_live_ones_and_stay() {
        let at = |step| Group { step, ..group(&[0.0, 0.5], "x") };
        let groups: Vec<Group> = (8..=11).map(at).collect();
        let part = |to: usize| groups[..to].iter().collect::<Vec<_>>();
        let (open, mut cards) = (Filter::default(), Cards::default());
        cards.take(&part(2), &open, (10, 0));
        cards.add(vec![stored(7), stored(6)], Some((6, 0)));
        assert_eq!((steps(&cards), cards.below()), (vec![9, 8, 7, 6], Some((6, 0))));
        cards.take(&part(4), &open, (12, 0));
        cards.add(vec![stored(5)], None);
        assert_eq!((steps(&cards), cards.below()), (vec![11, 10, 9, 8, 7, 6, 5], None));
        assert_eq!((cards.newer((9, 0)), cards.newer((8, 9))), (2, 3));
        let texts = cards.list().iter().map(|card| Arc::as_ptr(&card.thumb).addr());
        assert_eq!(texts.collect::<HashSet<_>>().len(), 1, "a text is held once");
    }

    #[test]
    fn nothing_in_the_live_view_leaves_what_was_fetched() {
        let (open, mut cards) = (Filter::default(), Cards::default());
        cards.take(&[], &open, (6, 0));
        assert_eq!(cards.below(), Some((6, 0)));
        cards.add(vec![stored(5), stored(4)], Some((4, 0)));
        assert_eq!(cards.take(&[], &open, (6, 0)), Change::None);
        assert_eq!((steps(&cards), cards.below()), (vec![5, 4], Some((4, 0))));
        cards.clear();
        cards.take(&[], &open, (6, 0));
        cards.add(vec![], None);
        cards.take(&[], &open, (7, 0));
        assert_eq!(cards.below(), None, "what has no answer is asked once");
    }

    #[test]
    fn no_more_cards_are_kept_than_a_page_can_hold() {
        let (open, mut cards) = (Filter::default(), Cards::default());
        cards.take(&[], &open, (200_001, 0));
        cards.add((100_000..=200_000).rev().map(stored).collect(), Some((100_000, 0)));
        assert_eq!((cards.list().len(), cards.is_full(), cards.below()), (KEPT, true, None));
        assert_eq!(cards.list().back().map(Card::place), Some((100_001, 0)), "the oldest go");
        cards.clear();
        assert!(!cards.is_full() && cards.list().is_empty());
    }

    #[test]
    fn who_reads_on_has_a_lead_and_who_looks_at_the_head_has_not() {
        assert_eq!(wanted(64, 16, false), None);
        assert_eq!(wanted(20, 16, false), Some(30));
        assert_eq!(wanted(64, 16, true), Some(100));
        assert_eq!(wanted(364, 64, true), None);
        assert_eq!(wanted(0, 5, false), Some(30));
    }

    #[test]
    fn a_card_says_what_stands_out() {
        let note = |answers: &[(f64, f64)], unparsed| Note::of(answers, unparsed).words();
        assert_eq!(note(&[(0.5, 0.0), (0.5, 0.0)], 0), "dead group");
        assert_eq!(note(&[(0.0, -1.0), (1.0, 1.0)], 1), "1 unreadable");
        assert_eq!(note(&[(0.2, -1.0), (1.0, 1.0)], 0), "1 exact");
        assert_eq!(note(&[(0.2, -1.0), (0.5, 1.0)], 0), "best 0.50");
    }
}
