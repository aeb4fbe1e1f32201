//! The chart code beside the page (`static/js/plot.js`, which draws with uPlot): fetched when
//! the first chart is shown, so that no other page waits for it.

use crate::logic::format;
use js_sys::{Array, Float64Array, Function, Object, Promise, Reflect};
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(inline_js = "export const loadPlots = () => import('/js/plot.js');")]
extern "C" {
    #[wasm_bindgen(js_name = loadPlots)]
    fn load() -> Promise;
}

#[wasm_bindgen]
extern "C" {
    /// All charts of a page: they share zoom, cursor and the scrubbed step.
    pub type Group;
    /// A chart in a host element; its legend is filled with values.
    #[wasm_bindgen(method)]
    pub fn chart(
        this: &Group,
        host: &web_sys::Element,
        legend: &web_sys::Element,
        options: &Object,
    ) -> Chart;
    #[wasm_bindgen(method)]
    fn at(this: &Group, step: f64);
    #[wasm_bindgen(method)]
    fn smooth(this: &Group, keep: f64);
    #[wasm_bindgen(method)]
    fn reset(this: &Group);
    #[wasm_bindgen(method)]
    fn free(this: &Group);

    /// One chart.
    pub type Chart;
    /// All numbers anew.
    #[wasm_bindgen(method)]
    pub fn set(this: &Chart, steps: &Float64Array, columns: &Array);
    /// More steps at the end.
    #[wasm_bindgen(method)]
    pub fn add(this: &Chart, steps: &Float64Array, columns: &Array);
    /// Logarithmic or linear.
    #[wasm_bindgen(method, js_name = setLog)]
    pub fn set_log(this: &Chart, log: bool);
    /// Ends it.
    #[wasm_bindgen(method)]
    pub fn free(this: &Chart);
}

/// Steps that the smoothed curve is averaged over; the first one turns it off.
pub const WINDOWS: [u32; 9] = [1, 3, 5, 10, 20, 40, 80, 160, 320];

/// The charts of a page, from context.
#[derive(Clone, Copy)]
pub struct Plots {
    group: StoredValue<Option<SendWrapper<Group>>>,
    /// Whether charts can be drawn.
    pub ready: RwSignal<bool>,
    /// Why they cannot be.
    pub fault: RwSignal<Option<String>>,
    /// Steps that are zoomed to.
    pub range: RwSignal<Option<(u64, u64)>>,
    /// Which of [`WINDOWS`].
    pub window: RwSignal<usize>,
    /// The chart that fills the page.
    pub big: RwSignal<Option<&'static str>>,
}

impl Plots {
    /// Provides charts that show the step `at`; a click on one asks for another.
    pub fn provide(at: RwSignal<Option<u64>>, scrub: Callback<u64>) -> Self {
        let plots = Self {
            group: StoredValue::new(None),
            ready: RwSignal::new(false),
            fault: RwSignal::new(None),
            range: RwSignal::new(None),
            window: RwSignal::new(4),
            big: RwSignal::new(None),
        };
        provide_context(plots);
        leptos::task::spawn_local(async move {
            match begin(plots, scrub).await {
                // The page may be gone.
                Ok(group) if plots.group.try_with_value(|_| ()).is_some() => {
                    plots.group.set_value(Some(SendWrapper::new(group)));
                    plots.ready.set(true);
                }
                Ok(group) => group.free(),
                Err(error) => {
                    let why = error.as_string().or_else(|| {
                        let message = Reflect::get(&error, &"message".into()).ok()?;
                        message.as_string()
                    });
                    let _ = plots.fault.try_set(Some(why.unwrap_or_default()));
                }
            }
        });
        Effect::new(move |_| {
            let step = at.get().map_or(f64::NAN, |step| step as f64);
            plots.ready.get();
            plots.with(|group| group.at(step));
        });
        Effect::new(move |_| {
            let window = f64::from(WINDOWS[plots.window.get().min(WINDOWS.len() - 1)]);
            plots.ready.get();
            plots.with(|group| group.smooth(1.0 - 2.0 / (window + 1.0)));
        });
        on_cleanup(move || {
            plots.with(Group::free);
            plots.group.set_value(None);
        });
        plots
    }

    /// Works with the charts, once they are there.
    pub fn with<T>(self, work: impl FnOnce(&Group) -> T) -> Option<T> {
        self.group.try_with_value(|group| group.as_ref().map(|group| work(group))).flatten()
    }

    /// Shows all steps again.
    pub fn reset(self) {
        self.with(Group::reset);
    }
}

async fn begin(plots: Plots, scrub: Callback<u64>) -> Result<Group, JsValue> {
    let module = JsFuture::from(load()).await?;
    let value = Closure::<dyn Fn(f64) -> String>::new(format::short);
    let whole =
        Closure::<dyn Fn(f64) -> String>::new(|step: f64| format::whole(step.max(0.0) as u64));
    let tell = Closure::<dyn Fn(String, f64, f64)>::new(move |what: String, a: f64, b: f64| {
        match what.as_str() {
            "range" => {
                let range = (!a.is_nan()).then_some((a as u64, b as u64));
                let _ = plots.range.try_set(range);
            }
            _ => scrub.run(a as u64),
        }
    });
    let make: Function = Reflect::get(&module, &"Group".into())?.dyn_into()?;
    // The group keeps them for as long as the page's code lives.
    let given = Array::of3(&value.into_js_value(), &whole.into_js_value(), &tell.into_js_value());
    Reflect::construct(&make, &given).map(JsCast::unchecked_into)
}
