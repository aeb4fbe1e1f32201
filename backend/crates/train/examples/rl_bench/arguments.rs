//! `NAME... --option VALUE`, in any order.

use crate::Fallible;
use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr;

/// What stands on the command line.
pub struct Arguments {
    names: VecDeque<String>,
    options: BTreeMap<String, String>,
}

impl Arguments {
    /// Sorts options from names.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Fallible<Self> {
        let (mut names, mut options) = (VecDeque::new(), BTreeMap::new());
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some(option) => {
                    let value = words.next().ok_or_else(|| format!("{word} has no value"))?;
                    options.insert(option.to_owned(), value);
                }
                None => names.push_back(word),
            }
        }
        Ok(Self { names, options })
    }

    /// The next name; `what` says what is missing where there is none.
    pub fn next(&mut self, what: &str) -> Fallible<String> {
        Ok(self.names.pop_front().ok_or_else(|| format!("{what} is missing"))?)
    }

    /// All names that are left.
    pub fn rest(&mut self) -> Vec<String> {
        std::mem::take(&mut self.names).into()
    }

    /// An option's value, if it is given.
    pub fn option<T: FromStr>(&mut self, name: &str) -> Fallible<Option<T>> {
        let Some(text) = self.options.remove(name) else { return Ok(None) };
        let value = text.parse().map_err(|_| format!("--{name} does not take `{text}`"))?;
        Ok(Some(value))
    }

    /// The number of threads asked for, or that of the processor.
    pub fn threads(&mut self) -> Fallible<usize> {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(self.option("threads")?.unwrap_or_else(all))
    }

    /// Ends reading.
    pub fn done(self) -> Fallible<()> {
        let left = self.names.into_iter().chain(self.options.into_keys().map(|o| format!("--{o}")));
        match left.collect::<Vec<_>>().as_slice() {
            [] => Ok(()),
            left => Err(format!("not understood: {}", left.join(" ")).into()),
        }
    }
}
