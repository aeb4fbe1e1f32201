//! Small things only a browser knows: clock, address, clipboard, whether somebody types.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

/// Unix time, seconds.
pub fn now_secs() -> f64 {
    js_sys::Date::now() / 1e3
}

/// Milliseconds on a clock that never goes back, for measuring.
pub fn now_ms() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}

/// Time of day of a moment in the reader's zone.
pub fn local_time(unix_secs: f64) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(unix_secs * 1e3));
    crate::logic::format::time_of_day(unix_secs, date.get_timezone_offset())
}

/// Date and time of a moment in the reader's zone and language.
pub fn local_date_time(unix_secs: f64) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(unix_secs * 1e3));
    String::from(date.to_locale_string("default", &JsValue::UNDEFINED))
}

/// A clock that ticks while somebody looks, for "2 s ago".
pub fn use_now(every_ms: u64) -> ReadSignal<f64> {
    let (now, set_now) = signal(now_secs());
    let tick = move || set_now.set(now_secs());
    if let Ok(handle) = set_interval_with_handle(tick, std::time::Duration::from_millis(every_ms)) {
        on_cleanup(move || handle.clear());
    }
    now
}

/// Scheme, host and port of the page.
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Changes the address without a navigation, so that the view can be shared.
pub fn show_address(path_and_query: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(path_and_query));
    }
}

/// A value of the address's query.
pub fn query_value(name: &str) -> Option<String> {
    let search = window().location().search().ok()?;
    web_sys::UrlSearchParams::new_with_str(&search).ok()?.get(name)
}

/// Puts text on the clipboard; `false` where the browser refuses.
pub async fn copy(text: String) -> bool {
    // Absent outside a secure context, where `navigator.clipboard` would throw.
    if !window().is_secure_context() {
        return false;
    }
    let promise = window().navigator().clipboard().write_text(&text);
    wasm_bindgen_futures::JsFuture::from(promise).await.is_ok()
}

/// Whether an event comes from a place where letters are text.
pub fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    let Some(element) = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok()) else {
        return false;
    };
    let kind = element.get_attribute("type").unwrap_or_default();
    match element.tag_name().as_str() {
        "TEXTAREA" | "SELECT" => true,
        "INPUT" => !matches!(kind.as_str(), "checkbox" | "radio" | "button" | "file" | "range"),
        _ => false,
    }
}

/// Whether a dialog is open, which then owns the keys.
pub fn dialog_open() -> bool {
    document().query_selector("dialog[open]").ok().flatten().is_some()
}

/// Whether space or enter would press the focused thing.
pub fn is_pressable(event: &web_sys::KeyboardEvent) -> bool {
    let element = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|e| matches!(e.tag_name().as_str(), "BUTTON" | "A" | "SUMMARY"))
}

/// Whether the screen is laid out in one column, which scrolls.
pub fn is_narrow() -> bool {
    let width = window().inner_width().ok().and_then(|width| width.as_f64());
    width.is_some_and(|width| width <= 900.0)
}

/// Listens to keys on the whole page while the caller's view lives.
pub fn on_keys(handle: impl Fn(web_sys::KeyboardEvent) + 'static) {
    let listener = window_event_listener(leptos::ev::keydown, handle);
    on_cleanup(move || listener.remove());
}
