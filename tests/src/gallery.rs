//! Every screen of the page over a data folder that fills them all, and what must hold on each.

use crate::browser::{Browser, id};
use crate::synth::{End, Folder, Plan};
use anyhow::{Result, ensure};
use shared::annotation::{Action, Op, Role, RolloutRef, Tag};
use shared::api::Person;
use shared::event::Phase;
use shared::task::TaskKind;
use std::path::Path;

/// Pixels of a desk and of a phone.
pub const SIZES: [(u32, u32); 2] = [(1440, 900), (390, 844)];

/// How things are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// As people call them.
    Usual,
    /// With 80 letters, most of them in one word.
    Long,
}

impl Names {
    /// The name of a thing that people would call `usual`.
    fn of(self, usual: &str) -> String {
        match self {
            Self::Usual => usual.to_owned(),
            Self::Long => {
                let word = "abcdefghijklmnopqrstuvwxyz0123456789".repeat(3);
                format!("{usual} {word}").chars().take(80).collect()
            }
        }
    }
}

/// A screen of the page.
#[derive(Clone, Debug)]
pub struct Screen {
    /// Its name, also in the names of files.
    pub name: &'static str,
    /// Its address without the server.
    pub path: String,
    /// What is there once it shows what it has.
    pub ready: String,
}

/// A data folder with something for every screen.
pub struct Gallery {
    /// The folder.
    pub folder: Folder,
    /// A finished run.
    pub run: String,
    /// Another one with the same questions in its evaluations.
    pub other: String,
    /// Step and group of `run` with a label that waits for review.
    pub label: RolloutRef,
}

impl Gallery {
    /// Fills a folder.
    pub fn fill(root: &Path, names: Names) -> Result<Self> {
        let mut folder = Folder::create(root)?;
        let clips = ["rabbit-animation.mp4", "race-car-1906.ogv", "city-night-mpeg4.avi"];
        for clip in clips {
            folder.add_clip(&crate::synth::clip(clip), &names.of(clip))?;
        }
        let annotator = folder.add_person(&names.of("Bo Lindqvist"), Role::Annotator)?;
        folder.add_person(&names.of("Chidi Okafor"), Role::Reviewer)?;
        folder.add_person("Dana", Role::Viewer)?;
        let run = folder.add_run(usual(&names.of("Wider groups")))?;
        let mut plan = usual(&names.of("Lower rate"));
        plan.config.optim.learning_rate /= 4.0;
        let other = folder.add_run(plan)?;
        for (name, end) in ends() {
            folder.add_run(Plan { end, ..Plan::new(&names.of(name), 30, 2, 8) })?;
        }
        let label = tagged(&folder, &run, &annotator)?;
        Ok(Self { folder, run, other, label })
    }

    /// Every screen with something on it.
    pub fn screens(&self) -> Vec<Screen> {
        let Self { run, other, label, .. } = self;
        let RolloutRef { step, group, rollout, .. } = label;
        let picture = format!("{} image[href*=\"size=\"]", id("clip"));
        [
            ("new-run", "/runs/new".into(), id("takes-memory")),
            ("runs", "/runs".into(), id("run-row")),
            ("run", format!("/runs/{run}"), id("feed-item")),
            ("group", format!("/runs/{run}/steps/{step}/groups/{group}"), picture.clone()),
            ("compare", format!("/compare?a={other}&b={run}"), id("forest")),
            ("videos", "/videos".into(), id("video-row")),
            ("studio", "/studio".into(), picture.clone()),
            ("failures", "/failures".into(), id("failure-row")),
            ("review", format!("/review/{run}/{step}/{group}/{rollout}"), picture),
            ("team", "/team".into(), id("person-row")),
            ("health", "/health".into(), id("storage-row")),
        ]
        .map(|(name, path, ready)| Screen { name, path, ready })
        .to_vec()
    }
}

fn usual(name: &str) -> Plan {
    let mut plan = Plan::new(name, 120, 4, 8);
    plan.config.vision.measure = 0.5;
    plan
}

/// Runs that ended in other ways.
fn ends() -> [(&'static str, End); 3] {
    let cause = "the gradient is not finite in 3 steps of 3".to_owned();
    [
        ("Stopped by hand", End::Stopped(21)),
        ("Too high a rate", End::Failed(12, Phase::Update, cause)),
        ("Waits for a GPU", End::Queued),
    ]
}

/// Labels in every state; gives one that waits.
fn tagged(folder: &Folder, run: &str, annotator: &Person) -> Result<RolloutRef> {
    let note = "Starts a second before the picture turns.";
    let mut waiting = None;
    for step in [3, 7, 11, 15, 40] {
        let group = folder.store.group(run, step, 1)?.group;
        let worst = group.rollouts.iter().min_by(|a, b| a.reward.total.total_cmp(&b.reward.total));
        let rollout = worst.map_or(0, |rollout| rollout.index);
        let target = RolloutRef { run: run.into(), step, group: 1, rollout };
        let kind = group.sample.spec.task.kind();
        let tags = vec![Tag::keys(kind)[(step % 4) as usize]];
        let act = |base_version, action| Op { target: target.clone(), base_version, action };
        let at = crate::synth::EPOCH + 1000.0 + step as f64;
        folder.store.label(act(0, Action::Submit { tags, note: note.into() }), annotator, at)?;
        let answer = match step {
            7 => Action::Accept { comment: "Yes.".into() },
            11 => Action::AskChanges { comment: "It is late, not early.".into() },
            _ => {
                if waiting.is_none() || kind == TaskKind::Grounding {
                    waiting = Some(target);
                }
                continue;
            }
        };
        folder.store.label(act(1, answer), &folder.admin, at + 0.5)?;
    }
    waiting.ok_or_else(|| anyhow::anyhow!("no label waits"))
}

/// What reaches over the edge of the page: the page as a whole, its body, and the elements that do
/// it. What scrolls by itself, such as a table, may.
const OVERFLOW: &str = "
    const found = [];
    const wide = (what, it) => {
      if (it && it.scrollWidth > it.clientWidth) found.push(`${what}: ${it.scrollWidth} of ${it.clientWidth} px`);
    };
    wide('page', document.scrollingElement);
    wide('body', document.querySelector('main'));
    if (document.scrollingElement.scrollWidth > innerWidth) found.push('wider than the window');
    if (!found.length) return found;
    const scrolls = (it) => {
      for (let up = it.parentElement; up && up.tagName !== 'MAIN'; up = up.parentElement)
        if (getComputedStyle(up).overflowX !== 'visible') return true;
      return false;
    };
    for (const it of document.querySelectorAll('body *')) {
      const box = it.getBoundingClientRect();
      if (box.width && box.right > innerWidth + 1 && !scrolls(it)) {
        const id = it.dataset?.testid ? `[${it.dataset.testid}]` : '';
        found.push(`${it.tagName.toLowerCase()}.${it.getAttribute('class') ?? ''}${id} ends at ${Math.round(box.right)}`);
      }
    }
    return found.slice(0, 12);";

/// What is wrong with the screens that were looked at: all of it is told together.
#[derive(Default)]
pub struct Report(Vec<String>);

impl Report {
    /// Notes what is wrong.
    pub fn note(&mut self, words: String) {
        self.0.push(words);
    }

    /// Notes what lies beside the page at any of the sizes; leaves the first of them.
    pub async fn fits(&mut self, browser: &Browser, what: &str) -> Result<()> {
        for size in SIZES {
            browser.resize(size).await?;
            let found = browser.script(OVERFLOW, vec![]).await?;
            if found.as_array().is_none_or(|found| !found.is_empty()) {
                self.note(format!("{what} at {} px reaches over its edge: {found:#}", size.0));
            }
        }
        browser.resize(SIZES[0]).await
    }

    /// Notes what the console said since it was asked last, but for what may be.
    pub async fn silent(
        &mut self,
        browser: &Browser,
        what: &str,
        may: impl Fn(&str) -> bool,
    ) -> Result<()> {
        let complaints = browser.console().await?;
        let found = complaints.into_iter().filter(|line| !may(line));
        found.for_each(|line| self.note(format!("{what}: the console says {line}")));
        Ok(())
    }

    /// Fails where anything was noted.
    pub fn told(self) -> Result<()> {
        ensure!(self.0.is_empty(), "{}", self.0.join("\n"));
        Ok(())
    }
}
