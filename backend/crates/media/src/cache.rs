//! Strips kept on disk: a decode happens once per video and plan. Entries are written aside,
//! flushed and renamed, carry a checksum, and are made again when anything is wrong.
//! It never decodes.

use crate::error::MediaError;
use crate::hash::Sources;
use crate::strip::{FrameStrip, StripHead};
use shared::video::{SamplePlan, VideoId};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};
use xxhash_rust::xxh3::Xxh3Default;

/// Changes whenever decoding, resizing or this layout changes what an entry holds.
const FORMAT: &[u8; 8] = b"strip-04";
/// Bytes of the checksum at the end of an entry.
const CHECKSUM: usize = 16;
/// Bytes read and summed at a time: they are still near the core when they are summed.
const PIECE: u64 = 256 << 10;
/// Bytes of a head at most: 128 frames take 10 KB.
const MAX_HEAD: u64 = 16 << 20;
/// Bytes that a folder of strips may hold unless told otherwise: 7,000 videos of 48 frames of
/// 64 x 64 pixels, or 250 at 455 x 256.
const BUDGET: u64 = 4 << 30;
/// Age at which a file that is still aside is the rest of a process that died.
const ABANDONED: Duration = Duration::from_secs(3600);

/// A folder of strips, shared by threads and processes; strips still in use are shared in
/// memory too. Every new entry pushes out those used longest ago, by the time on their files,
/// until the folder is within its budget.
///
/// Layout of an entry: format mark, head length (u64 LE), head as JSON, its real numbers as
/// f64 LE (JSON does not keep the last bit), pixels, XXH3 (128 bits, LE) of all before: it guards
/// against broken files, and a strong hash would take as long as reading.
#[derive(Debug)]
pub struct StripCache {
    dir: Option<PathBuf>,
    budget: u64,
    alive: Mutex<HashMap<String, Weak<FrameStrip>>>,
    sources: Sources,
    problem: Mutex<Option<String>>,
}

impl StripCache {
    /// Uses a folder, which is created, for at most 4 GiB. Errors: [`MediaError::Io`].
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, MediaError> {
        Self::open_within(dir, BUDGET)
    }

    /// Uses a folder, which is created, for at most `max_bytes` of entries.
    /// Errors: [`MediaError::Io`].
    pub fn open_within(dir: impl Into<PathBuf>, max_bytes: u64) -> Result<Self, MediaError> {
        let dir = dir.into();
        fs::create_dir_all(&dir).map_err(|e| MediaError::write(&dir, e))?;
        Ok(Self { dir: Some(dir), budget: max_bytes, ..Self::disabled() })
    }

    /// Keeps nothing on disk.
    pub fn disabled() -> Self {
        Self {
            dir: None,
            budget: 0,
            alive: Mutex::default(),
            sources: Sources::default(),
            problem: Mutex::default(),
        }
    }

    /// Why the newest entry could not be written or old ones not be removed, if so: strips
    /// are still handed out, but may have to be decoded again next time.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Removes the entries used longest ago until at most `max_bytes` are left, and what dead
    /// processes left aside; returns the bytes removed. Errors: [`MediaError::Io`].
    pub fn trim_to(&self, max_bytes: u64) -> Result<u64, MediaError> {
        let Some(dir) = &self.dir else { return Ok(0) };
        let (mut entries, aside): (Vec<_>, Vec<_>) =
            own_files(dir)?.into_iter().partition(|file| file.whole);
        entries.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        let mut left: u64 = entries.iter().map(|file| file.bytes).sum();
        let surplus = entries.iter().take_while(|file| {
            let over = left > max_bytes;
            left -= file.bytes;
            over
        });
        let abandoned =
            aside.iter().filter(|file| file.used.elapsed().is_ok_and(|age| age > ABANDONED));
        let mut removed = 0;
        for file in surplus.chain(abandoned) {
            match fs::remove_file(&file.path) {
                Ok(()) => removed += file.bytes,
                // Another process trims the same folder.
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(MediaError::write(&file.path, e)),
            }
        }
        Ok(removed)
    }

    /// The content hash of a source, taken once for each state of its file.
    /// Errors: as [`crate::hash_file`].
    pub(crate) fn id_of(&self, path: &Path) -> Result<VideoId, MediaError> {
        self.sources.id_of(path)
    }

    /// The entry, if it is there and whole.
    pub(crate) fn get(&self, id: &VideoId, plan: &SamplePlan) -> Option<Arc<FrameStrip>> {
        let key = key(id, plan);
        if let Some(strip) = self.alive().get(&key).and_then(Weak::upgrade) {
            return Some(strip);
        }
        let path = self.path(&key)?;
        let strip = read_entry(&path).filter(|s| s.video == *id && s.plan == *plan)?;
        // Marks the entry as used; a folder that cannot be written still serves.
        let _ = File::options()
            .append(true)
            .open(&path)
            .and_then(|f| f.set_modified(SystemTime::now()));
        Some(self.share(key, strip))
    }

    /// Keeps a strip and hands out the shared copy.
    pub(crate) fn put(&self, strip: FrameStrip) -> Arc<FrameStrip> {
        let key = key(&strip.video, &strip.plan);
        if let Some(path) = self.path(&key) {
            let outcome = write_aside(&path, &encode(&strip))
                .map_err(|e| MediaError::write(&path, e))
                .and_then(|()| self.trim_to(self.budget));
            *self.problem.lock().unwrap_or_else(PoisonError::into_inner) =
                outcome.err().map(|e| e.to_string());
        }
        self.share(key, strip)
    }

    fn share(&self, key: String, strip: FrameStrip) -> Arc<FrameStrip> {
        let strip = Arc::new(strip);
        let mut alive = self.alive();
        alive.retain(|_, weak| weak.strong_count() > 0);
        alive.insert(key, Arc::downgrade(&strip));
        strip
    }

    fn alive(&self) -> std::sync::MutexGuard<'_, HashMap<String, Weak<FrameStrip>>> {
        // The map holds no invariant that a panic elsewhere could break.
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        Some(self.dir.as_ref()?.join(format!("{key}.strip")))
    }
}

/// A file of the cache's own.
struct OwnFile {
    path: PathBuf,
    used: SystemTime,
    bytes: u64,
    /// An entry, rather than one that is being written.
    whole: bool,
}

fn own_files(dir: &Path) -> Result<Vec<OwnFile>, MediaError> {
    let mut files = Vec::new();
    for item in fs::read_dir(dir).map_err(|e| MediaError::read(dir, e))? {
        let path = item.map_err(|e| MediaError::read(dir, e))?.path();
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let whole = extension == "strip";
        if (whole || extension.starts_with("part-"))
            && let Ok(facts) = path.metadata()
        {
            let used = facts.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            files.push(OwnFile { used, bytes: facts.len(), whole, path });
        }
    }
    Ok(files)
}

/// Hex digits of hash(video id, plan, format).
fn key(id: &VideoId, plan: &SamplePlan) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [id.as_str().as_bytes(), b"\n", plan.key().as_bytes(), b"\n", FORMAT] {
        hasher.update(part);
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

fn encode(strip: &FrameStrip) -> Vec<u8> {
    let mut head = strip.head();
    let text = serde_json::to_vec(&head).unwrap_or_default();
    let mut bytes = Vec::with_capacity(strip.rgb.len() + text.len() + 4096);
    bytes.extend_from_slice(FORMAT);
    bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&text);
    for number in reals(&mut head) {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(&strip.rgb);
    let sum = xxhash_rust::xxh3::xxh3_128(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// Every real number of a head, in a fixed order.
fn reals(head: &mut StripHead) -> Vec<&mut f64> {
    let mut all =
        vec![&mut head.sampling_fps, &mut head.meta.duration_secs, &mut head.meta.fps_avg];
    all.extend(head.frames.iter_mut().map(|f| &mut f.pts_secs));
    all
}

/// The strip of an entry; `None` if anything about it is not as [`encode`] writes it.
fn read_entry(path: &Path) -> Option<FrameStrip> {
    let mut entry = Summed { file: File::open(path).ok()?, sum: Xxh3Default::new() };
    if entry.take(FORMAT.len() as u64)? != FORMAT {
        return None;
    }
    let length = u64::from_le_bytes(entry.take(8)?.try_into().ok()?);
    let text = entry.take(Some(length).filter(|length| *length <= MAX_HEAD)?)?;
    let mut head: StripHead = serde_json::from_slice(&text).ok()?;
    for number in reals(&mut head) {
        *number = f64::from_le_bytes(entry.take(8)?.try_into().ok()?);
    }
    let pixels = head.frames.len() * head.width as usize * head.height as usize * 3;
    // Room is only made for what is there: a broken head may ask for anything.
    if entry.file.metadata().ok()?.len() < pixels as u64 {
        return None;
    }
    let rgb = entry.take(pixels as u64)?;
    let sum = entry.sum.digest128().to_le_bytes();
    let mut rest = Vec::new();
    entry.file.take(CHECKSUM as u64 + 1).read_to_end(&mut rest).ok()?;
    (rest == sum).then(|| FrameStrip::from_parts(head, rgb))
}

/// A file that is summed as it is read.
struct Summed {
    file: File,
    sum: Xxh3Default,
}

impl Summed {
    /// The next so many bytes; `None` where the file ends before.
    fn take(&mut self, count: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(count as usize);
        while (bytes.len() as u64) < count {
            let (before, piece) = (bytes.len(), PIECE.min(count - bytes.len() as u64));
            let read = (&mut self.file).take(piece).read_to_end(&mut bytes).ok()?;
            if read as u64 != piece {
                return None;
            }
            self.sum.update(&bytes[before..]);
        }
        Some(bytes)
    }
}

/// Writes under another name, flushes, renames: a reader sees all of it or nothing.
fn write_aside(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let unique = COUNT.fetch_add(1, Ordering::Relaxed);
    let aside = path.with_extension(format!("part-{}-{unique}", std::process::id()));
    let outcome = File::create(&aside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&aside, path)
    });
    if outcome.is_err() {
        // Nothing more can be done about a file that is no longer wanted.
        let _ = fs::remove_file(&aside);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::video::FrameSize;

    /// Entries of an earlier build are taken as they are, so [`FORMAT`] has to change with the
    /// pixels. The standards of H.264 and VP8 fix every bit that a decoder puts out: these
    /// hashes hang on this crate alone, not on the FFmpeg beside it. What does not show in
    /// them (turning, other layouts) `convert` pins on made frames.
    #[test]
    fn pixels_belong_to_a_format() {
        let clips = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../static/clips");
        let plans = [FrameSize::Exact(64, 64), FrameSize::ShortSide(256)].map(SamplePlan::strip);
        let hashes: [Vec<String>; 2] = ["rabbit-animation.mp4", "rocket-launch.webm"].map(|name| {
            let strips = crate::strips(&clips.join(name), &plans, &StripCache::disabled());
            let strips = strips.expect("a good clip");
            strips.iter().map(|s| blake3::hash(&s.rgb).to_hex()[..16].to_owned()).collect()
        });
        assert_eq!(FORMAT, b"strip-04");
        let known =
            [["6bdbd633e7ef4446", "e3d6426d78075f8d"], ["938aa84f7498e926", "341e8ffc7ecb98b0"]];
        assert_eq!(hashes, known, "other pixels need another FORMAT");
    }
}
