//! A sample's frames in memory. Pictures of the same frames that are wanted at the same time, as a
//! group's page wants two, share them: they are painted once.

use super::PictureError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Frames `[count, height, width, 3]` in display order.
pub(super) struct Shown {
    pub width: u32,
    pub height: u32,
    pub rgb: Vec<u8>,
}

impl Shown {
    fn frame_bytes(&self) -> usize {
        self.width as usize * self.height as usize * 3
    }

    pub(super) fn middle(&self) -> &[u8] {
        let bytes = self.frame_bytes();
        let middle = self.rgb.len() / bytes.max(1) / 2;
        &self.rgb[middle * bytes..(middle + 1) * bytes]
    }
}

/// Frames that are in use now, by what they were made from. Nothing is kept that nobody uses.
#[derive(Default)]
pub(super) struct InUse(Mutex<HashMap<String, Place>>);

/// Locked while its frames are made.
type Place = Arc<Mutex<Weak<Shown>>>;

impl InUse {
    /// The frames of `key`: those in use, once they are made, or what `make` gives. Blocks.
    pub(super) fn get(
        &self,
        key: String,
        make: impl FnOnce() -> Result<Shown, PictureError>,
    ) -> Result<Arc<Shown>, PictureError> {
        let place = self.place(key);
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shown) = place.upgrade() {
            return Ok(shown);
        }
        let shown = Arc::new(make()?);
        *place = Arc::downgrade(&shown);
        Ok(shown)
    }

    fn place(&self, key: String) -> Place {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|_, place| {
            let used = |place: &Place| place.try_lock().map_or(true, |it| it.strong_count() > 0);
            Arc::strong_count(place) > 1 || used(place)
        });
        Arc::clone(places.entry(key).or_default())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn frame() -> Result<Shown, PictureError> {
        Ok(Shown { width: 1, height: 1, rgb: vec![1, 2, 3] })
    }

    #[test]
    fn frames_wanted_at_once_are_made_once() {
        let (in_use, made, start) = (InUse::default(), AtomicU32::new(0), Barrier::new(3));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let make = || {
                        made.fetch_add(1, Ordering::SeqCst);
                        frame()
                    };
                    let shown = in_use.get("a".into(), make).unwrap();
                    assert_eq!(shown.middle(), [1, 2, 3]);
                    // All have theirs before anybody lets go.
                    start.wait();
                });
            }
        });
        assert_eq!(made.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn what_nobody_uses_is_forgotten_and_a_failure_is_tried_again() {
        let in_use = InUse::default();
        assert!(in_use.get("a".into(), || Err(PictureError::NoSource)).is_err());
        drop(in_use.get("a".into(), frame).unwrap());
        let held = in_use.get("b".into(), frame).unwrap();
        in_use.get("c".into(), frame).unwrap();
        let keys: Vec<String> = in_use.0.lock().unwrap().keys().cloned().collect();
        assert!(!keys.contains(&"a".to_owned()), "{keys:?}");
        assert!(keys.contains(&"b".to_owned()));
        let same = in_use.get("b".into(), || Err(PictureError::NoSource)).unwrap();
        assert!(Arc::ptr_eq(&held, &same));
    }
}
