//! The way back from what was just done to a label: another operation in the label log.

use crate::logic::draft::way_back;
use crate::logic::waiting::saved_words;
use crate::parts::draft::why_it_waits;
use crate::state::outbox::{Outbox, Sent};
use crate::state::toast::Toasts;
use shared::annotation::{Action, Label, Op};

/// Says what became of a label, with undo where that leads back to what was.
///
/// `taken_back` is called where a submission or a decision was undone, for what it said to be
/// written on.
pub fn tell(
    (outbox, toasts): (Outbox, Toasts),
    op: &Op,
    before: Option<&Label>,
    now: &Label,
    taken_back: impl Fn() + Clone + Send + Sync + 'static,
) {
    let words = format!("{}.", saved_words(op));
    // Who has just decided is the reader.
    let decided = now.reviewer.as_ref().map(|who| who.id);
    let Some(action) = way_back(&op.action, before, decided) else {
        toasts.say(words);
        return;
    };
    let back = Op { target: op.target.clone(), base_version: now.version, action };
    toasts.done("label", words, move || {
        send_back((outbox, toasts), back.clone(), taken_back.clone());
    });
}

fn send_back((outbox, toasts): (Outbox, Toasts), back: Op, taken_back: impl Fn() + 'static) {
    leptos::task::spawn_local(async move {
        let words = saved_words(&back);
        let unsaid = !matches!(back.action, Action::Submit { .. });
        match outbox.send(back).await {
            Sent::Taken(_) => {
                toasts.say(format!("{words}."));
                // The form follows the label first.
                leptos::task::tick().await;
                if unsaid {
                    taken_back();
                }
            }
            Sent::Waits(fault) => toasts.warn(why_it_waits(fault.kind, &fault.message)),
            Sent::Refused(fault) => toasts.warn(format!("It was not undone. {}", fault.message)),
        }
    });
}
