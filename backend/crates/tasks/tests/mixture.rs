//! Which sample comes when, and that every one drawn shows its answer.

mod common;

use common::{all_tasks, mixture, pixel_changes, sample, small};
use media::{FrameStrip, StripCache};
use shared::task::{Difficulty, Perturbation, SampleSpec, Task};
use shared::video::{FrameSize, SamplePlan};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use tasks::{Shelf, TaskError, generate, sample_at, spec_at};

#[test]
fn a_mixture_gives_each_task_its_share() {
    let videos: Vec<_> = (0..5).map(|seed| small(seed).video).collect();
    let tasks = [
        (Task::Jigsaw { clips: 6 }, 1.0),
        (Task::Counting { difficulty: Difficulty::Easy }, 3.0),
        (Task::Jigsaw { clips: 8 }, 0.0),
    ];
    let mixture = mixture(&tasks).expect("weights");
    let specs: Vec<SampleSpec> =
        (0..4000).map(|i| spec_at(&videos, &mixture, 1, i).expect("a spec")).collect();
    let jigsaws = specs.iter().filter(|s| s.task == Task::Jigsaw { clips: 6 }).count();
    assert!((850..1150).contains(&jigsaws), "{jigsaws}");
    assert!(specs.iter().all(|s| s.task != Task::Jigsaw { clips: 8 } && s.seed < 1 << 48));
    let used: BTreeSet<_> = specs.iter().map(|s| &s.video).collect();
    assert_eq!(used.len(), 5);
    assert_eq!(spec_at(&videos, &mixture, 1, 77).expect("a spec"), specs[77]);
    assert_ne!(spec_at(&videos, &mixture, 2, 77).expect("a spec"), specs[77]);
    assert!(spec_at(&[], &mixture, 1, 0).is_err());
    for bad in [
        vec![],
        vec![(Task::Jigsaw { clips: 6 }, 0.0)],
        vec![(Task::Jigsaw { clips: 6 }, -1.0)],
        vec![(Task::Jigsaw { clips: 6 }, f64::NAN)],
    ] {
        assert!(matches!(common::mixture(&bad), Err(TaskError::BadMixture(_))));
    }
}

fn grounding(perturbation: Perturbation) -> Task {
    Task::Grounding { perturbation }
}

/// A film without colour.
fn race(size: FrameSize) -> Arc<FrameStrip> {
    let clip =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../static/clips/race-car-1906.ogv");
    media::strip(&clip, &SamplePlan::strip(size), &StripCache::disabled()).expect("decodes")
}

#[test]
fn changes_of_colour_do_not_show_without_colour() {
    for size in [FrameSize::Exact(64, 64), FrameSize::ShortSide(256)] {
        let race = race(size);
        for kind in pixel_changes() {
            let of_colour = matches!(
                kind,
                Perturbation::ChannelSwap | Perturbation::Grayscale | Perturbation::Saturation
            );
            for seed in 0..6 {
                let made = sample(&race, grounding(kind), seed);
                assert_eq!(made.answerable, !of_colour, "{kind} {seed} at {size:?}");
            }
        }
    }
}

#[test]
fn what_changes_no_pixel_is_no_question() {
    let mut still = small(2);
    let (left, right): (Vec<u8>, Vec<u8>) = {
        let row: Vec<u8> = (0..32 * 3).map(|i| (i * 2 + 30) as u8).collect();
        let back = row.chunks_exact(3).rev().flatten().copied().collect();
        (row, back)
    };
    // Every row, and so every frame, is its own mirror image, upside down as well.
    still.rgb = [left, right].concat().repeat(64 * 48);
    for (task, shows) in [
        (grounding(Perturbation::Mirror), false),
        (grounding(Perturbation::Rotate180), false),
        (grounding(Perturbation::Rotate90), true),
        (grounding(Perturbation::Invert), true),
        (Task::Jigsaw { clips: 6 }, false),
        (Task::Counting { difficulty: Difficulty::Easy }, true),
    ] {
        for seed in 0..6 {
            assert_eq!(sample(&still, task, seed).answerable, shows, "{} {seed}", task.cell());
        }
    }
}

#[test]
fn a_span_that_ends_in_the_dark_is_no_question() {
    let mut fading = small(3);
    let frame = fading.frame_bytes();
    fading.rgb[24 * frame..].fill(0);
    for seed in 0..60 {
        let made = sample(&fading, grounding(Perturbation::Mirror), seed);
        let end = made.info.truth.span_slots().expect("a span").end();
        assert_eq!(made.answerable, end <= 24.0, "{seed}: ends at {end}");
    }
}

#[test]
fn every_sample_drawn_shows_its_answer() {
    let strips = [race(FrameSize::Exact(64, 64)), Arc::new(small(4))];
    let ids: Vec<_> = strips.iter().map(|s| s.video.clone()).collect();
    let shelf = Shelf::of(strips.to_vec());
    let weights: Vec<(Task, f64)> = all_tasks().into_iter().map(|task| (task, 1.0)).collect();
    let mixture = mixture(&weights).expect("weights");
    let mut again = 0;
    for index in 0..300 {
        let made = sample_at(&shelf, &mixture, 1, index).expect("a sample");
        assert!(made.answerable);
        let first = spec_at(&ids, &mixture, 1, index).expect("a spec");
        assert_eq!(made.info.spec.task, first.task, "a cell keeps its share");
        let strip = strips.iter().find(|s| s.video == first.video).expect("of the list");
        if generate(strip.as_ref(), &first).expect("a sample").answerable {
            assert_eq!(made.info.spec, first);
        } else {
            again += 1;
        }
    }
    assert!(again > 10, "{again} were drawn again");
    let swap = common::mixture(&[(grounding(Perturbation::ChannelSwap), 1.0)]).expect("weights");
    let alone = Shelf::of(strips[..1].to_vec());
    let refused = sample_at(&alone, &swap, 1, 0).expect_err("nothing to see");
    assert!(matches!(refused, TaskError::Unanswerable { videos: 1, .. }), "{refused}");
    assert!(sample_at::<FrameStrip>(&Shelf::of(Vec::new()), &swap, 1, 0).is_err());
    let borrow = common::mixture(&[(grounding(Perturbation::Swap), 1.0)]).expect("weights");
    assert!(matches!(sample_at(&alone, &borrow, 1, 0), Err(TaskError::BadMixture(_))));
    let made = sample_at(&shelf, &borrow, 1, 0).expect("two videos");
    assert!(made.info.spec.other.is_some_and(|other| other != made.info.spec.video));
}

#[test]
fn the_one_video_that_shows_a_task_is_found() {
    let mut strips = vec![race(FrameSize::Exact(64, 64)); 120];
    strips.push(Arc::new(small(5)));
    let swap = mixture(&[(grounding(Perturbation::ChannelSwap), 1.0)]).expect("weights");
    let shelf = Shelf::of(strips.clone());
    for index in 0..5 {
        let made = sample_at(&shelf, &swap, 3, index).expect("a sample");
        assert_eq!(made.info.spec.video, strips[120].video);
    }
}
