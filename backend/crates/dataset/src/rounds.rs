//! Rounds of a build: every row is given to a video; those that it cannot answer go to others in
//! the next round. What a round does follows from the spec and what the rounds before found.

use crate::assemble::Place;
use crate::crew;
use crate::error::DatasetError;
use crate::make::Workshop;
use crate::part::{Outcome, PartKey};
use crate::scan::Scan;
use crate::shares::{self, Ask, AskAt, NoVideo, VideoAt};
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;

/// Rows given to videos, round after round, until each has found one that shows its answer.
pub(crate) struct Rounds<'a> {
    scan: &'a Scan,
    workshop: &'a Workshop<'a>,
    /// Where each row lies.
    pub places: Vec<Option<Place>>,
    /// Videos that cannot be decoded, with the reason.
    pub bad: BTreeMap<VideoAt, String>,
    /// What a video cannot be asked, with the reason.
    barred: HashMap<(AskAt, VideoAt), String>,
    last_reason: HashMap<AskAt, String>,
}

impl<'a> Rounds<'a> {
    pub fn new(scan: &'a Scan, workshop: &'a Workshop<'a>) -> Self {
        Self {
            scan,
            workshop,
            places: vec![None; workshop.order.len()],
            bad: BTreeMap::new(),
            barred: HashMap::new(),
            last_reason: HashMap::new(),
        }
    }

    /// Makes every row. `tick` is told (rows done, rows).
    ///
    /// Errors: a task is left without videos; the dataset cannot be written.
    pub fn run(
        &mut self,
        jobs: NonZeroUsize,
        tick: &mut dyn FnMut(u64, u64),
    ) -> Result<(), DatasetError> {
        let mut open: Vec<u64> = (0..self.places.len() as u64).collect();
        for round in 0.. {
            let keys = self.keys(round, &open)?;
            self.round(jobs, &keys, tick)?;
            open.retain(|index| self.places[*index as usize].is_none());
            if open.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// What each video is asked in a round; those that take longest first.
    fn keys(&self, round: u32, open: &[u64]) -> Result<Vec<(VideoAt, PartKey)>, DatasetError> {
        let usable = |ask: AskAt| {
            let all = 0..self.scan.candidates.len() as VideoAt;
            all.filter(|video| {
                !self.bad.contains_key(video) && !self.barred.contains_key(&(ask, *video))
            })
            .collect()
        };
        let (seed, order) = (self.workshop.spec.seed, self.workshop.order);
        let given = shares::assign(seed, round, open, order, usable)
            .map_err(|without| self.no_video(without))?;
        let mut by_video: BTreeMap<VideoAt, Vec<u64>> = BTreeMap::new();
        for (index, video) in given {
            by_video.entry(video).or_default().push(index);
        }
        let key = |(at, rows): (VideoAt, Vec<u64>)| {
            let video = self.scan.candidates[at as usize].meta.id.clone();
            (at, PartKey { round, video, rows })
        };
        let mut keys: Vec<_> = by_video.into_iter().map(key).collect();
        let cost = |at: VideoAt| {
            let meta = &self.scan.candidates[at as usize].meta;
            meta.frames * u64::from(meta.width) * u64::from(meta.height)
        };
        keys.sort_by_key(|(at, _)| std::cmp::Reverse(cost(*at)));
        Ok(keys)
    }

    fn no_video(&self, without: NoVideo) -> DatasetError {
        let ask: &Ask = &self.workshop.asks[usize::from(without.ask)];
        let reason = self.last_reason.get(&without.ask).or_else(|| self.bad.values().next());
        DatasetError::Unanswerable {
            cell: ask.task.cell(),
            samples: without.samples,
            why: reason.cloned().unwrap_or_default(),
        }
    }

    fn round(
        &mut self,
        jobs: NonZeroUsize,
        keys: &[(VideoAt, PartKey)],
        tick: &mut dyn FnMut(u64, u64),
    ) -> Result<(), DatasetError> {
        let (scan, workshop) = (self.scan, self.workshop);
        let total = workshop.order.len() as u64;
        crew::each(
            jobs,
            keys,
            |(at, key)| workshop.part(key, &scan.candidates[*at as usize]),
            |(at, key), outcome| {
                self.take(*at, key, outcome);
                Ok(())
            },
            || tick(workshop.rows_done.load(Ordering::Relaxed).min(total), total),
        )
    }

    fn take(&mut self, at: VideoAt, key: &PartKey, outcome: Outcome) {
        if let Some(why) = outcome.bad {
            self.bad.insert(at, why);
        }
        for (index, position) in outcome.made {
            self.places[index as usize] = Some(Place { round: key.round, video: at, position });
        }
        for (index, why) in outcome.failed {
            let ask = self.workshop.order[index as usize];
            self.last_reason.insert(ask, why.clone());
            self.barred.insert((ask, at), why);
        }
    }
}
