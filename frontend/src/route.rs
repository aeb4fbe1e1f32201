//! Addresses of the page, made in one place.

use shared::annotation::RolloutRef;
use shared::video::VideoId;

/// A run's page.
pub fn run(id: &str) -> String {
    format!("/runs/{id}")
}

/// A group's page.
pub fn group(run: &str, step: u64, group: u32) -> String {
    format!("/runs/{run}/steps/{step}/groups/{group}")
}

/// A rollout on its group's page, at a frame.
pub fn rollout(run: &str, step: u64, group_index: u32, rollout: u32, frame: u32) -> String {
    format!("{}?rollout={rollout}&frame={frame}", group(run, step, group_index))
}

/// The rollout a label is about.
pub fn target(target: &RolloutRef) -> String {
    let RolloutRef { run, step, group: index, rollout } = target;
    format!("{}?rollout={rollout}", group(run, *step, *index))
}

/// A label in review.
pub fn review(target: &RolloutRef) -> String {
    let RolloutRef { run, step, group, rollout } = target;
    format!("/review/{run}/{step}/{group}/{rollout}")
}

/// All frames of a group's strip in one picture.
pub fn atlas(run: &str, step: u64, group: u32) -> String {
    format!("/api/v1/runs/{run}/groups/{step}/{group}/atlas.jpg")
}

/// A group's clip as people see it, or exactly as the policy did.
pub fn clip(run: &str, step: u64, group: u32, size: ClipSize) -> String {
    let size = match size {
        ClipSize::View => "view",
        ClipSize::Policy => "policy",
    };
    format!("/api/v1/runs/{run}/groups/{step}/{group}/clip.webm?size={size}")
}

/// Which rendering of a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClipSize {
    /// Large enough for people.
    View,
    /// The policy's own pixels.
    Policy,
}

/// A video's picture for lists.
pub fn thumb(video: &VideoId) -> String {
    format!("/api/v1/videos/{}/thumb.jpg", video.hex())
}

/// A video's 48 frames in one picture.
pub fn strip(video: &VideoId) -> String {
    format!("/api/v1/videos/{}/strip.jpg", video.hex())
}
