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

/// Places in the list of the runs that are in the archive or are not, in order. What has no figure
/// comes last either way, what is equal stays newest first. `before` is the answer from before the
/// list changed: what is nearly sorted is soon sorted again.
pub fn sorted(runs: &[Run], archived: bool, order: Order, before: &[u32]) -> Vec<u32> {
    let mut missing: Vec<bool> = runs.iter().map(|run| run.archived == archived).collect();
    let mut was_missing = |place: &u32| {
        missing.get_mut(*place as usize).is_some_and(|missing| std::mem::replace(missing, false))
    };
    let mut list: Vec<u32> = before.iter().copied().filter(|place| was_missing(place)).collect();
    list.extend((0..).zip(&missing).filter(|(_, missing)| **missing).map(|(place, _)| place));
    list.sort_by(|a, b| {
        compare(&runs[*a as usize], &runs[*b as usize], order).then_with(|| a.cmp(b))
    });
    list
}

/// Those of the places whose run has each of the words in its name, state, device or owner.
pub fn matching(runs: &[Run], places: &[u32], words: &str) -> Vec<u32> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let fits = |place: &&u32| {
        let Some(run) = runs.get(**place as usize) else { return false };
        let texts = [&run.name, run.state.name(), &run.device, &run.owner.name];
        words.iter().all(|word| texts.iter().any(|text| has(text, word)))
    };
    places.iter().filter(fits).copied().collect()
}

/// Whether a text has a word in it, which is in small letters. Most texts are looked through as they
/// are: a copy of each in small letters would take longer than the search.
pub fn has(text: &str, word: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(word);
    }
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let Some(first) = word.first() else { return true };
    let same =
        |part: &[u8]| part[0].to_ascii_lowercase() == *first && part.eq_ignore_ascii_case(word);
    text.windows(word.len()).any(same)
}

/// The order of two names, whatever the case of their letters.
fn by_name(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        let small = |letter: u8| letter.to_ascii_lowercase();
        return a.bytes().map(small).cmp(b.bytes().map(small));
    }
    a.to_lowercase().cmp(&b.to_lowercase())
}

fn compare(a: &Run, b: &Run, order: Order) -> Ordering {
    let turned = |ordering: Ordering| if order.falling { ordering.reverse() } else { ordering };
    let figures = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => turned(a.total_cmp(&b)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    match order.key {
        Key::Name => turned(by_name(&a.name, &b.name)),
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

    fn shown<'a>(runs: &'a [Run], words: &str, archived: bool, order: Order) -> Vec<&'a str> {
        let places = matching(runs, &sorted(runs, archived, order, &[]), words);
        places.into_iter().map(|place| runs[place as usize].id.as_str()).collect()
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
    fn letters_are_the_same_in_either_case() {
        assert!(has("Wider Groups", "groups") && has("Wider", "") && !has("Wide", "wider"));
        assert!(has("GRÖSSER", "grösser") && has("naïve", "ve") && !has("naive", "ï"));
        assert_eq!(by_name("alpha", "Beta"), Ordering::Less);
        assert_eq!(by_name("Éa", "éb"), Ordering::Less);
        assert_eq!(by_name("RUN 2", "run 2"), Ordering::Equal);
    }

    fn many(count: u64) -> Vec<Run> {
        let one = |at: u64| {
            let drawn = shared::chance::splitmix(at);
            let name = format!("Wider groups {}", drawn % 1_000_000);
            let mut run = run(&format!("{drawn:010x}"), &name, None, at.is_multiple_of(50));
            run.created_at = -(at as f64);
            run.reward_mean = (!drawn.is_multiple_of(7)).then_some((drawn % 1000) as f64 / 1e3);
            run
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn sorting_again_gives_what_sorting_anew_gives() {
        let mut runs = many(2_000);
        let order = Order { key: Key::Reward, falling: true };
        let before = sorted(&runs, false, order, &[]);
        runs[7].reward_mean = Some(2.0);
        runs[9].archived = true;
        runs.insert(0, run("new", "new", None, false));
        runs.truncate(1_990);
        let anew = sorted(&runs, false, order, &[]);
        assert_eq!(sorted(&runs, false, order, &before), anew);
        assert_eq!(runs[anew[0] as usize].reward_mean, Some(2.0));
    }

    /// Prints how long a key press in the filter and a click on a column take. Nothing is asserted:
    /// machines are noisy.
    #[test]
    fn a_hundred_thousand_runs_are_sorted_and_filtered() {
        let runs = many(100_000);
        let timed = |what: &str, work: &dyn Fn() -> Vec<u32>| {
            let began = std::time::Instant::now();
            let found = work();
            println!("{what}: {} rows, {:.1} ms", found.len(), began.elapsed().as_secs_f64() * 1e3);
            found
        };
        let made = Order { key: Key::Made, falling: true };
        let name = Order { key: Key::Name, falling: false };
        let newest = timed("sorted by age", &|| sorted(&runs, false, made, &[]));
        let named = timed("sorted by name", &|| sorted(&runs, false, name, &[]));
        assert_eq!(timed("sorted again", &|| sorted(&runs, false, name, &named)), named);
        assert_eq!(timed("not filtered", &|| matching(&runs, &newest, "")), newest);
        for words in ["g", "groups 12345", "nothing like it"] {
            let found = timed(words, &|| matching(&runs, &newest, words));
            assert!(found.is_sorted() && found.len() < newest.len() + 1);
        }
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
