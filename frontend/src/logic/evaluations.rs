//! Evaluations by set, and whether a change is more than chance.

use shared::fold::EvaluationPoint;

/// The evaluations of each set in the order of their steps; sets in the order they came.
pub fn sets(list: &[EvaluationPoint]) -> Vec<(String, Vec<EvaluationPoint>)> {
    let mut out: Vec<(String, Vec<EvaluationPoint>)> = Vec::new();
    for point in list {
        match out.iter_mut().find(|(name, _)| *name == point.set) {
            Some((_, points)) => points.push(point.clone()),
            None => out.push((point.set.clone(), vec![point.clone()])),
        }
    }
    out.iter_mut().for_each(|(_, points)| points.sort_by_key(|point| point.step));
    out
}

/// What a difference of two means says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Up by more than the interval of the difference.
    Better,
    /// Down by more than it.
    Worse,
    /// Less than it.
    Unsure,
}

/// The change of the mean since the first evaluation; `None` for the first itself. The two
/// intervals add like those of independent means.
pub fn change(first: &EvaluationPoint, now: &EvaluationPoint) -> Option<(Change, f64)> {
    if now.step == first.step {
        return None;
    }
    let by = now.reward_mean - first.reward_mean;
    let chance = first.reward_interval.hypot(now.reward_interval);
    let what = match by {
        by if by > chance => Change::Better,
        by if by < -chance => Change::Worse,
        _ => Change::Unsure,
    };
    Some((what, by))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(set: &str, step: u64, reward_mean: f64) -> EvaluationPoint {
        EvaluationPoint {
            step,
            set: set.into(),
            samples: 8,
            reward_mean,
            reward_interval: 0.03,
            by_cell: Default::default(),
            change: None,
        }
    }

    #[test]
    fn sets_are_kept_apart_and_in_order() {
        let list = [
            point("train clips", 0, 0.1),
            point("held-out clips", 0, 0.2),
            point("train clips", 20, 0.3),
        ];
        let got = sets(&list);
        let names: Vec<&str> = got.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["train clips", "held-out clips"]);
        assert_eq!(got[0].1.iter().map(|p| p.step).collect::<Vec<_>>(), [0, 20]);
    }

    #[test]
    fn a_change_inside_the_intervals_is_no_news() {
        let first = point("s", 0, 0.5);
        assert_eq!(change(&first, &first), None);
        assert_eq!(change(&first, &point("s", 9, 0.54)).map(|c| c.0), Some(Change::Unsure));
        assert_eq!(change(&first, &point("s", 9, 0.55)).map(|c| c.0), Some(Change::Better));
        assert_eq!(change(&first, &point("s", 9, 0.45)).map(|c| c.0), Some(Change::Worse));
    }
}
