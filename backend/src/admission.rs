//! What a new run needs, checked before it is queued: a policy, videos, a device. Each problem
//! names its field, so that the form can show it there.

use crate::app::App;
use crate::library::{self, Keep};
use policy::weights::WeightFiles;
use policy::{PolicyConfig, PolicyError, PolicyTokenizer, Processor};
use shared::api::WorkerInfo;
use shared::config::{Problem, RunConfig};
use shared::video::VideoId;
use std::path::{Path, PathBuf};
use store::StoredVideo;

/// A run that can be queued.
pub struct Admitted {
    /// Its config, which names the held-out videos by their ids: an uploaded file is not called
    /// on the disk what people call it.
    pub config: RunConfig,
    /// Its videos, in the order of their paths, those held out among them.
    pub videos: Vec<VideoId>,
}

/// What a run of this config is made with; `Err` holds everything that it names and the server
/// does not have. Videos named in the config enter the library, so that the page can show them.
/// Blocks.
pub fn admit(
    app: &App,
    mut config: RunConfig,
    workers: &[WorkerInfo],
    owner: u64,
) -> Result<Admitted, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut say = |field: &str, message: String| {
        problems.push(Problem { field: field.into(), message });
    };
    if let Err(message) = check_policy(app, &config) {
        say("policy", message);
    }
    if let Err(message) = check_device(&config.device, workers) {
        say("device", message);
    }
    let mut videos = Vec::new();
    match named_videos(app, &config.videos, owner) {
        Ok(named) => {
            match held_out(&config.held_out, &named) {
                Ok(ids) => config.held_out = ids,
                Err(messages) => messages.into_iter().for_each(|text| say("held_out", text)),
            }
            videos = named.into_iter().map(|video| video.id).collect();
            // The same content may lie at two of the named places; its path is the library's.
            videos.dedup();
        }
        Err(messages) => messages.into_iter().for_each(|message| say("videos", message)),
    }
    if problems.is_empty() { Ok(Admitted { config, videos }) } else { Err(problems) }
}

/// The ids of the held-out videos, which are named as people know them or by id.
fn held_out(wanted: &[String], videos: &[Named]) -> Result<Vec<String>, Vec<String>> {
    let is = |video: &&Named, name: &String| {
        video.names.contains(name) || video.id.as_str() == name.as_str()
    };
    let (mut ids, mut problems) = (Vec::new(), Vec::new());
    for name in wanted {
        let found: Vec<_> = videos.iter().filter(|video| is(video, name)).collect();
        if found.is_empty() {
            problems.push(format!("{name} is not among the run's videos; take it off the list"));
        }
        ids.extend(found.iter().map(|video| video.id.as_str().to_owned()));
    }
    ids.sort_unstable();
    ids.dedup();
    if !videos.is_empty() && videos.iter().all(|video| ids.iter().any(|id| id == video.id.as_str()))
    {
        problems.push("every video is held out; leave one to train on".into());
    }
    if problems.is_empty() { Ok(ids) } else { Err(problems) }
}

/// A video and what people call it.
struct Named {
    id: VideoId,
    path: PathBuf,
    names: Vec<String>,
}

impl Named {
    fn of(stored: StoredVideo) -> Self {
        let StoredVideo { video, path } = stored;
        Self { id: video.meta.id, path, names: vec![video.name] }
    }
}

/// The folder of the policy that a config starts from.
pub fn policy_dir(shipped: Option<&Path>, config: &RunConfig) -> Option<PathBuf> {
    match config.policy.as_str() {
        "" => shipped.map(Path::to_owned),
        named => Some(PathBuf::from(named)),
    }
}

/// Everything but the weights themselves, which may be large.
fn check_policy(app: &App, config: &RunConfig) -> Result<(), String> {
    let Some(folder) = policy_dir(app.policy.as_deref(), config) else {
        return Err("the nano policy was not found beside the program; set VIDEOSSR_STATIC or \
                    name a policy folder"
            .into());
    };
    if !folder.join("config.json").is_file() {
        return Err(format!(
            "there is no policy in {}; name a folder with a config.json",
            folder.display()
        ));
    }
    let parts = || -> Result<(), PolicyError> {
        let config = PolicyConfig::load(&folder)?;
        PolicyTokenizer::load(&folder)?;
        Processor::load(&folder)?.validate(&config)?;
        WeightFiles::open(&folder)?;
        Ok(())
    };
    parts().map_err(|error| format!("the policy in {} cannot be used: {error}", folder.display()))
}

/// A device of this machine, or of a worker that is connected from another one.
fn check_device(wanted: &str, workers: &[WorkerInfo]) -> Result<(), String> {
    if workers.iter().any(|worker| worker.device == wanted) {
        return Ok(());
    }
    let devices = policy::devices();
    match devices.iter().find(|device| device.name == wanted) {
        Some(device) if device.available => Ok(()),
        Some(device) => Err(format!(
            "{wanted} is missing here ({}), and no worker with it is connected",
            device.why.as_deref().unwrap_or("no reason is known")
        )),
        None => {
            let here = devices.iter().filter(|device| device.available);
            let mut known: Vec<&str> = here.map(|device| device.name.as_str()).collect();
            known.extend(workers.iter().map(|worker| worker.device.as_str()));
            known.retain(|name| *name != shared::link::ANY_DEVICE);
            known.sort_unstable();
            known.dedup();
            Err(format!("there is no device `{wanted}`; there is {}", known.join(", ")))
        }
    }
}

/// The usable videos among the named files and folders, or of the whole library.
fn named_videos(app: &App, named: &[String], owner: u64) -> Result<Vec<Named>, Vec<String>> {
    let mut problems = Vec::new();
    let mut videos = Vec::new();
    if named.is_empty() {
        let stored = app.store.videos().map_err(|error| vec![error.to_string()])?;
        videos.extend(stored.into_iter().filter(library::is_usable).map(Named::of));
        if videos.is_empty() {
            problems.push("the library has no usable video; add one first".into());
        }
    }
    for path in named {
        match videos_at(app, Path::new(path), owner) {
            Ok(found) => videos.extend(found),
            Err(message) => problems.push(message),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    videos.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(videos)
}

/// The usable videos of a file or folder. A folder may hold others beside them.
fn videos_at(app: &App, path: &Path, owner: u64) -> Result<Vec<Named>, String> {
    let files = train::library::video_files(&[path.to_owned()]);
    let files = files.map_err(|error| error.to_string())?;
    let mut why = format!("there is no video in {}", path.display());
    let mut videos = Vec::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let added = library::add(app, &file, &name, Keep::InPlace, owner);
        match added.and_then(|(video, _)| Ok(app.store.video(&video.meta.id)?)) {
            Ok(stored) => match &stored.video.problem {
                Some(problem) => why = format!("{name} cannot be used: {problem}"),
                // The library may know the same content under another name.
                None => {
                    let mut video = Named::of(stored);
                    video.names.push(name);
                    videos.push(video);
                }
            },
            Err(error) => why = error.to_string(),
        }
    }
    if videos.is_empty() { Err(why) } else { Ok(videos) }
}
