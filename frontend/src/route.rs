//! Addresses of the page, made in one place.

use crate::logic::studio::Setup;
use crate::parts::scene::Pictures;
use shared::annotation::RolloutRef;
use shared::task::SampleSpec;
use shared::video::VideoId;

/// A run's page.
pub fn run(id: &str) -> String {
    format!("/runs/{id}")
}

/// A run's page, scrubbed to a step.
pub fn run_at(id: &str, step: u64) -> String {
    format!("/runs/{id}?step={step}")
}

/// New run, with the config of another one.
pub fn fork(id: &str) -> String {
    format!("/runs/new?from={id}")
}

/// Two runs beside each other.
pub fn compare(a: &str, b: &str) -> String {
    format!("/compare?a={a}&b={b}")
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

/// Where a group's frames are fetched.
pub fn group_pictures(run: &str, step: u64, group: u32, video: &VideoId) -> Pictures {
    let atlas = atlas(run, step, group);
    Pictures {
        view: format!("{atlas}?size=view"),
        policy: format!("{atlas}?size=policy"),
        atlas,
        source: source(video),
    }
}

/// Where the frames of a sample made in Task studio are fetched.
pub fn studio_pictures(spec: &SampleSpec) -> Pictures {
    let source = source(&spec.video);
    let spec = escaped(&serde_json::to_string(spec).unwrap_or_default());
    let atlas = format!("/api/v1/studio/atlas.jpg?spec={spec}");
    let (view, policy) = (format!("{atlas}&size=view"), format!("{atlas}&size=policy"));
    Pictures { atlas, view, policy, source }
}

/// Task studio with these settings.
pub fn studio(setup: &Setup) -> String {
    let pairs: Vec<String> =
        setup.query().iter().map(|(key, value)| format!("{key}={}", escaped(value))).collect();
    format!("/studio?{}", pairs.join("&"))
}

/// A value as it stands in an address.
pub fn escaped(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let mut out = String::with_capacity(text.len());
    for byte in text.as_bytes() {
        if plain(byte) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// How large a sample's frames are.
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

/// A video's own file.
pub fn source(video: &VideoId) -> String {
    format!("/api/v1/videos/{}/source", video.hex())
}

/// A video's 48 frames in one picture.
pub fn strip(video: &VideoId) -> String {
    format!("/api/v1/videos/{}/strip.jpg", video.hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_an_address_is_escaped() {
        assert_eq!(escaped(r#"{"a":[1,2]}é"#), "%7B%22a%22%3A%5B1%2C2%5D%7D%C3%A9");
        assert_eq!(escaped("8-16_x.~"), "8-16_x.~");
    }
}
