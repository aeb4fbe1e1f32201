//! What the run's log warns of, the same things together.

use shared::fold::{LogLevel, LogLine};
use std::collections::BTreeMap;

/// Warnings of one sort.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// What they have in common: the newest one's words without its figures.
    pub sort: String,
    /// The newest one's words.
    pub text: String,
    /// The worst of them.
    pub bad: bool,
    /// How many.
    pub count: u64,
    /// Step of the newest.
    pub step: u64,
    /// Sequence number of the newest.
    pub seq: u64,
}

/// Warnings by sort that somebody has seen: the newest sequence number each.
pub type Seen = BTreeMap<String, u64>;

/// Warnings up to a step that nobody has dismissed, the newest sort first.
pub fn alerts(log: &[LogLine], at: Option<u64>, seen: &Seen) -> Vec<Alert> {
    let mut found: Vec<Alert> = Vec::new();
    let wanted =
        |line: &&LogLine| line.level != LogLevel::Info && at.is_none_or(|step| line.step <= step);
    for line in log.iter().filter(wanted) {
        let sort = sort(&line.text);
        if seen.get(&sort).is_some_and(|seq| *seq >= line.seq) {
            continue;
        }
        let known = found.iter().position(|alert| alert.sort == sort);
        let before = known.map(|i| found.remove(i));
        found.push(Alert {
            sort,
            text: line.text.clone(),
            bad: line.level == LogLevel::Bad || before.as_ref().is_some_and(|alert| alert.bad),
            count: before.map_or(0, |alert| alert.count) + 1,
            step: line.step,
            seq: line.seq,
        });
    }
    found.reverse();
    found
}

/// The words without figures.
fn sort(text: &str) -> String {
    let plain = |word: &&str| !word.contains(|c: char| c.is_ascii_digit());
    text.split_whitespace().filter(plain).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, level: LogLevel, text: &str) -> LogLine {
        LogLine { seq, at: 0.0, step: seq * 10, level, text: text.into() }
    }

    #[test]
    fn the_same_warning_is_told_once_with_its_count() {
        let log = [
            line(1, LogLevel::Warn, "No progress in rollout for 60 s"),
            line(2, LogLevel::Info, "Checkpoint after step 2 written"),
            line(3, LogLevel::Warn, "update skipped: the gradient is not finite"),
            line(4, LogLevel::Warn, "No progress in rollout for 120 s"),
        ];
        let told = alerts(&log, None, &Seen::new());
        let short: Vec<_> = told.iter().map(|a| (a.text.as_str(), a.count, a.step)).collect();
        assert_eq!(
            short,
            [
                ("No progress in rollout for 120 s", 2, 40),
                ("update skipped: the gradient is not finite", 1, 30)
            ]
        );
        assert_eq!(alerts(&log, Some(10), &Seen::new()).len(), 1);
        let seen: Seen = [(told[0].sort.clone(), 1)].into_iter().collect();
        assert_eq!(alerts(&log, None, &seen)[0].count, 1, "what came after it was dismissed");
        let seen: Seen = told.iter().map(|a| (a.sort.clone(), a.seq)).collect();
        assert_eq!(alerts(&log, None, &seen), []);
    }
}
