//! Curves the size of a word. Large ones: `parts::plot`.

use crate::logic::series::spark_path;
use leptos::prelude::*;

/// A curve the size of a word.
#[component]
pub fn Spark(
    /// The values, in order.
    values: Vec<f64>,
    /// CSS class that carries its colour.
    #[prop(default = "")]
    class: &'static str,
) -> impl IntoView {
    view! {
        <svg class=format!("spark {class}") viewBox="0 0 68 30" preserveAspectRatio="none" aria-hidden="true">
            <path d=spark_path(&values, 68.0, 30.0) vector-effect="non-scaling-stroke"></path>
        </svg>
    }
}
