//! Things made ahead of time on another thread, in order. It knows neither samples nor steps.

use crate::error::{TrainError, panic_text};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

/// A thread that makes item 0, 1, 2, ... and keeps at most a few in stock.
/// Dropping it ends the thread and waits for it.
pub struct Supply<T> {
    receiver: Option<Receiver<Result<T, TrainError>>>,
    maker: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Supply<T> {
    /// Starts the thread `name`; `make(i)` gives the i-th item and must depend on `i` alone.
    /// At most `stock` items wait. The thread ends after its first error.
    ///
    /// # Errors
    /// The system's, where it starts no thread.
    pub fn start(
        name: &str,
        stock: usize,
        mut make: impl FnMut(u64) -> Result<T, TrainError> + Send + 'static,
    ) -> Result<Self, TrainError> {
        let (sender, receiver) = sync_channel(stock);
        let work = move || {
            for index in 0.. {
                let made = catch_unwind(AssertUnwindSafe(|| make(index)))
                    .unwrap_or_else(|payload| Err(TrainError::Panic(panic_text(&*payload))));
                let last = made.is_err();
                if sender.send(made).is_err() || last {
                    break;
                }
            }
        };
        let maker = thread::Builder::new().name(name.into()).spawn(work);
        let maker =
            maker.map_err(|error| TrainError::Sample(format!("no thread for samples: {error}")))?;
        Ok(Self { receiver: Some(receiver), maker: Some(maker) })
    }

    /// The next item; waits until it is made.
    ///
    /// # Errors
    /// What making it failed with.
    pub fn take(&mut self) -> Result<T, TrainError> {
        let gone = || Err(TrainError::Sample("the thread that makes samples has ended".into()));
        self.receiver
            .as_ref()
            .map_or_else(gone, |receiver| receiver.recv().unwrap_or_else(|_| gone()))
    }
}

impl<T> Drop for Supply<T> {
    fn drop(&mut self) {
        // The maker notices the closed channel at its next send.
        drop(self.receiver.take());
        if let Some(maker) = self.maker.take() {
            // A panic of the maker was already delivered as an item.
            let _ = maker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_order_and_a_panic_is_an_error() {
        let mut supply = Supply::start("numbers", 2, |i| {
            assert!(i < 3, "no more than three");
            Ok(i * i)
        })
        .expect("a thread");
        for want in [0, 1, 4] {
            assert_eq!(supply.take().expect("made"), want);
        }
        let error = supply.take().expect_err("the fourth panics");
        assert_eq!(error.to_string(), "no more than three");
        assert!(supply.take().is_err());
    }
}
