//! Which tokens spell which part of an answer, and how strongly each is to be shown.

use shared::answer::Parsed;
use shared::rollout::Rollout;
use shared::task::TaskKind;

/// A part of an answer that tokens spell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The span's start.
    Start,
    /// The span's end.
    End,
    /// A number that stands alone: of a shape, or a percentage.
    Number,
    /// A count, or a place of an order; from 0.
    Part(usize),
}

/// What the cells of a token strip show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// How likely the token was.
    Probability,
    /// How undecided the policy was.
    Entropy,
    /// What the answer is worth, which all its tokens share.
    Advantage,
    /// How much likelier the video made it.
    Video,
}

impl Measure {
    /// All, in the order shown.
    pub const ALL: [Self; 4] = [Self::Probability, Self::Entropy, Self::Advantage, Self::Video];

    /// On its button.
    pub fn title(self) -> &'static str {
        match self {
            Self::Probability => "Probability",
            Self::Entropy => "Entropy",
            Self::Advantage => "Advantage",
            Self::Video => "Sees video",
        }
    }

    /// For tests and styles.
    pub fn name(self) -> &'static str {
        match self {
            Self::Probability => "probability",
            Self::Entropy => "entropy",
            Self::Advantage => "advantage",
            Self::Video => "video",
        }
    }

    /// The value that fills a cell; `video` is the largest measured dependence of the group.
    pub fn full(self, video: f64) -> f64 {
        match self {
            Self::Probability => 1.0,
            // As undecided as between the ten digits.
            Self::Entropy => std::f64::consts::LN_10,
            Self::Advantage => 1.6,
            Self::Video => video.max(0.5),
        }
    }

    /// Whether values may be below zero.
    pub fn diverges(self) -> bool {
        matches!(self, Self::Advantage | Self::Video)
    }

    /// The value of a token, where there is one.
    pub fn of(self, rollout: &Rollout, token: usize) -> Option<f64> {
        let read = |list: &[f32]| list.get(token).map(|x| f64::from(*x));
        match self {
            Self::Probability => read(&rollout.logprobs).map(f64::exp),
            Self::Entropy => read(&rollout.entropies),
            Self::Advantage => Some(rollout.advantage),
            Self::Video => read(&rollout.visual),
        }
    }
}

/// The largest measured dependence of any token, either way, nats.
pub fn most_seen(rollouts: &[Rollout]) -> f64 {
    let all = rollouts.iter().flat_map(|rollout| &rollout.visual);
    all.fold(0.0, |most: f64, seen| most.max(f64::from(seen.abs())))
}

/// Mean dependence of the tokens that spell a part of an answer, nats.
pub fn mean_of(rollout: &Rollout, fields: &[Option<Field>], field: Field) -> Option<f64> {
    let seen: Vec<f64> = (0..fields.len())
        .filter(|i| fields[*i] == Some(field))
        .filter_map(|i| Measure::Video.of(rollout, i))
        .collect();
    (!seen.is_empty()).then(|| seen.iter().sum::<f64>() / seen.len() as f64)
}

/// A token's text as a cell shows it: white space and the end made visible.
pub fn visible(piece: &str) -> String {
    match piece {
        "" => "∅".into(),
        "\n" => "⏎".into(),
        piece if is_special(piece) => "⏎".into(),
        piece => piece.replace(' ', "·").replace('\n', "⏎"),
    }
}

fn is_special(piece: &str) -> bool {
    piece.starts_with("<|") && piece.ends_with("|>")
}

/// For every token the part of the answer that it spells, if any.
pub fn fields(kind: TaskKind, rollout: &Rollout) -> Vec<Option<Field>> {
    let mut text = String::new();
    let mut places = Vec::with_capacity(rollout.pieces.len());
    for piece in &rollout.pieces {
        let from = text.len();
        if !is_special(piece) {
            text.push_str(piece);
        }
        places.push(from..text.len());
    }
    let spelled = spelled(kind, &rollout.reward.reading, &text);
    let touches = |token: &std::ops::Range<usize>| {
        let over = spelled.iter().find(|(_, at)| at.start < token.end && token.start < at.end);
        over.map(|(field, _)| *field)
    };
    places.iter().map(touches).collect()
}

type Spelled = Vec<(Field, std::ops::Range<usize>)>;

/// Where in a text the parts of its reading stand.
fn spelled(kind: TaskKind, reading: &Parsed, text: &str) -> Spelled {
    let (fields, values): (Vec<Field>, Vec<f64>) = match reading {
        Parsed::Span { start, end } => (vec![Field::Start, Field::End], vec![*start, *end]),
        Parsed::Spot { number, start, end } => {
            (vec![Field::Number, Field::Start, Field::End], vec![*number, *start, *end])
        }
        Parsed::Percent { percent } => (vec![Field::Number], vec![*percent]),
        Parsed::Counts { counts } => ((0..counts.len()).map(Field::Part).collect(), counts.clone()),
        Parsed::Order { .. } if matches!(kind, TaskKind::Jigsaw | TaskKind::Spatial) => {
            return order(text);
        }
        Parsed::Order { .. } | Parsed::Unreadable { .. } => return Vec::new(),
    };
    let numbers = numbers(text);
    let same = |window: &&[(f64, std::ops::Range<usize>)]| {
        // A minus before a count is read as none.
        window.iter().zip(&values).all(|(number, value)| number.0 == value.abs())
    };
    let found = numbers.windows(values.len().max(1)).find(same).unwrap_or_default();
    fields.into_iter().zip(found.iter().map(|(_, at)| at.clone())).collect()
}

/// Places of an order: digits, or what stands between commas where there are any.
fn order(text: &str) -> Spelled {
    let places: Vec<_> = if text.contains(',') {
        numbers(text).into_iter().map(|(_, at)| at).collect()
    } else {
        text.match_indices(|c: char| c.is_ascii_digit()).map(|(at, _)| at..at + 1).collect()
    };
    places.into_iter().enumerate().map(|(k, at)| (Field::Part(k), at)).collect()
}

/// Every number of a text, and where it stands.
fn numbers(text: &str) -> Vec<(f64, std::ops::Range<usize>)> {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let start = at;
        while at < bytes.len() && (bytes[at].is_ascii_digit() || bytes[at] == b'.') {
            at += 1;
        }
        match text.get(start..at).unwrap_or_default().parse() {
            Ok(number) => found.push((number, start..at)),
            Err(_) => at = at.max(start + 1),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::reward::{RewardMode, score_text};
    use shared::rollout::Finish;

    fn rollout(kind: TaskKind, truth: &str, pieces: &[&str]) -> Rollout {
        let text = pieces.concat().replace("<|im_end|>", "");
        Rollout {
            index: 0,
            seed: 0,
            ids: vec![],
            pieces: pieces.iter().map(|p| (*p).to_owned()).collect(),
            logprobs: vec![-0.5],
            entropies: vec![],
            reward: score_text(RewardMode::Tolerant, kind, truth, &text),
            text,
            finish: Finish::Eos,
            bonus: 0.0,
            visual: vec![0.25, -1.5],
            advantage: 0.0,
        }
    }

    fn check(kind: TaskKind, truth: &str, pieces: &[&str], want: &str) {
        let name = |field: &Option<Field>| match field {
            None => '.',
            Some(Field::Start) => 'S',
            Some(Field::End) => 'E',
            Some(Field::Number) => 'N',
            Some(Field::Part(k)) => char::from(b'0' + *k as u8),
        };
        let got: String = fields(kind, &rollout(kind, truth, pieces)).iter().map(name).collect();
        assert_eq!(got, want, "{pieces:?}");
    }

    #[test]
    fn tokens_know_what_they_spell() {
        use TaskKind::*;
        let end = "<|im_end|>";
        check(Grounding, "1-2", &["4", ".", "8", "-", "6", ".", "2", end], "SSS.EEE.");
        check(Grounding, "1-2", &["at ", "4.8", " - 6", ".2"], ".SEE");
        check(Grounding, "1-2", &["no", " idea"], "..");
        check(Counting, "1,1,1", &["1", ",", "12", ",3"], "0.12");
        check(Counting, "1,1,1", &["after 9 s: ", "3", ",", "1", ",", "4"], ".0.1.2");
        check(Jigsaw, "123456", &["15", "2", "3", "4", "6", end], "02345.");
        check(Spotting, "7,1-2", &["7", ",", "1", "0", "-", "20"], "N.SS.E");
        check(Progress, "40", &["5", "5", end], "NN.");
    }

    #[test]
    fn measures_read_what_there_is() {
        let rollout = rollout(TaskKind::Progress, "40", &["5", "5"]);
        assert_eq!(Measure::Video.of(&rollout, 1), Some(-1.5));
        assert_eq!(Measure::Video.of(&rollout, 2), None);
        assert_eq!(Measure::Entropy.of(&rollout, 0), None);
        assert_eq!(most_seen(std::slice::from_ref(&rollout)), 1.5);
        assert_eq!(Measure::Video.full(0.0), 0.5);
        let fields = fields(TaskKind::Progress, &rollout);
        assert_eq!(mean_of(&rollout, &fields, Field::Number), Some(-0.625));
        assert_eq!(mean_of(&rollout, &fields, Field::Start), None);
    }

    #[test]
    fn white_space_is_made_visible() {
        assert_eq!(visible("<|im_end|>"), "⏎");
        assert_eq!(visible(" to"), "·to");
        assert_eq!(visible("4"), "4");
    }
}
