//! What can go wrong when a sample is made, one sentence each.

/// Why a sample could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TaskError {
    /// The strip belongs to another video than the spec.
    #[error("the strip is of video {strip}, but the sample asks for {spec}.")]
    OtherVideo {
        /// Video of the strip.
        strip: String,
        /// Video of the spec.
        spec: String,
    },
    /// The strip has too few frames for the task.
    #[error("{task} needs a strip of at least {needed} frames; this one has {frames}.")]
    TooFewFrames {
        /// The task's cell.
        task: String,
        /// Frames needed.
        needed: usize,
        /// Frames there are.
        frames: usize,
    },
    /// The video is so short that the span's ends are equal to one decimal.
    #[error("the video lasts {secs:.2} s: too brief for times with one decimal.")]
    TooBrief {
        /// Duration of the video, seconds.
        secs: f64,
    },
    /// A number of clips that does not divide the strip or is outside 2 to 9.
    #[error(
        "a jigsaw of {clips} clips cannot be cut from {frames} frames: use 2 to 9 clips that divide the frames evenly."
    )]
    BadClips {
        /// Clips asked for.
        clips: u32,
        /// Frames there are.
        frames: usize,
    },
    /// The shapes do not fit into a frame without overlapping.
    #[error(
        "{shapes} shapes do not fit into a frame of {width}x{height} pixels without overlapping."
    )]
    NoRoom {
        /// Shapes to place.
        shapes: usize,
        /// Canonical width, pixels.
        width: u32,
        /// Canonical height, pixels.
        height: u32,
    },
    /// None of the samples tried shows its answer.
    #[error(
        "no frame shows the answer: {task} was tried {tries} times on {videos} video(s); add other videos or leave it out of the mixture."
    )]
    Unanswerable {
        /// The task's cell.
        task: String,
        /// Samples that were made.
        tries: usize,
        /// Videos there are.
        videos: usize,
    },
    /// Weights that are negative, not finite or all zero; or nothing to choose from.
    #[error("{0}.")]
    BadMixture(String),
    /// A dial outside its range, or pixels that do not match their size.
    #[error("{0}.")]
    BadInput(String),
}
