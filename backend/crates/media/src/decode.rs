//! Decoding the frames that plans ask for, in one pass over the file.
//!
//! The quick ways leave frames out; whenever one meets anything unexpected, the file is decoded
//! again from the first frame to the last wanted one. How one frame after another is reached
//! is in `reader`.

use crate::convert::{Converter, Loaded, turn_onto};
use crate::error::{MediaError, file_name};
use crate::index::Index;
use crate::reader::{Reader, Way};
use crate::strip::FrameStrip;
use shared::video::{FrameRef, SamplePlan, VideoId, VideoMeta};
use std::path::Path;

/// Strips under several plans from one decode, in the order of `plans`.
pub(crate) fn strips(
    path: &Path,
    id: &VideoId,
    plans: &[SamplePlan],
) -> Result<Vec<FrameStrip>, MediaError> {
    let index = Index::read(path)?;
    let makers = plans
        .iter()
        .map(|plan| Maker::new(path, id, &index, *plan))
        .collect::<Result<Vec<_>, _>>()?;
    let way = Way::quickest(&index.track);
    if way != Way::Plain
        && let Ok(made) = decode_all(path, &index, makers.clone(), way)
    {
        return Ok(made);
    }
    decode_all(path, &index, makers, Way::Plain)
}

fn decode_all(
    path: &Path,
    index: &Index,
    mut makers: Vec<Maker>,
    way: Way,
) -> Result<Vec<FrameStrip>, MediaError> {
    let mut wanted: Vec<u64> = makers.iter().flat_map(|m| m.indices.iter().copied()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut reader = Reader::open(path, index, way, &wanted)?;
    let mut converter = Converter::new();
    for at in wanted {
        reader.advance_to(at as usize)?;
        let time = reader.time();
        let mut loaded = converter.load(reader.frame());
        for maker in makers.iter_mut().filter(|m| m.indices.binary_search(&at).is_ok()) {
            maker.take(at, index.secs(time), &mut loaded)?;
        }
    }
    Ok(makers.into_iter().map(|m| m.strip).collect())
}

/// Fills one strip, frame after frame.
#[derive(Clone)]
struct Maker {
    strip: FrameStrip,
    indices: Vec<u64>,
}

impl Maker {
    fn new(path: &Path, id: &VideoId, index: &Index, plan: SamplePlan) -> Result<Self, MediaError> {
        let meta = index.meta(id.clone());
        check_length(path, &meta, &plan)?;
        let indices = plan.indices(meta.frames).unwrap_or_default();
        let (width, height) = plan.size.of(meta.width, meta.height);
        let bytes = u64::from(width) * u64::from(height) * 3 * u64::from(plan.count);
        if width == 0 || height == 0 || bytes > 4 << 30 {
            return Err(MediaError::BadInput(format!(
                "a strip of {} frames of {width}x{height} pixels cannot be made",
                plan.count
            )));
        }
        let strip = FrameStrip {
            video: id.clone(),
            plan,
            frames: Vec::with_capacity(indices.len()),
            sampling_fps: plan.sampling_fps(meta.duration_secs),
            width,
            height,
            rgb: Vec::with_capacity(bytes as usize),
            display: (meta.width, meta.height),
            meta,
        };
        Ok(Self { strip, indices })
    }

    /// Appends one source frame.
    fn take(
        &mut self,
        source_index: u64,
        pts_secs: f64,
        frame: &mut Loaded<'_>,
    ) -> Result<(), MediaError> {
        let rotation = self.strip.meta.rotation;
        let shown = (self.strip.width, self.strip.height);
        let unturned = if rotation % 180 == 90 { (shown.1, shown.0) } else { shown };
        turn_onto(&mut self.strip.rgb, frame.rgb(unturned)?, unturned, rotation);
        let slot = self.strip.frames.len() as u32;
        self.strip.frames.push(FrameRef { slot, source_index, pts_secs });
        Ok(())
    }
}

/// Whether a video has the frames that a plan asks for. Errors: `TooShort`.
pub fn check_length(path: &Path, meta: &VideoMeta, plan: &SamplePlan) -> Result<(), MediaError> {
    if plan.indices(meta.frames).is_some() {
        return Ok(());
    }
    let count = u64::from(plan.count);
    let needed =
        (count..).find(|n| plan.indices(*n).is_some() || *n > count * 2 + 40).unwrap_or(count);
    let (file, frames) = (file_name(path), meta.frames);
    Err(MediaError::TooShort { file, frames, wanted: plan.count, needed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::video::FrameSize;
    use std::io::Write;
    use std::path::PathBuf;

    /// The clips of the repository, and those beside it where they are.
    fn clips() -> Vec<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let folders = [root.join("static/clips"), root.join("../shared/clips")];
        if !folders[1].exists() {
            // Past the test harness, which swallows `eprintln!` of tests that pass.
            let note = b"SKIPPED: the clips beside the repository are not on this machine\n";
            std::io::stderr().write_all(note).expect("an open stderr");
        }
        let files = folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten();
        files.filter_map(|file| Some(file.ok()?.path())).collect()
    }

    #[test]
    fn the_quickest_way_gives_the_frames_of_the_plain_one() {
        let mut quick = 0;
        for path in clips() {
            let Ok(index) = Index::read(&path) else { continue };
            let way = Way::quickest(&index.track);
            if way == Way::Plain {
                continue;
            }
            // Few frames make gaps that are jumped over.
            for count in [6, 48] {
                let plan = SamplePlan { count, size: FrameSize::ShortSide(64) };
                let id = VideoId::from_hash(&[0; 32]);
                let maker = Maker::new(&path, &id, &index, plan).expect("long enough");
                let decode = |way| decode_all(&path, &index, vec![maker.clone()], way);
                let plain = decode(Way::Plain).expect("a good clip");
                assert!(decode(way).expect("a good clip") == plain, "{}", path.display());
                quick += 1;
            }
        }
        assert!(quick > 0);
    }
}
