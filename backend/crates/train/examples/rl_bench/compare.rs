//! All sides in turn over batches of several sizes, and what their medians say.

use crate::arguments::Arguments;
use crate::batch::Batch;
use crate::machine::Machine;
use crate::report::median;
use crate::sides::{Case, Figures, SIDES, Sides};
use crate::work::Work;
use crate::{Fallible, dump, fresh};
use policy::PolicyConfig;
use std::path::{Path, PathBuf};

/// Prompts of every batch.
const PROMPTS: usize = 8;
/// Rounds in a process with the small policy; the first warms up.
const SMALL: usize = 4;
/// With the large one, of which a step takes minutes on some sides.
const LARGE: usize = 2;

struct Bench {
    sides: Sides,
    policy: PathBuf,
    videos: Vec<PathBuf>,
    work: tempfile::TempDir,
    times: usize,
}

/// PYTHON RL_STEP POLICY VIDEO... [--only] [--rounds] [--threads]
pub fn all(mut arguments: Arguments) -> Fallible<()> {
    let threads = arguments.threads()?;
    let (only, times) = (arguments.option::<String>("only")?, arguments.option("rounds")?);
    let bench = Bench {
        sides: Sides {
            python: arguments.next("a Python")?.into(),
            rl_step: arguments.next("rl_step.py")?.into(),
            threads,
        },
        policy: arguments.next("the folder of a policy")?.into(),
        videos: arguments.rest().into_iter().map(PathBuf::from).collect(),
        work: tempfile::tempdir()?,
        times: times.unwrap_or(3),
    };
    arguments.done()?;
    type Part = fn(&Bench) -> Fallible<()>;
    let parts: [(&str, Part); 4] = [
        ("small", |bench| bench.small()),
        ("large", |bench| bench.large()),
        ("group", |bench| bench.groups()),
        ("frames", |bench| bench.frames()),
    ];
    if let Some(only) = only.as_deref().filter(|only| parts.iter().all(|(name, _)| name != only)) {
        return Err(format!("--only {only}: the parts are small, large, group and frames").into());
    }
    warn_if_busy();
    let chosen = |name: &str| only.as_deref().is_none_or(|only| only == name);
    parts.iter().filter(|(name, _)| chosen(name)).try_for_each(|(_, part)| part(&bench))
}

impl Bench {
    /// The policy that comes with the program.
    fn small(&self) -> Fallible<()> {
        let case = self.case(&self.policy, [8, 48], SMALL)?;
        self.whole("the nano policy", &case)
    }

    /// Fifty million parameters.
    fn large(&self) -> Fallible<()> {
        let policy = self.work.path().join("large");
        fresh::folder(&self.policy, &policy)?;
        let case = self.case(&policy, [8, 48], LARGE)?;
        self.whole("an untrained policy", &case)
    }

    /// More answers to each prompt.
    fn groups(&self) -> Fallible<()> {
        let case = self.case(&self.policy, [16, 48], SMALL)?;
        head(&format!("seconds of a step as groups grow ({PROMPTS} prompts, nano)"));
        let mut steps = Vec::new();
        for group in [1, 2, 4, 8, 16] {
            let figures = self.sides.interleaved(&Case { group, ..case.clone() }, self.few())?;
            row(&format!("{group} answers"), &figures);
            steps.push(figures.map(|side| side.step()));
        }
        let growth = |side: usize| steps[3][side] / steps[0][side];
        println!(
            "8 answers beside 1: {:.2}x (goal 1.6x); standard {:.2}x, shared {:.2}x",
            growth(0),
            growth(1),
            growth(2)
        );
        Ok(())
    }

    /// Longer clips.
    fn frames(&self) -> Fallible<()> {
        head(&format!("seconds of a step as clips grow ({PROMPTS} prompts x 8 answers, nano)"));
        for frames in [16, 48, 96] {
            let case = self.case(&self.policy, [8, frames], SMALL)?;
            let figures = self.sides.interleaved(&case, self.few())?;
            row(&format!("{frames} frames"), &figures);
        }
        Ok(())
    }

    /// Turns where a side is mostly compared with itself.
    fn few(&self) -> usize {
        self.times.div_ceil(3)
    }

    /// Writes a batch of `[answers to each prompt, frames]`.
    fn case(&self, policy: &Path, [group, frames]: [usize; 2], rounds: usize) -> Fallible<Case> {
        let batch = self.work.path().join("batch.safetensors");
        dump::file(policy, &self.videos, [PROMPTS, group, frames], &batch)?;
        Ok(Case { policy: policy.into(), batch, group, rounds })
    }

    /// Everything about one batch.
    fn whole(&self, name: &str, case: &Case) -> Fallible<()> {
        let config = PolicyConfig::load(&case.policy)?;
        let groups = Batch::read(&case.batch, &config, None, None)?.groups;
        let machine = self.sides.machine()?;
        let figures = self.sides.interleaved(case, self.times)?;
        let millions = figures[0].parameters as f64 / 1e6;
        head(&format!(
            "a step of {PROMPTS} prompts x {} answers, {name} ({millions:.1} M parameters), {} threads: rollout + update = seconds",
            case.group, self.sides.threads
        ));
        row("48 frames", &figures);
        let work = Work::of(&config, &groups);
        let tokens: usize = groups.iter().flat_map(|g| &g.answers).map(|a| a.ids.len()).sum();
        rates(&figures, &work, &machine);
        floor(&figures[0], &work, &machine, figures[0].tokens / tokens as f64);
        agreement(&figures);
        Ok(())
    }
}

/// PyTorch's threads wait for each other by spinning: beside other work its times are far worse
/// than they need to be, and more so than ours.
fn warn_if_busy() {
    let others = (0..5).filter_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        running_besides_us()
    });
    let others = median(others.map(|n| n as f64).collect());
    if others >= 1.0 {
        println!(
            "{others} other programs run here: PyTorch's times below are worse than it can do"
        );
    }
}

/// Other threads that want a processor just now; only Linux says.
fn running_besides_us() -> Option<usize> {
    let load = std::fs::read_to_string("/proc/loadavg").ok()?;
    let (running, _) = load.split(' ').nth(3)?.split_once('/')?;
    Some(running.parse::<usize>().ok()?.saturating_sub(1))
}

fn head(title: &str) {
    println!("\n{title}");
    print!("{:12}", "");
    for side in SIDES {
        print!(" {side:>24}       ");
    }
    println!("   peak memory, MB");
}

fn row(name: &str, figures: &[Figures; 3]) {
    print!("{name:12}");
    for side in figures {
        let times = side.step() / figures[0].step();
        let parts = format!("{:.3} + {:.3} = {:.3}", side.rollout, side.update, side.step());
        print!(" {parts:>24} {times:5.1}x");
    }
    let [ours, standard, shared] = figures.each_ref().map(|side| side.peak_mb);
    println!("   {ours:.0} / {standard:.0} / {shared:.0}");
}

/// What was made in the time, and from what memory.
fn rates(figures: &[Figures; 3], work: &Work, machine: &Machine) {
    let [ours, standard, shared] = figures;
    println!(
        "tokens generated per second: {:.0}; standard {:.0}, shared {:.0}",
        ours.tokens / ours.rollout,
        standard.tokens / standard.rollout,
        shared.tokens / shared.rollout
    );
    println!(
        "memory before the first round, MB: {:.0}; standard {:.0}, shared {:.0} (PyTorch's libraries are most of it)",
        ours.base_mb, standard.base_mb, shared.base_mb
    );
    println!(
        "model FLOPs of a step: {:.1} G with prompts shared, {:.1} G without; per second {:.0} G, standard {:.0} G, shared {:.0} G; a large product makes {:.0} G",
        work.step() / 1e9,
        work.apart / 1e9,
        work.step() / ours.step() / 1e9,
        work.apart / standard.step() / 1e9,
        work.step() / shared.step() / 1e9,
        machine.flops_per_sec / 1e9
    );
}

/// Our generation beside what no program could do without: the operations of prompts and tokens
/// at the speed of a large product, or reading all weights once for each token at the speed of a
/// large copy, whichever takes longer. `drawn` is how many times the batch's tokens were drawn.
fn floor(ours: &Figures, work: &Work, machine: &Machine, drawn: f64) {
    let prompts = work.prefill / machine.flops_per_sec;
    // The answers that were timed are not the batch's, of which the work was counted.
    let arithmetic = work.decode * drawn / machine.flops_per_sec;
    let memory = (ours.longest - 1.0).max(0.0) * work.weight_bytes / machine.bytes_per_sec;
    let (larger, name) = match arithmetic > memory {
        true => (arithmetic, "arithmetic"),
        false => (memory, "memory"),
    };
    let beside = |secs: f64, floor: f64| {
        format!("{:.1} ms, floor {:.1} ms, {:.2}x", secs * 1e3, floor * 1e3, secs / floor)
    };
    println!("generation: {} (goal 1.5x)", beside(ours.rollout, prompts + larger));
    println!("    prompts and first tokens: {} (arithmetic)", beside(ours.first, prompts));
    println!(
        "    further tokens: {} ({name}; arithmetic {:.1} ms, {:.1} MB of weights at {:.1} GB/s for each of {:.0} tokens {:.1} ms)",
        beside(ours.rollout - ours.first, larger),
        arithmetic * 1e3,
        work.weight_bytes / 1e6,
        machine.bytes_per_sec / 1e9,
        ours.longest - 1.0,
        memory * 1e3
    );
}

/// Whether all sides computed the same, update after update.
fn agreement(figures: &[Figures; 3]) {
    let gap = |of: fn(&Figures) -> &Vec<f64>, least: f64| {
        let ours = of(&figures[0]);
        let beside = |side| {
            let pairs = ours.iter().zip(of(side));
            pairs.map(|(a, b)| (a - b).abs() / a.abs().max(least)).fold(0.0, f64::max)
        };
        figures.iter().map(beside).fold(0.0, f64::max)
    };
    // A loss may be nothing at all, where advantages cancel.
    let (loss, norm) = (gap(|side| &side.loss, 1e-2), gap(|side| &side.grad_norm, 1e-9));
    println!("loss differs by {loss:.1e} and gradient norm by {norm:.1e} at most (relative)");
    if loss > 1e-3 || norm > 1e-3 {
        println!("    the sides do not compute the same:");
        for (name, side) in SIDES.iter().zip(figures) {
            println!("    {name}: losses {:?}, norms {:?}", side.loss, side.grad_norm);
        }
    }
}
