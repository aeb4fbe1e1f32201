//! The tour through the loop: its steps, what ends each, and where its card lies.

/// What kind of page somebody is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The list of runs.
    Runs,
    /// A run.
    Run,
    /// A group.
    Group,
    /// Review.
    Review,
    /// The form of a run.
    NewRun,
    /// Any other.
    Other,
}

impl Place {
    /// The kind of page at an address.
    pub fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            ["runs"] => Self::Runs,
            ["runs", "new"] => Self::NewRun,
            ["runs", _] => Self::Run,
            ["runs", _, "steps", _, "groups", _] => Self::Group,
            ["review", ..] => Self::Review,
            _ => Self::Other,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Runs => "the list of runs",
            Self::Run => "a run’s page",
            Self::Group => "a group’s page",
            Self::Review => "the review",
            Self::NewRun => "the form of a run",
            Self::Other => "another page",
        }
    }
}

/// What the reader has before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The kind of page.
    pub place: Place,
    /// The page's query.
    pub query: String,
    /// Another reward is tried.
    pub tries: bool,
    /// Tags that are set.
    pub tags: usize,
}

impl Look {
    fn value(&self, name: &str) -> Option<&str> {
        let pairs = self.query.trim_start_matches('?').split('&');
        pairs.filter_map(|pair| pair.split_once('=')).find(|pair| pair.0 == name).map(|pair| pair.1)
    }
}

/// What the server and the reader's role allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// There is a run.
    pub runs: bool,
    /// The reader may tag.
    pub tags: bool,
    /// The reader may start runs.
    pub starts: bool,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// From the list to a run.
    OpenRun,
    /// Curves and the slider of training time.
    Scrub,
    /// From a run to a group.
    OpenGroup,
    /// Answers over the truth.
    Lanes,
    /// Another reward.
    WhatIf,
    /// A failure's name.
    Tag,
    /// The second person.
    Review,
    /// The next run.
    NewRun,
}

impl Step {
    /// In order.
    pub const ALL: [Self; 8] = [
        Self::OpenRun,
        Self::Scrub,
        Self::OpenGroup,
        Self::Lanes,
        Self::WhatIf,
        Self::Tag,
        Self::Review,
        Self::NewRun,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::OpenRun => "Open the run",
            Self::Scrub => "Go back in training time",
            Self::OpenGroup => "Open a group",
            Self::Lanes => "Read answers against the truth",
            Self::WhatIf => "Try another reward",
            Self::Tag => "Name what went wrong",
            Self::Review => "Let a second person look",
            Self::NewRun => "Start the next run",
        }
    }

    /// What to do, or why it cannot be done here. `key` is the reader's own for the step, `undo` the
    /// one that takes things back.
    pub fn text(self, facts: Facts, key: &str, undo: &str) -> String {
        match self {
            Self::OpenRun if !facts.runs => {
                "There is no run yet. Add videos and start one, or start the program with `demo`: it brings both. The tour goes on with what can be seen without.".into()
            }
            Self::OpenRun => "Each row is a run of training. Open the newest one: everything on its page moves while it trains.".into(),
            Self::Scrub => format!("The slider at the foot is training time for every panel at once. Drag it, or press {key}, and see the curves, the figures and the groups of that step."),
            Self::OpenGroup => "A card is one question with all answers to it; the bars are their rewards. Open one.".into(),
            Self::Lanes => format!("The outline is the truth, each lane below one answer: blue is better than its group, orange worse. Choose another answer with a click, or with {key}."),
            Self::WhatIf => format!("What if the reward were strict? Press {key} or choose one: every stored answer of the run is scored again, here in the browser."),
            Self::Tag if !facts.tags => "Annotators give a failure a name here, each with one key. Your role looks on; ask an admin if you want to tag.".into(),
            Self::Tag => format!("Press {key} for the first tag, or another of the keys. Nothing is sent until you submit, and {undo} takes it back."),
            Self::Review => "Submitted tags wait here for somebody else, who accepts them or asks for a change. Go and see the queue.".into(),
            Self::NewRun if !facts.starts => "Admins start the next run with what was learned. You can look at every setting.".into(),
            Self::NewRun => "Start the next run with what was learned. Fork, in the list of runs, takes over a run’s settings; here you begin from a preset.".into(),
        }
    }

    /// Where it is done; elsewhere it says so.
    pub fn place(self) -> Option<Place> {
        match self {
            Self::OpenRun => Some(Place::Runs),
            Self::Scrub | Self::OpenGroup => Some(Place::Run),
            Self::Lanes | Self::WhatIf | Self::Tag => Some(Place::Group),
            Self::Review | Self::NewRun => None,
        }
    }

    /// What it points at, as selectors; the first one that is visible counts.
    pub fn anchors(self) -> &'static [&'static str] {
        match self {
            Self::OpenRun => &["[data-testid=run-row] a", "[data-testid=new-run-link]"],
            Self::Scrub => &[".timeline"],
            Self::OpenGroup => &["[data-testid=feed-item]"],
            Self::Lanes => &["[data-testid=timeline]"],
            Self::WhatIf => &["[data-testid=whatif]"],
            Self::Tag => &[".tagging"],
            Self::Review => &[".rail a[href='/review']"],
            Self::NewRun => {
                &[".rail a[href='/runs/new']", "[data-testid=new-run-link]", "[data-testid=more]"]
            }
        }
    }

    /// Whether the reader did it. `first` is what they had before them when it began.
    pub fn is_done(self, first: Option<&Look>, now: &Look) -> bool {
        let changed = |name: &str| {
            first.is_some_and(|first| {
                first.place == now.place && first.value(name) != now.value(name)
            })
        };
        match self {
            Self::OpenRun => matches!(now.place, Place::Run | Place::Group),
            Self::Scrub => now.place == Place::Run && changed("step"),
            Self::OpenGroup => now.place == Place::Group,
            // The page writes its first rollout into the address by itself.
            Self::Lanes => {
                let named = first.is_some_and(|first| first.value("rollout").is_some());
                now.place == Place::Group && named && changed("rollout")
            }
            Self::WhatIf => now.place == Place::Group && now.tries,
            Self::Tag => first.is_some_and(|first| now.tags > first.tags),
            Self::Review => now.place == Place::Review,
            Self::NewRun => now.place == Place::NewRun,
        }
    }

    /// Whether `look` is where the step begins.
    pub fn begins_at(self, look: &Look) -> bool {
        let named = self != Self::Lanes || look.value("rollout").is_some();
        named && self.place().is_none_or(|place| place == look.place)
    }

    /// Where to go for it, where the reader is elsewhere.
    pub fn elsewhere(self, here: Place) -> Option<String> {
        let place = self.place().filter(|place| *place != here)?;
        Some(format!("This step is on {}.", place.words()))
    }

    /// The step after; without a run those that need one are passed over.
    pub fn next(self, facts: Facts) -> Option<Self> {
        Self::ALL.into_iter().skip_while(|step| *step != self).skip(1).find(|step| step.fits(facts))
    }

    /// The step before.
    pub fn back(self, facts: Facts) -> Option<Self> {
        let before = Self::ALL.into_iter().take_while(|step| *step != self);
        before.filter(|step| step.fits(facts)).last()
    }

    fn fits(self, facts: Facts) -> bool {
        facts.runs || !matches!(self.place(), Some(Place::Run | Place::Group))
    }

    /// Its number, from 0.
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).unwrap_or(0)
    }
}

/// How far a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It was never offered.
    New,
    /// At a step.
    At(Step),
    /// Ended, or not wanted.
    Over,
}

impl Progress {
    /// Reads what was kept; anything odd means that it is over, so that it never comes by itself.
    pub fn read(kept: Option<&str>) -> Self {
        match kept {
            None | Some("") => Self::New,
            Some(text) => {
                let step = text.parse().ok().and_then(|at: usize| Step::ALL.get(at));
                step.map_or(Self::Over, |step| Self::At(*step))
            }
        }
    }

    /// As it is kept.
    pub fn write(self) -> String {
        match self {
            Self::New => String::new(),
            Self::At(step) => step.index().to_string(),
            Self::Over => "over".to_owned(),
        }
    }
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Area {
    fn shared(self, other: Self) -> f64 {
        let overlap = |a: f64, a_len: f64, b: f64, b_len: f64| {
            ((a + a_len).min(b + b_len) - a.max(b)).max(0.0)
        };
        overlap(self.x, self.w, other.x, other.w) * overlap(self.y, self.h, other.y, other.h)
    }
}

/// Between card, anchor and the edges.
const GAP: f64 = 12.0;
/// Share of the window's width up to which an anchor is a narrow one.
const NARROW: f64 = 0.25;

/// Where a card of `size` lies in a window: beside its anchor, and over it only where there is no
/// other room. `foot` is kept free at the lower edge.
pub fn card_at(
    anchor: Option<Area>,
    size: (f64, f64),
    window: (f64, f64),
    foot: f64,
) -> (f64, f64) {
    let (w, h) = size;
    let most = (window.0 - w - GAP, window.1 - h - GAP - foot);
    let inside = |x: f64, y: f64| (x.min(most.0).max(GAP), y.min(most.1).max(GAP));
    let corner = inside(most.0, most.1);
    let Some(a) = anchor else { return corner };
    let middle = a.y + (a.h - h) / 2.0;
    let beside = [(a.x + a.w + GAP, middle), (a.x - w - GAP, middle)];
    let above = [(a.x, a.y + a.h + GAP), (a.x, a.y - h - GAP)];
    // What is below a narrow thing is more often its like than what is beside it.
    let narrow = a.w < window.0 * NARROW;
    let sides = if narrow { [beside, above] } else { [above, beside] };
    let wanted = sides.into_iter().flatten().chain([corner, (GAP, GAP)]);
    let places: Vec<(f64, f64)> = wanted.map(|(x, y)| inside(x, y)).collect();
    let covered = |place: &(f64, f64)| Area { x: place.0, y: place.1, w, h }.shared(a);
    let free = places.iter().find(|place| covered(place) == 0.0);
    let least = || places.iter().min_by(|a, b| covered(a).total_cmp(&covered(b)));
    free.or_else(least).copied().unwrap_or(corner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Facts = Facts { runs: true, tags: true, starts: true };

    fn look(path: &str, query: &str) -> Look {
        Look { place: Place::of(path), query: query.into(), tries: false, tags: 0 }
    }

    #[test]
    fn pages_are_told_apart() {
        let cases = [
            ("/runs", Place::Runs),
            ("/runs/", Place::Runs),
            ("/runs/new", Place::NewRun),
            ("/runs/r1", Place::Run),
            ("/runs/r1/steps/3/groups/0", Place::Group),
            ("/review/r1/3/0/1", Place::Review),
            ("/health", Place::Other),
        ];
        for (path, want) in cases {
            assert_eq!(Place::of(path), want, "{path}");
        }
    }

    #[test]
    fn doing_the_thing_ends_a_step_and_looking_does_not() {
        let group = "/runs/r/steps/1/groups/0";
        let (run, scrubbed) = (look("/runs/r", ""), look("/runs/r", "?step=4"));
        assert!(Step::Scrub.is_done(Some(&run), &scrubbed));
        assert!(!Step::Scrub.is_done(Some(&scrubbed), &scrubbed));
        assert!(!Step::Scrub.is_done(None, &scrubbed), "the link had the step");
        let (first, other) = (look(group, "?rollout=0&frame=2"), look(group, "?rollout=2&frame=2"));
        assert!(Step::Lanes.is_done(Some(&first), &other));
        assert!(!Step::Lanes.is_done(Some(&first), &look(group, "?rollout=0&frame=9")));
        assert!(!Step::Lanes.begins_at(&look(group, "")), "before the page wrote its address");
        let tagged = Look { tags: 1, ..first.clone() };
        assert!(Step::Tag.is_done(Some(&first), &tagged));
        assert!(!Step::Tag.is_done(Some(&tagged), &tagged));
        assert!(Step::OpenGroup.is_done(None, &first) && !Step::OpenGroup.is_done(None, &run));
    }

    #[test]
    fn without_a_run_its_steps_are_passed_over() {
        let none = Facts { runs: false, ..ALL };
        assert_eq!(Step::OpenRun.next(none), Some(Step::Review));
        assert_eq!(Step::Review.back(none), Some(Step::OpenRun));
        assert_eq!(Step::OpenRun.next(ALL), Some(Step::Scrub));
        assert_eq!((Step::NewRun.next(ALL), Step::OpenRun.back(ALL)), (None, None));
    }

    #[test]
    fn every_step_says_something_to_everybody() {
        let nobody = Facts { runs: false, tags: false, starts: false };
        for step in Step::ALL {
            for facts in [ALL, nobody] {
                let text = step.text(facts, "K", "U");
                assert!(text.len() > 40 && text.ends_with('.'), "{step:?}: {text}");
            }
        }
    }

    #[test]
    fn how_far_one_is_comes_back() {
        for progress in
            Step::ALL.map(Progress::At).into_iter().chain([Progress::New, Progress::Over])
        {
            assert_eq!(Progress::read(Some(&progress.write())), progress);
        }
        assert_eq!(Progress::read(Some("99")), Progress::Over);
    }

    #[test]
    fn the_card_lies_beside_its_anchor_and_inside_the_window() {
        let (size, window) = ((320.0, 180.0), (1440.0, 900.0));
        let at = |anchor| card_at(Some(anchor), size, window, 0.0);
        let area = |x, y, w, h| Area { x, y, w, h };
        assert_eq!(at(area(200.0, 100.0, 500.0, 30.0)), (200.0, 142.0), "below");
        assert_eq!(at(area(8.0, 200.0, 180.0, 30.0)), (200.0, 125.0), "to the right");
        assert_eq!(at(area(200.0, 860.0, 900.0, 30.0)), (200.0, 668.0), "above");
        assert_eq!(at(area(1020.0, 40.0, 420.0, 850.0)), (688.0, 375.0), "to the left");
        assert_eq!(card_at(None, size, window, 0.0), (1108.0, 708.0));
        let narrow =
            card_at(Some(area(0.0, 20.0, 390.0, 60.0)), (366.0, 200.0), (390.0, 844.0), 56.0);
        assert_eq!(narrow, (12.0, 92.0));
        for anchor in [area(0.0, 0.0, 1440.0, 900.0), area(-50.0, 2000.0, 10.0, 10.0)] {
            let (x, y) = at(anchor);
            assert!((12.0..=1108.0).contains(&x) && (12.0..=708.0).contains(&y), "{x} {y}");
        }
    }
}
