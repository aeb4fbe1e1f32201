//! Named threads that take items from one list. Plain threads on purpose: a thread of a
//! work-stealing pool that waits would begin another video and hold two strips at once.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// How often `tick` is called while nothing is done.
const TICK: Duration = Duration::from_millis(100);

/// Does `work` on every item with at most `jobs` at a time. Results come to `done` on the
/// calling thread, in the order they are finished; `tick` is called between them. The first
/// error ends it: items that are begun are finished, no other is begun.
pub(crate) fn each<T: Sync, R: Send, E: Send>(
    jobs: NonZeroUsize,
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
    mut done: impl FnMut(&T, R) -> Result<(), E>,
    mut tick: impl FnMut(),
) -> Result<(), E> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel(jobs.get());
        for n in 0..jobs.get().min(items.len()) {
            let (send, next, stop, work) = (send.clone(), &next, &stop, &work);
            let run = move || {
                while !stop.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let outcome = work(item);
                    // Nobody listens any more after an error.
                    if send.send((at, outcome)).is_err() {
                        break;
                    }
                }
            };
            std::thread::Builder::new()
                .name(format!("dataset-{n}"))
                .spawn_scoped(scope, run)
                .expect("the system has room for a thread");
        }
        drop(send);
        loop {
            let outcome = match receive.recv_timeout(TICK) {
                Ok((at, outcome)) => outcome.and_then(|result| done(&items[at], result)),
                Err(RecvTimeoutError::Timeout) => Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            tick();
            if outcome.is_err() {
                stop.store(true, Ordering::Relaxed);
                return outcome;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once_and_an_error_ends_it() {
        let items: Vec<u64> = (0..100).collect();
        let three = NonZeroUsize::new(3).expect("three");
        let mut sum = 0;
        let all: Result<(), String> = each(
            three,
            &items,
            |n| Ok(n * 2),
            |n, twice| {
                sum += n + twice;
                Ok(())
            },
            || {},
        );
        assert_eq!((all, sum), (Ok(()), 4950 * 3));
        let begun = AtomicUsize::new(0);
        let failed = each(
            three,
            &items,
            |n| {
                begun.fetch_add(1, Ordering::Relaxed);
                if *n >= 5 { Err("five") } else { Ok(()) }
            },
            |_, ()| Ok(()),
            || {},
        );
        assert_eq!(failed, Err("five"));
        assert!(begun.into_inner() < 100);
    }
}
