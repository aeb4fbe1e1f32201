//! What if the reward were another one, or were compared otherwise: re-scores stored answers with
//! the trainer's own code and the run's own settings.

use shared::advantage::{self, Answered};
use shared::api::AnswerGroup;
use shared::config::RunConfig;
use shared::recipe::AdvantageRule;
use shared::reward::{RewardMode, earned};
use shared::task::TaskKind;

/// Smaller differences come from adding in another order.
const SAME: f64 = 1e-9;
/// Groups listed at most.
const LISTED: usize = 60;

/// The settings that can be tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// Which reward is paid.
    pub reward: RewardMode,
    /// What it is compared with.
    pub rule: AdvantageRule,
    /// Reward from which an answer counts as right.
    pub right_from: f64,
    /// Advantage of a right answer under the weighted rule.
    pub positive_weight: f64,
}

impl Tried {
    /// The run's own.
    pub fn of(config: &RunConfig) -> Self {
        Self {
            reward: config.reward,
            rule: config.update.advantage,
            right_from: config.update.right_from,
            positive_weight: config.update.positive_weight,
        }
    }

    /// The run's config with these settings.
    fn in_run(self, config: &RunConfig) -> RunConfig {
        let mut config = config.clone();
        config.reward = self.reward;
        config.update.advantage = self.rule;
        config.update.right_from = self.right_from;
        config.update.positive_weight = self.positive_weight;
        config
    }

    /// Whether the rule asks which answers are right.
    pub fn asks_right(self) -> bool {
        use AdvantageRule as R;
        matches!(self.rule, R::Positive | R::Negative | R::Weighted)
    }

    /// The run's own for the first key press, then the other rewards in turn, then none.
    pub fn next(now: Option<Self>, own: Self) -> Option<Self> {
        let Some(now) = now else {
            let other = RewardMode::ALL.iter().find(|mode| **mode != own.reward).copied();
            return Some(Self { reward: other.unwrap_or(own.reward), ..own });
        };
        let at = RewardMode::ALL.iter().position(|mode| *mode == now.reward).unwrap_or(0);
        let mut left = RewardMode::ALL[at + 1..].iter().filter(|mode| **mode != own.reward);
        left.next().map(|reward| Self { reward: *reward, ..now })
    }
}

/// Whether a rule looks at the other groups of its step.
pub fn needs_batch(rule: AdvantageRule) -> bool {
    use AdvantageRule as R;
    matches!(rule, R::Batch | R::GroupMeanBatch | R::TaskStd)
}

/// Whether a rule can be computed from what is stored: where true answers join, whitening asks
/// for their length, which nobody wrote down.
pub fn can_try(config: &RunConfig, rule: AdvantageRule) -> bool {
    use AdvantageRule as R;
    let whitens = matches!(rule, R::Batch | R::GroupMeanBatch);
    !(whitens && config.select.label_rollout.is_on())
}

/// One answer under the tried settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rescored {
    /// What it earned.
    pub reward_before: f64,
    /// What it would earn.
    pub reward: f64,
    /// Its advantage as stored.
    pub advantage_before: f64,
    /// Its advantage then.
    pub advantage: f64,
}

impl Rescored {
    /// Whether it would earn something else.
    pub fn pays_otherwise(&self) -> bool {
        (self.reward - self.reward_before).abs() > SAME
    }

    /// Whether its advantage would point the other way.
    pub fn turns(&self) -> bool {
        sign(self.advantage) * sign(self.advantage_before) < 0
    }

    /// Whether the sign of its advantage changes: it turns round, or comes from or to nothing.
    pub fn flips(&self) -> bool {
        sign(self.advantage) != sign(self.advantage_before)
    }
}

/// A group under the tried settings.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupThen {
    /// One per answer.
    pub answers: Vec<Rescored>,
    /// Whether nothing would be learnt from it.
    pub dead: bool,
    /// Whether nothing was.
    pub was_dead: bool,
}

impl GroupThen {
    /// How many advantages change their sign.
    pub fn flips(&self) -> usize {
        self.answers.iter().filter(|answer| answer.flips()).count()
    }

    /// How many answers earn something else.
    pub fn paid_otherwise(&self) -> usize {
        self.answers.iter().filter(|answer| answer.pays_otherwise()).count()
    }
}

/// Scores groups again; those of one step stand beside each other, as in a run's list.
pub fn rescore(config: &RunConfig, tried: Tried, groups: &[AnswerGroup]) -> Vec<GroupThen> {
    let config = tried.in_run(config);
    groups.chunk_by(|a, b| a.step == b.step).flat_map(|batch| of_step(&config, batch)).collect()
}

fn of_step(config: &RunConfig, batch: &[AnswerGroup]) -> Vec<GroupThen> {
    let rewards: Vec<Vec<f64>> = batch.iter().map(|group| rewards(config.reward, group)).collect();
    let answered = batch.iter().zip(&rewards).map(|(group, rewards)| Answered {
        task: group.task,
        rewards: rewards.iter().enumerate().map(|(i, r)| r + bonus(group, i)).collect(),
        tokens: group.tokens.iter().map(|tokens| *tokens as usize).collect(),
    });
    let compared = advantage::of_run(config, answered.collect(), |_| 0);
    let each = batch.iter().zip(&rewards).zip(compared.advantages);
    each.map(|((group, rewards), then)| {
        let answer = |(i, reward): (usize, &f64)| Rescored {
            reward_before: group.rewards.get(i).copied().unwrap_or_default(),
            reward: *reward,
            advantage_before: group.advantages.get(i).copied().unwrap_or_default(),
            advantage: then.values.get(i).copied().unwrap_or_default(),
        };
        let answers: Vec<Rescored> = rewards.iter().enumerate().map(answer).collect();
        let idle = |advantage: fn(&Rescored) -> f64| {
            answers.iter().all(|answer| sign(advantage(answer)) == 0)
        };
        GroupThen {
            dead: idle(|answer| answer.advantage),
            was_dead: idle(|answer| answer.advantage_before),
            answers,
        }
    })
    .collect()
}

fn rewards(mode: RewardMode, group: &AnswerGroup) -> Vec<f64> {
    let one = |text: &String| earned(mode, group.task, &group.truth, text);
    group.texts.iter().map(one).collect()
}

fn bonus(group: &AnswerGroup, i: usize) -> f64 {
    group.bonus.get(i).copied().unwrap_or_default()
}

fn sign(x: f64) -> i8 {
    if x > 1e-6 {
        1
    } else if x < -1e-6 {
        -1
    } else {
        0
    }
}

/// What changes among the answers of a task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskChange {
    /// Which.
    pub task: TaskKind,
    /// Its answers.
    pub answers: usize,
    /// Of them with another reward.
    pub rewards: usize,
    /// Of them whose advantage changes its sign.
    pub flips: usize,
    /// Mean reward as paid.
    pub mean_before: f64,
    /// Mean reward then.
    pub mean: f64,
}

/// What changes in a group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupChange {
    /// Step and group.
    pub place: (u64, u32),
    /// (task, dial) cell.
    pub cell: String,
    /// Its task.
    pub task: TaskKind,
    /// Answers with another reward.
    pub rewards: usize,
    /// Advantages that change their sign.
    pub flips: usize,
    /// Answers.
    pub answers: usize,
}

/// What changes in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunChange {
    /// Answers looked at.
    pub answers: usize,
    /// Groups looked at.
    pub groups: usize,
    /// Answers with another reward.
    pub rewards: usize,
    /// Advantages that change their sign.
    pub flips: usize,
    /// Of them those that turn round; the others come from or to nothing.
    pub turns: usize,
    /// Groups from which nothing would be learnt any more.
    pub die: usize,
    /// Groups from which something would be learnt then.
    pub wake: usize,
    /// By task, in the order shown to people.
    pub tasks: Vec<TaskChange>,
    /// Groups where most changes, the most changed first.
    pub places: Vec<GroupChange>,
}

/// Sums up what [`rescore`] gave.
pub fn sum_up(groups: &[AnswerGroup], then: &[GroupThen]) -> RunChange {
    let count = |of: fn(&GroupThen) -> usize| then.iter().map(of).sum::<usize>();
    let mut places: Vec<GroupChange> =
        groups.iter().zip(then).filter_map(|(group, then)| change(group, then)).collect();
    places.sort_by_key(|place| std::cmp::Reverse((place.flips, place.rewards, place.place)));
    places.truncate(LISTED);
    let tasks = TaskKind::ALL.iter().filter_map(|task| task_change(*task, groups, then)).collect();
    RunChange {
        answers: count(|group| group.answers.len()),
        groups: groups.len(),
        rewards: count(GroupThen::paid_otherwise),
        flips: count(GroupThen::flips),
        turns: count(|group| group.answers.iter().filter(|answer| answer.turns()).count()),
        die: then.iter().filter(|group| group.dead && !group.was_dead).count(),
        wake: then.iter().filter(|group| !group.dead && group.was_dead).count(),
        tasks,
        places,
    }
}

fn change(group: &AnswerGroup, then: &GroupThen) -> Option<GroupChange> {
    let (rewards, flips) = (then.paid_otherwise(), then.flips());
    (rewards + flips > 0).then(|| GroupChange {
        place: (group.step, group.group),
        cell: group.cell.clone(),
        task: group.task,
        rewards,
        flips,
        answers: then.answers.len(),
    })
}

fn task_change(task: TaskKind, groups: &[AnswerGroup], then: &[GroupThen]) -> Option<TaskChange> {
    let mut sum =
        TaskChange { task, answers: 0, rewards: 0, flips: 0, mean_before: 0.0, mean: 0.0 };
    for (_, then) in groups.iter().zip(then).filter(|(group, _)| group.task == task) {
        sum.answers += then.answers.len();
        sum.rewards += then.paid_otherwise();
        sum.flips += then.flips();
        sum.mean_before += then.answers.iter().map(|answer| answer.reward_before).sum::<f64>();
        sum.mean += then.answers.iter().map(|answer| answer.reward).sum::<f64>();
    }
    let n = sum.answers.max(1) as f64;
    (sum.mean_before, sum.mean) = (sum.mean_before / n, sum.mean / n);
    (sum.answers > 0).then_some(sum)
}

/// How many stored advantages come out again, to the last digits, under the run's own settings.
pub fn reproduced(config: &RunConfig, groups: &[AnswerGroup]) -> usize {
    let same = |answer: &&Rescored| {
        !answer.pays_otherwise() && (answer.advantage - answer.advantage_before).abs() <= 1e-6
    };
    let then = rescore(config, Tried::of(config), groups);
    then.iter().flat_map(|group| &group.answers).filter(same).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::recipe::Switch;

    /// A group with its rewards and advantages as a run of `config` stores them.
    fn group(config: &RunConfig, step: u64, index: u32, answers: &[&str]) -> AnswerGroup {
        AnswerGroup {
            step,
            group: index,
            task: TaskKind::Counting,
            cell: "counting easy".into(),
            truth: "3,1,4".into(),
            texts: answers.iter().map(|text| (*text).to_owned()).collect(),
            tokens: answers.iter().map(|text| text.len() as u32).collect(),
            rewards: answers
                .iter()
                .map(|text| earned(config.reward, TaskKind::Counting, "3,1,4", text))
                .collect(),
            bonus: vec![],
            advantages: vec![0.0; answers.len()],
        }
    }

    fn stored(config: &RunConfig, mut groups: Vec<AnswerGroup>) -> Vec<AnswerGroup> {
        let then = rescore(config, Tried::of(config), &groups);
        for (group, then) in groups.iter_mut().zip(then) {
            group.advantages = then.answers.iter().map(|answer| answer.advantage).collect();
        }
        groups
    }

    fn run(rule: AdvantageRule) -> (RunConfig, Vec<AnswerGroup>) {
        let mut config = RunConfig::default();
        config.update.advantage = rule;
        let groups = vec![
            group(&config, 1, 0, &["3,1,4", "4,1,4", "9,9,9", "none"]),
            group(&config, 1, 1, &["4,1,4", "3,2,4"]),
            group(&config, 2, 0, &["3,1,4", "3,1,4"]),
        ];
        let groups = stored(&config, groups);
        (config, groups)
    }

    #[test]
    fn the_run_s_own_settings_change_nothing_whatever_its_rule() {
        for rule in AdvantageRule::ALL {
            let (config, groups) = run(*rule);
            let then = rescore(&config, Tried::of(&config), &groups);
            let sum = sum_up(&groups, &then);
            assert_eq!((sum.rewards, sum.flips, sum.die, sum.wake), (0, 0, 0, 0), "{rule}");
            assert_eq!(reproduced(&config, &groups), 8, "{rule}");
            assert!(sum.places.is_empty() && sum.tasks.len() == 1);
        }
    }

    #[test]
    fn strict_flips_the_near_misses_and_kills_a_group() {
        let (config, groups) = run(AdvantageRule::GroupStd);
        let tried = Tried { reward: RewardMode::Strict, ..Tried::of(&config) };
        let sum = sum_up(&groups, &rescore(&config, tried, &groups));
        // 4,1,4 of the first group, and both answers of the second, which lose their spread.
        assert_eq!((sum.flips, sum.turns, sum.die, sum.wake), (3, 1, 1, 0));
        assert_eq!(sum.places[0].place, (1, 1));
        assert_eq!(sum.tasks[0].rewards, sum.rewards);
        assert!(sum.tasks[0].mean < sum.tasks[0].mean_before);
    }

    #[test]
    fn another_rule_is_compared_with_the_run_s_own() {
        let (config, groups) = run(AdvantageRule::Negative);
        let tried = Tried { rule: AdvantageRule::GroupStd, ..Tried::of(&config) };
        let then = rescore(&config, tried, &groups);
        // Under the negative rule the perfect answer was worth 0; now it is worth something.
        assert!(then[0].answers[0].flips() && then[0].answers[0].advantage_before == 0.0);
        assert!(!then[0].answers[0].pays_otherwise());
    }

    #[test]
    fn joined_labels_rule_whitening_out() {
        let mut config = RunConfig::default();
        assert!(can_try(&config, AdvantageRule::Batch));
        config.select.label_rollout = Switch::On;
        assert!(!can_try(&config, AdvantageRule::Batch));
        assert!(can_try(&config, AdvantageRule::TaskStd));
    }

    #[test]
    fn keys_go_through_the_other_rewards() {
        let own = Tried::of(&RunConfig::default());
        let strict = Tried::next(None, own);
        assert_eq!(strict.map(|tried| tried.reward), Some(RewardMode::Strict));
        let tolerant = Tried::next(strict, own);
        assert_eq!(tolerant.map(|tried| tried.reward), Some(RewardMode::Tolerant));
        assert_eq!(Tried::next(tolerant, own), None);
    }
}
