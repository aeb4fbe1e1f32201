//! The screens that are fetched when they are first opened, each with the code that only it needs.
//! What everybody sees first is in the page itself: the frame, the live link, the list of runs.

use crate::parts::shell::{Crumb, Page};
use crate::parts::states::remote_view;
use crate::state::remote::{Fault, FaultKind, Remote};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;
use std::sync::OnceLock;

/// Milliseconds the page has to itself before the screens are fetched ahead.
const HEAD_START: u32 = 1_500;

/// Draws a screen.
type Draw = fn() -> AnyView;

/// A screen's way to its function, which may have to be fetched.
type Fetched = Result<Draw, SplitLoaderError>;

/// A screen in a file of its own.
pub struct Screen {
    name: &'static str,
    what: &'static str,
    fetch: fn() -> LocalBoxFuture<'static, Fetched>,
    draw: OnceLock<Draw>,
}

/// Makes each screen's function an entry of its file: `SCREEN: function in file, ...`. Code that two
/// files need lies in a third one, and so on for every combination; hence few files, each of screens
/// that have much in common. Without `split` (a debug build, native tests) nothing is cut.
macro_rules! screens {
    ($($screen:ident: $entry:ident in $file:ident, $name:literal, $what:literal => $page:path;)*) => {
        $(
            #[cfg_attr(split, leptos::wasm_split::wasm_split($file, wasm_split_path = leptos::wasm_split, fallible))]
            fn $entry() -> Fetched {
                Ok(|| $page().into_any())
            }

            /// The screen of this name.
            pub static $screen: Screen = Screen {
                name: $name,
                what: $what,
                #[cfg(split)]
                fetch: || $entry().boxed_local(),
                #[cfg(not(split))]
                fetch: || std::future::ready($entry()).boxed_local(),
                draw: OnceLock::new(),
            };
        )*
        static ALL: &[&Screen] = &[$(&$screen),*];
    };
}

screens! {
    RUN: run in watch, "Run", "the run" => crate::pages::run::RunPage;
    COMPARE: compare in watch, "Compare", "the comparison" => crate::pages::compare::ComparePage;
    GROUP: group in rollouts, "Group", "the group" => crate::pages::group::GroupPage;
    FAILURES: failures in rollouts, "Failures", "the failures" => crate::pages::failures::FailuresPage;
    REVIEW: review in rollouts, "Review", "the review" => crate::pages::review::ReviewPage;
    VIDEOS: videos in library, "Videos", "the videos" => crate::pages::videos::VideosPage;
    TEAM: team in library, "Team", "the team" => crate::pages::team::TeamPage;
    HEALTH: health in library, "Health", "the server's health" => crate::pages::health::HealthPage;
    KEYS: keys in library, "Keys", "the keys" => crate::parts::key_sheet::KeySheetBody;
    PALETTE: palette in library, "Find", "the palette" => crate::parts::palette::PaletteBody;
    TOUR: tour in library, "Tour", "the tour" => crate::parts::tour::TourCard;
    NEW_RUN: new_run in forms, "New run", "the form" => crate::pages::new_run::NewRunPage;
    STUDIO: studio in forms, "Task studio", "Task studio" => crate::pages::studio::StudioPage;
}

impl Screen {
    /// The screen, or what is shown in its frame until it came.
    pub fn view(&'static self) -> AnyView {
        self.within(|name, body| {
            view! { <Page crumbs=vec![Crumb::here(name)]>{body}</Page> }.into_any()
        })
    }

    /// The same for what is no screen of its own but a part of all.
    pub fn piece(&'static self) -> AnyView {
        self.within(|_, body| body)
    }

    /// The same, and nothing until it came.
    pub fn later(&'static self) -> AnyView {
        self.within(|_, _| ().into_any())
    }

    fn within(&'static self, frame: fn(&'static str, AnyView) -> AnyView) -> AnyView {
        if let Some(draw) = self.draw.get() {
            return draw();
        }
        let got = RwSignal::new(Remote::Loading);
        let fetch = move || {
            leptos::task::spawn_local(async move {
                let found = self.fetch().await.into();
                let _ = got.try_set(found);
            });
        };
        fetch();
        let retry = Callback::new(move |()| {
            got.set(Remote::Loading);
            fetch();
        });
        (move || match got.get() {
            Remote::Ready(draw) => draw(),
            waiting => frame(self.name, remote_view(waiting, self.what, retry, |draw| draw())),
        })
        .into_any()
    }

    async fn fetch(&'static self) -> Result<Draw, Fault> {
        if let Some(draw) = self.draw.get() {
            return Ok(*draw);
        }
        let draw = (self.fetch)().await.map_err(|_| Fault {
            code: "screen_missing".to_owned(),
            ..Fault::new(FaultKind::Incomplete, "This part of the page did not arrive.")
        })?;
        Ok(*self.draw.get_or_init(|| draw))
    }
}

/// Fetches the screen of an address at once, beside the question of who reads it.
pub fn fetch_first(path: &str) {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let screen: &'static Screen = match parts[..] {
        ["runs", "new"] => &NEW_RUN,
        ["runs", _] => &RUN,
        ["runs", _, "steps", ..] => &GROUP,
        ["compare"] => &COMPARE,
        ["videos"] => &VIDEOS,
        ["studio"] => &STUDIO,
        ["failures"] => &FAILURES,
        ["review", ..] => &REVIEW,
        ["team"] => &TEAM,
        ["health"] => &HEALTH,
        _ => return,
    };
    leptos::task::spawn_local(async move {
        // What does not come is asked for again when it is shown.
        let _ = screen.fetch().await;
    });
}

/// Fetches the screens one after the other while nothing else is asked for, so that they open at
/// once. What cannot be fetched now is fetched when it is opened.
pub fn fetch_ahead() {
    leptos::task::spawn_local(async {
        TimeoutFuture::new(HEAD_START).await;
        for screen in ALL {
            if screen.fetch().await.is_err() {
                return;
            }
        }
    });
}
