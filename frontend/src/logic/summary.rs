//! A run in a few figures: what it is at a step, against what, and how long it will take.

use shared::event::StepMetrics;
use shared::fold::StepPoint;

/// How many steps a figure is averaged over, so that one step's luck does not show.
pub const OVER: usize = 10;

/// Mean of a figure over at most [`OVER`] steps at either end of `points`.
pub fn ends(points: &[StepPoint], get: impl Fn(&StepMetrics) -> f64) -> Option<(f64, f64)> {
    let mean = |slice: &[StepPoint]| {
        slice.iter().map(|p| get(&p.metrics)).sum::<f64>() / slice.len().max(1) as f64
    };
    // The two ends never overlap, or a young run would be compared with itself.
    let n = points.len().div_ceil(2).min(OVER);
    (n > 0).then(|| (mean(&points[..n]), mean(&points[points.len() - n..])))
}

/// The points up to a step; all without one.
pub fn until(points: &[StepPoint], step: Option<u64>) -> &[StepPoint] {
    let end = step.map_or(points.len(), |step| points.partition_point(|p| p.step <= step));
    &points[..end]
}

/// Seconds until the last step, from the pace of the newest 20.
pub fn secs_left(points: &[StepPoint], steps: u64) -> Option<f64> {
    let newest = &points[points.len().saturating_sub(20)..];
    let done = points.last()?.step;
    let pace = newest.iter().map(|p| p.metrics.step_secs).sum::<f64>() / newest.len() as f64;
    Some(pace * steps.saturating_sub(done) as f64)
}

/// Mean reward of a cell over `columns` equal stretches of the run; `None` where it was not asked.
pub fn heat(points: &[StepPoint], cell: &str, columns: usize) -> Vec<Option<f64>> {
    (0..columns)
        .map(|column| {
            let slice =
                &points[column * points.len() / columns..(column + 1) * points.len() / columns];
            let values: Vec<f64> =
                slice.iter().filter_map(|p| p.metrics.reward_by_cell.get(cell).copied()).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        })
        .collect()
}

/// Every cell that was asked, in alphabetical order.
pub fn cells(points: &[StepPoint]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for point in points {
        for name in point.metrics.reward_by_cell.keys() {
            if let Err(at) = names.binary_search(name) {
                names.insert(at, name.clone());
            }
        }
    }
    names
}

/// Where the time of a step went: name, CSS class, share of the step.
pub fn anatomy(metrics: &StepMetrics) -> Vec<(&'static str, &'static str, f64)> {
    let parts = [
        ("make samples", "part-samples", metrics.sample_secs),
        ("rollout", "part-rollout", metrics.rollout_secs),
        ("reward", "part-reward", metrics.reward_secs),
        ("update", "part-update", metrics.update_secs),
    ];
    let known: f64 = parts.iter().map(|p| p.2).sum();
    let whole = metrics.step_secs.max(known).max(1e-9);
    let mut out: Vec<_> = parts.into_iter().map(|(n, c, secs)| (n, c, secs / whole)).collect();
    out.push(("rest", "part-rest", (whole - known) / whole));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(n: u64) -> Vec<StepPoint> {
        let point = |step: u64| StepPoint {
            step,
            at: step as f64,
            metrics: StepMetrics {
                reward_mean: step as f64,
                step_secs: 2.0,
                rollout_secs: 1.0,
                update_secs: 0.5,
                reward_by_cell: [("mirror".to_owned(), step as f64)].into_iter().collect(),
                ..Default::default()
            },
        };
        (1..=n).map(point).collect()
    }

    #[test]
    fn figures_are_means_of_the_ends() {
        assert_eq!(ends(&points(40), |m| m.reward_mean), Some((5.5, 35.5)));
        assert_eq!(ends(&points(2), |m| m.reward_mean), Some((1.0, 2.0)));
        assert_eq!(ends(&points(1), |m| m.reward_mean), Some((1.0, 1.0)));
        assert_eq!(ends(&[], |m| m.reward_mean), None);
        assert_eq!(until(&points(9), Some(4)).len(), 4);
    }

    #[test]
    fn time_left_follows_the_pace() {
        assert_eq!(secs_left(&points(30), 100), Some(140.0));
        assert_eq!(secs_left(&points(30), 30), Some(0.0));
        assert_eq!(secs_left(&[], 30), None);
    }

    #[test]
    fn heat_has_gaps_where_nothing_was_asked() {
        assert_eq!(heat(&points(4), "mirror", 2), [Some(1.5), Some(3.5)]);
        assert_eq!(heat(&points(4), "blur", 2), [None, None]);
        assert_eq!(heat(&points(1), "mirror", 2), [None, Some(1.0)]);
        assert_eq!(cells(&points(3)), ["mirror"]);
    }

    #[test]
    fn anatomy_sums_to_one() {
        let sum: f64 = anatomy(&points(1)[0].metrics).iter().map(|p| p.2).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
}
