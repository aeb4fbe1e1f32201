//! Whether the pixels of a sample hold its answer. Swapping the channels of a black-and-white
//! film changes nothing that can be seen: who is asked when it happened can only guess.

use crate::sample::ClipFrames;
use media::FrameStrip;
use shared::task::Truth;

/// Mean change of a value, in units of 0..=255, under which pictures pass for the same. Clips
/// without colour change by up to 0.1 where their channels are swapped: their colour planes
/// are not quite empty.
const VISIBLE: f64 = 0.5;

/// Whether someone who sees the clips, made from `strip`, can tell the truth.
///
/// Of a changed span both ends must show, since the answer is its ends; clips of a jigsaw must
/// differ from each other; shapes always show.
pub(crate) fn is_answerable(strip: &FrameStrip, truth: &Truth, clips: &[ClipFrames]) -> bool {
    match truth {
        Truth::Grounding { span_slots: [start, end], .. } => {
            [*start as usize, *end as usize - 1].into_iter().all(|slot| {
                let shown = &clips[0].rgb[slot * strip.frame_bytes()..][..strip.frame_bytes()];
                differ(shown, strip.frame(slot))
            })
        }
        Truth::Counting { .. } => true,
        Truth::Jigsaw { .. } => clips
            .iter()
            .enumerate()
            .all(|(k, clip)| clips[..k].iter().all(|other| differ(&clip.rgb, &other.rgb))),
    }
}

/// Whether two buffers of one length look different; most do after a small part.
fn differ(a: &[u8], b: &[u8]) -> bool {
    const PART: usize = 4096;
    let enough = VISIBLE * a.len() as f64;
    let mut total = 0u32;
    a.chunks(PART).zip(b.chunks(PART)).any(|(a, b)| {
        total += a.iter().zip(b).map(|(x, y)| u32::from(x.abs_diff(*y))).sum::<u32>();
        f64::from(total) >= enough
    })
}
