//! An address that leads nowhere.

use crate::parts::shell::{Crumb, Page};
use crate::parts::states::Empty;
use leptos::prelude::*;

/// Says so, and offers the way back.
#[component]
pub fn MissingPage() -> impl IntoView {
    view! {
        <Page crumbs=vec![Crumb::here("Not found")]>
            <Empty title="There is nothing at this address" text="The link may be cut short, or the thing was removed.">
                <a class="btn primary" href="/runs">"Go to the runs"</a>
            </Empty>
        </Page>
    }
}
