//! Frames cut out of an atlas picture: one SVG, no style attributes, any fit.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

/// A picture that holds all frames of a strip side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Atlas {
    /// Where it is fetched.
    pub url: String,
    /// Width and height of a frame, pixels.
    pub frame: (f64, f64),
    /// Number of frames.
    pub frames: u32,
    /// Frames in a row.
    pub columns: u32,
}

impl Atlas {
    /// The part of the picture that holds a slot, as an SVG view box.
    pub fn view_box(&self, slot: u32) -> String {
        let (w, h) = self.frame;
        let slot = slot.min(self.frames.saturating_sub(1));
        let (row, column) = (f64::from(slot / self.columns), f64::from(slot % self.columns));
        format!("{} {} {w} {h}", column * w, row * h)
    }

    /// The part of the picture that holds a tile of a frame cut into `grid` x `grid`.
    pub fn tile_box(&self, slot: u32, grid: u32, tile: u32) -> String {
        let (w, h) = (self.frame.0 / f64::from(grid.max(1)), self.frame.1 / f64::from(grid.max(1)));
        let x = f64::from(slot) * self.frame.0 + f64::from(tile % grid.max(1)) * w;
        format!("{x} {} {w} {h}", f64::from(tile / grid.max(1)) * h)
    }
}

/// Loads an atlas in one row and finds out how large its frames are; `None` until then, or for
/// good where it cannot be had.
pub fn use_atlas(url: String) -> ReadSignal<Option<Atlas>> {
    let (atlas, set_atlas) = signal(None);
    let columns = shared::api::ATLAS_COLUMNS;
    load_atlas(url, columns, columns, move |loaded| {
        // The view may be gone by now.
        let _ = set_atlas.try_set(loaded);
    });
    atlas
}

/// Loads a picture of so many frames in rows of at most `columns`; `None` where it cannot be had.
pub fn load_atlas(
    url: String,
    frames: u32,
    columns: u32,
    done: impl FnOnce(Option<Atlas>) + 'static,
) {
    let Ok(picture) = document().create_element("img") else { return done(None) };
    let columns = columns.min(frames).max(1);
    let ended = {
        let (picture, url) = (picture.clone(), url.clone());
        Closure::once_into_js(move || {
            let natural = |name: &str| {
                let size = js_sys::Reflect::get(&picture, &name.into()).ok()?;
                size.as_f64().filter(|size| *size > 0.0)
            };
            let size = natural("naturalWidth").zip(natural("naturalHeight"));
            let atlas = size.map(|(w, h)| {
                let rows = f64::from(frames.div_ceil(columns).max(1));
                Atlas { url, frame: (w / f64::from(columns), h / rows), frames, columns }
            });
            done(atlas);
        })
    };
    for event in ["load", "error"] {
        let _ = picture.add_event_listener_with_callback(event, ended.unchecked_ref());
    }
    let _ = picture.set_attribute("src", &url);
}

/// One frame of an atlas, filling its box.
#[component]
pub fn AtlasFrame(
    /// The picture.
    atlas: Atlas,
    /// Which frame.
    #[prop(into)]
    at: Signal<u32>,
    /// `slice` fills the box and cuts, `meet` shows all.
    #[prop(default = "xMidYMid slice")]
    fit: &'static str,
) -> impl IntoView {
    let window = {
        let atlas = atlas.clone();
        move || atlas.view_box(at.get())
    };
    view! { <AtlasWindow atlas window=Signal::derive(window) fit/> }
}

/// A tile of a frame, filling its box.
#[component]
pub fn AtlasTile(
    /// The picture.
    atlas: Atlas,
    /// Tiles along each side.
    grid: u32,
    /// Which tile of the first frame.
    tile: u32,
    /// As for [`AtlasFrame`].
    #[prop(default = "xMidYMid slice")]
    fit: &'static str,
) -> impl IntoView {
    let window = atlas.tile_box(0, grid, tile);
    view! { <AtlasWindow atlas window=Signal::stored(window) fit/> }
}

#[component]
fn AtlasWindow(atlas: Atlas, window: Signal<String>, fit: &'static str) -> impl IntoView {
    let rows = atlas.frames.div_ceil(atlas.columns).max(1);
    let (width, height) =
        (atlas.frame.0 * f64::from(atlas.columns), atlas.frame.1 * f64::from(rows));
    view! {
        <svg class="atlas-frame" viewBox=window preserveAspectRatio=fit aria-hidden="true">
            <image href=atlas.url width=width height=height preserveAspectRatio="none"></image>
        </svg>
    }
}

/// A stretch of the strip as a row of frames, evenly spread.
#[component]
pub fn Film(
    /// The picture.
    atlas: Atlas,
    /// How many frames are shown.
    #[prop(default = 12)]
    columns: u32,
    /// The first frame of the stretch.
    #[prop(default = 0)]
    from: u32,
    /// Frames of the stretch; all places of the picture unless said otherwise.
    #[prop(default = shared::api::ATLAS_COLUMNS)]
    frames: u32,
) -> impl IntoView {
    let columns = columns.clamp(1, frames.max(1));
    let per = f64::from(frames) / f64::from(columns);
    let cell = move |column: u32| {
        let at = from + ((f64::from(column) + 0.5) * per).floor() as u32;
        view! { <AtlasFrame atlas=atlas.clone() at=at/> }
    };
    view! { <div class="film">{(0..columns).map(cell).collect_view()}</div> }
}
