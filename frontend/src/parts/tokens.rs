//! The answer token by token: how sure the policy was of each.

use crate::logic::format;
use crate::parts::stage::Stage;
use leptos::prelude::*;
use shared::rollout::Finish;

/// What the cells show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Probability,
    Entropy,
}

/// A token's text as a cell shows it: white space and the end made visible.
fn visible(piece: &str) -> String {
    match piece {
        "" => "∅".into(),
        "\n" => "⏎".into(),
        piece if piece.starts_with("<|") && piece.ends_with("|>") => "⏎".into(),
        piece => piece.replace(' ', "·").replace('\n', "⏎"),
    }
}

/// The token strip of the chosen rollout.
#[component]
pub fn Tokens(stage: Stage) -> impl IntoView {
    let measure = RwSignal::new(Measure::Probability);
    let at = RwSignal::new(0usize);
    Effect::new(move |_| {
        stage.chosen.track();
        at.set(0);
    });
    let pick = move |wanted: Measure, name: &'static str| {
        view! {
            <button aria-pressed=move || (measure.get() == wanted).to_string()
                on:click=move |_| measure.set(wanted)>{name}</button>
        }
    };
    let cells = move || {
        let tokens = stage.rollout(|r| {
            let scores = r.logprobs.iter().zip(&r.entropies);
            r.pieces.iter().zip(scores).map(|(p, (l, e))| (p.clone(), *l, *e)).collect::<Vec<_>>()
        });
        let tokens = tokens.unwrap_or_default();
        tokens.into_iter().enumerate().map(|(i, token)| cell(i, token, measure, at)).collect_view()
    };
    let cut = move || {
        let cut = stage.rollout(|r| r.finish == Finish::Length).unwrap_or(false);
        cut.then(|| view! { <span class="dim">"cut off at the longest answer"</span> })
    };
    view! {
        <section>
            <div class="row head"><h2>"Tokens"</h2><span class="grow"></span>
                <span class="seg">
                    {pick(Measure::Probability, "Probability")}{pick(Measure::Entropy, "Entropy")}
                </span>
            </div>
            <div class="tokens">{cells}</div>
            <div class="alts num">{move || detail(stage, at.get())}{cut}</div>
        </section>
    }
}

/// The numbers of one token.
fn detail(stage: Stage, i: usize) -> Option<impl IntoView + use<>> {
    let found = stage.rollout(|r| {
        let piece = r.pieces.get(i)?;
        Some((visible(piece), *r.logprobs.get(i)?, *r.entropies.get(i)?))
    });
    let (piece, logprob, entropy) = found.flatten()?;
    let probability = format::fixed(f64::from(logprob).exp(), 2);
    Some(view! {
        <span><b>{piece}</b>" drawn with "{probability}</span>
        <span class="dim">{format!("entropy {} nats", format::short(f64::from(entropy)))}</span>
    })
}

fn cell(
    i: usize,
    (piece, logprob, entropy): (String, f32, f32),
    measure: RwSignal<Measure>,
    at: RwSignal<usize>,
) -> impl IntoView {
    let share = move || match measure.get() {
        Measure::Probability => f64::from(logprob).exp(),
        // 2.3 nats: as undecided as between the ten digits.
        Measure::Entropy => (f64::from(entropy) / 2.303).min(1.0),
    };
    let text = visible(&piece);
    let label = format!("Token {}, {}", i + 1, text);
    view! {
        <button class:at=move || at.get() == i data-testid="token" aria-label=label
            style:--d=move || format!("{:.3}", share())
            on:click=move |_| at.set(i) on:pointerenter=move |_| at.set(i)>
            <b>{text}</b><i></i>
        </button>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_made_visible() {
        assert_eq!(visible("<|im_end|>"), "⏎");
        assert_eq!(visible(" to"), "·to");
        assert_eq!(visible("4"), "4");
    }
}
