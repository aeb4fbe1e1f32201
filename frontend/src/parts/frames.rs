//! The frames a video element puts on the screen, told one by one.
//!
//! `timeupdate` comes a few times a second; a clip at eight pictures a second needs better.
//! Browsers offer `requestVideoFrameCallback` for it, each call good for one frame. It is
//! looked up by name, so a browser without it gives `None` instead of an exception.

use js_sys::{Function, Reflect};
use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A running subscription; dropping it ends it.
pub struct Frames {
    video: web_sys::HtmlVideoElement,
    /// What the browser calls, with (now, metadata).
    _on_frame: Closure<dyn FnMut(JsValue, JsValue)>,
    /// The newest order, which is the one to be called off.
    order: Rc<Cell<f64>>,
}

fn method(video: &web_sys::HtmlVideoElement, name: &str) -> Option<Function> {
    Reflect::get(video, &name.into()).ok()?.dyn_into().ok()
}

impl Frames {
    /// Calls `shown` with the media time, seconds, of every frame shown from now on.
    pub fn of(
        video: &web_sys::HtmlVideoElement,
        mut shown: impl FnMut(f64) + 'static,
    ) -> Option<Self> {
        let ask = method(video, "requestVideoFrameCallback")?;
        let order = Rc::new(Cell::new(0.0));
        // The callback orders the next frame with its own JavaScript handle.
        let handle = Rc::new(OnceCell::<Function>::new());
        let renew = {
            let (video, order, handle) = (video.clone(), order.clone(), handle.clone());
            move || {
                let id = handle.get().and_then(|handle| ask.call1(&video, handle).ok());
                order.set(id.and_then(|id| id.as_f64()).unwrap_or(0.0));
            }
        };
        let again = renew.clone();
        let on_frame = Closure::<dyn FnMut(JsValue, JsValue)>::new(move |_now, frame: JsValue| {
            let secs = Reflect::get(&frame, &"mediaTime".into()).ok();
            if let Some(secs) = secs.and_then(|secs| secs.as_f64()) {
                shown(secs);
            }
            again();
        });
        let _ = handle.set(on_frame.as_ref().unchecked_ref::<Function>().clone());
        renew();
        Some(Self { video: video.clone(), _on_frame: on_frame, order })
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        if let Some(call_off) = method(&self.video, "cancelVideoFrameCallback") {
            let _ = call_off.call1(&self.video, &self.order.get().into());
        }
    }
}
