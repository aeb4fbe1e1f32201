//! What a person sees while a command works: a spinner or a bar on a terminal, plain lines
//! elsewhere. All of it on standard error, and nobody reading it is no reason to end.

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

/// Between two pictures of a spinner.
const TICK: Duration = Duration::from_millis(120);

/// A spinner or a bar, gone when dropped.
pub struct Shown {
    bar: ProgressBar,
}

impl Shown {
    /// For work of unknown length, such as "decoding cat.mp4".
    pub fn spinner(doing: impl Display) -> Self {
        let bar = ProgressBar::new_spinner().with_finish(ProgressFinish::AndClear);
        bar.set_message(doing.to_string());
        bar.enable_steady_tick(TICK);
        Self { bar }
    }

    /// For work of `length` parts; the template is indicatif's.
    pub fn bar(length: u64, template: &str) -> Self {
        let bar = ProgressBar::new(length).with_finish(ProgressFinish::AndClear);
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(TICK);
        Self { bar }
    }

    /// How far it is, and what is being done.
    pub fn at(&self, position: u64, doing: impl Display) {
        self.bar.set_position(position);
        self.doing(doing);
    }

    /// What is being done.
    pub fn doing(&self, doing: impl Display) {
        self.bar.set_message(doing.to_string());
    }

    /// A line that stays: above the bar, or by itself where there is no terminal.
    pub fn line(&self, text: impl Display) {
        if self.bar.is_hidden() { note(text) } else { self.bar.println(text.to_string()) }
    }
}

/// One line on standard error.
pub fn note(text: impl Display) {
    // Whoever closed it does not want to know.
    let _ = writeln!(std::io::stderr(), "{text}");
}
