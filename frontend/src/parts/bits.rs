//! The smallest parts: icons, key caps, pills, tags, avatars.

use crate::logic::words;
use leptos::prelude::*;
use shared::annotation::LabelState;
use shared::task::{Task, TaskKind};

/// Icons of the rail and of buttons, as one stroke each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Runs.
    Runs,
    /// Videos.
    Videos,
    /// Task studio.
    Tasks,
    /// New run.
    Plus,
    /// Failures.
    Failures,
    /// Review.
    Review,
    /// Team.
    Team,
    /// Compare.
    Compare,
    /// Health.
    Health,
    /// More places.
    More,
    /// Light theme.
    Sun,
    /// Dark theme.
    Moon,
    /// Play.
    Play,
    /// Pause.
    Pause,
    /// Close.
    Close,
    /// Fill the page.
    Enlarge,
    /// A step back.
    Back,
    /// A step forward.
    Forward,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Runs => "M3 12h4l3-8 4 16 3-8h4",
            Self::Videos => "M3 5h18v14H3zM10 9l5 3-5 3z",
            Self::Tasks => "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM16.500 13v7M13 16.500h7",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Failures => "M12 3l9 17H3zM12 10v4M12 17v.5",
            Self::Review => "M4 12l5 5L20 6",
            Self::Team => {
                "M8 11a3 3 0 100-6 3 3 0 000 6zM2.5 20c0-4 2.5-6 5.5-6s5.5 2 5.5 6M16 5.5a3 3 0 010 5.5M21.5 20c0-3-1.5-5-4-5.7"
            }
            Self::Compare => "M3 16c4 0 5-10 9-10s5 10 9 10M3 20h18M3 10c4 0 6 6 9 6s5-6 9-6",
            Self::Health => {
                "M12 20C6 16 4 13 4 9.5A4.2 4.2 0 0112 7a4.2 4.2 0 018 2.5C20 13 18 16 12 20z"
            }
            Self::More => "M5 12h.01M12 12h.01M19 12h.01",
            Self::Sun => {
                "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19"
            }
            Self::Moon => "M20 14a8 8 0 01-10-10 8 8 0 1010 10z",
            Self::Play => "M8 5l11 7-11 7z",
            Self::Pause => "M8 5v14M16 5v14",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Back => "M15 5l-7 7 7 7",
            Self::Forward => "M9 5l7 7-7 7",
            Self::Enlarge => "M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7",
        }
    }
}

/// Draws an icon in the colour of its text.
#[component]
pub fn Glyph(icon: Icon) -> impl IntoView {
    view! {
        <svg class="glyph" viewBox="0 0 24 24" aria-hidden="true">
            <path d=icon.path() stroke-linejoin="round" stroke-linecap="round"></path>
        </svg>
    }
}

/// The mark of the program: spans on a timeline.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark-glyph" viewBox="0 0 24 24" aria-hidden="true">
            <path d="M3 6h18M3 12h18M3 18h18" opacity=".35"></path>
            <path d="M6 6h6M9 12h8M4 18h5" stroke-width="3.2" stroke-linecap="round"></path>
        </svg>
    }
}

/// A task's tag with its hue.
#[component]
pub fn TaskTag(task: Task) -> impl IntoView {
    let class = format!("dot {}", words::task_class(task.kind()));
    view! { <span class="tag"><i class=class></i><b>{words::task_title(&task)}</b></span> }
}

/// A family's square of colour.
#[component]
pub fn TaskDot(kind: TaskKind) -> impl IntoView {
    view! { <i class=format!("dot {}", words::task_class(kind))></i> }
}

/// A person's initials on their colour.
#[component]
pub fn Avatar(
    /// Stable id, which chooses the colour.
    id: u64,
    /// Name.
    name: String,
) -> impl IntoView {
    let class = format!("avatar hue-{}", id % 6);
    view! { <span class=class title=name.clone() aria-hidden="true">{words::initials(&name)}</span> }
}

/// A label's state as a pill.
#[component]
pub fn LabelPill(state: LabelState) -> impl IntoView {
    let class = match state {
        LabelState::Submitted => "pill is-people",
        LabelState::Accepted => "pill is-good",
        LabelState::ChangesAsked => "pill is-warn",
        LabelState::Withdrawn => "pill",
    };
    view! {
        <span class=class data-testid="label-state" data-state=state.name()>
            {words::capital(state.title())}
        </span>
    }
}

/// CSS class of an advantage's sign; what is shown as 0.0 has none.
pub fn tone(advantage: f64) -> &'static str {
    if advantage >= 0.05 {
        "better"
    } else if advantage <= -0.05 {
        "worse"
    } else {
        "even"
    }
}

/// Strength of an advantage's shade, 0 to 1.
pub fn strength(advantage: f64) -> String {
    format!("{:.3}", (advantage.abs() / 1.6).clamp(0.0, 1.0))
}
