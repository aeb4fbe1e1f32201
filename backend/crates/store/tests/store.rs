//! The database through its public face: what was acknowledged is there, once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use shared::annotation::{Action, Label, LabelState, Op, Refusal, Role, RolloutRef, Tag};
use shared::api::{Failure, Person, Video};
use shared::config::RunConfig;
use shared::event::{Control, ControlStage, EventBody, Phase, RunEvent, StepMetrics};
use shared::fold::{RunMove, RunState};
use shared::reward::{RewardMode, score};
use shared::rollout::{Finish, Group, Rollout};
use shared::task::{Perturbation, SampleInfo, SampleParams, SampleSpec, Task, TaskKind, Truth};
use shared::video::{VideoId, VideoMeta};
use std::path::PathBuf;
use store::{
    LabelPlace, NewRunRow, NewToken, ReplayFrom, RolloutFilter, Secret, Store, StoreError,
    StoredVideo,
};

struct TestStore {
    store: Store,
    dir: tempfile::TempDir,
    admin: Person,
}

impl TestStore {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("studio.db")).unwrap();
        let admin = store.first_admin(1.0).unwrap();
        Self { store, dir, admin }
    }

    /// The same file in a new process, as far as SQLite can tell.
    fn reopen(self) -> Self {
        let Self { store, dir, admin } = self;
        drop(store);
        let store = Store::open(&dir.path().join("studio.db")).unwrap();
        Self { store, dir, admin }
    }

    fn person(&self, name: &str, role: Role) -> Person {
        let secret = Secret(format!("link of {name}"));
        let token = NewToken {
            secret: secret.clone(),
            person: None,
            role,
            name: name.into(),
            expires_at: 100.0,
        };
        self.store.add_token(token, Some(self.admin.id), 1.0).unwrap();
        let session = Secret(format!("session of {name}"));
        self.store.sign_in(&secret, "", &session, 100.0, 2.0).unwrap()
    }

    fn run(&self, id: &str) {
        let new = NewRunRow {
            id: id.into(),
            name: String::new(),
            config: RunConfig::default(),
            videos: vec![VideoId::from_hash(&[7; 32])],
            owner: self.admin.id,
            at: 1.0,
        };
        self.store.add_run(new).unwrap();
        self.store.move_run(id, &[RunMove::Take]).unwrap();
    }

    fn count(&self, run: &str) -> usize {
        let filter = RolloutFilter { limit: 1000, ..Default::default() };
        self.store.rollouts(run, &filter).unwrap().len()
    }
}

fn event(seq: u64, step: u64, body: EventBody) -> RunEvent {
    RunEvent { seq, at: seq as f64, step, body }
}

fn started(seq: u64, resumed_from: u64) -> RunEvent {
    let body =
        EventBody::RunStarted { steps: 9, device: "cpu".into(), parameters: 1, resumed_from };
    event(seq, resumed_from, body)
}

fn step(seq: u64, step: u64) -> RunEvent {
    let metrics = StepMetrics { reward_mean: step as f64 / 10.0, ..Default::default() };
    event(seq, step, EventBody::Step(metrics))
}

fn rollout(index: u32, truth: &Truth, text: &str) -> Rollout {
    Rollout {
        index,
        seed: 1,
        ids: vec![1],
        pieces: vec![text.into()],
        logprobs: vec![-0.5],
        entropies: vec![0.5],
        text: text.into(),
        finish: Finish::Eos,
        reward: score(RewardMode::Smooth, truth, text),
        bonus: 0.0,
        visual: vec![],
        advantage: 0.0,
    }
}

fn group(seq: u64, step: u64, index: u32) -> RunEvent {
    let truth = Truth::Grounding {
        span_secs: [1.0, 2.0],
        span_slots: [3, 6],
        source_span_secs: [1.0, 2.0],
    };
    let task = Task::Grounding { perturbation: Perturbation::Mirror };
    let spec = SampleSpec::new(VideoId::from_hash(&[7; 32]), task, 1);
    let sample = SampleInfo {
        spec,
        params: SampleParams::default(),
        question: "When?".into(),
        answer: truth.answer(),
        truth: truth.clone(),
        shapes: None,
        sampling_fps: 3.0,
        width: 64,
        height: 64,
        frames: vec![],
    };
    let rollouts = vec![rollout(0, &truth, "1.0-2.0"), rollout(1, &truth, "no idea")];
    let group = Group {
        step,
        index,
        policy_version: step,
        sample,
        rollouts,
        reward_mean: 0.5,
        reward_std: 0.7,
        degenerate: false,
    };
    event(seq, step, EventBody::RolloutGroup(Box::new(group)))
}

fn target(step: u64) -> RolloutRef {
    RolloutRef { run: "r".into(), step, group: 0, rollout: 1 }
}

fn submit(step: u64, base_version: u64) -> Op {
    Op {
        target: target(step),
        base_version,
        action: Action::Submit { tags: vec![Tag::Format], note: String::new() },
    }
}

#[test]
fn links_work_once_and_expire() {
    let test = TestStore::new();
    let token = |secret: &str, expires_at| NewToken {
        secret: Secret(secret.into()),
        person: None,
        role: Role::Annotator,
        name: String::new(),
        expires_at,
    };
    test.store.add_token(token("a", 10.0), None, 1.0).unwrap();
    test.store.add_token(token("b", 10.0), None, 1.0).unwrap();
    let sign_in = |link: &str, name: &str, at| {
        let session = Secret(format!("s-{link}"));
        test.store.sign_in(&Secret(link.into()), name, &session, 50.0, at)
    };
    assert!(matches!(sign_in("a", " ", 2.0), Err(StoreError::NameNeeded)));
    let ada = sign_in("a", " Ada ", 3.0).unwrap();
    assert_eq!((ada.name.as_str(), ada.role), ("Ada", Role::Annotator));
    for (link, at) in [("a", 4.0), ("b", 11.0), ("c", 4.0)] {
        assert!(matches!(sign_in(link, "Eve", at), Err(StoreError::BadLink(_))));
    }
    let session = Secret("s-a".into());
    let person = |at| test.store.session_person(&session, at).unwrap();
    assert_eq!(person(49.0), Some(ada));
    assert_eq!(person(51.0), None);
    test.store.sign_out(&session).unwrap();
    assert_eq!(person(49.0), None);
}

#[test]
fn secrets_are_not_in_the_file() {
    let test = TestStore::new();
    test.person("Grace", Role::Viewer);
    let dir = test.dir;
    drop(test.store);
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for secret in ["link of Grace", "session of Grace"] {
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{secret}");
        }
    }
}

fn video(number: u8, added_at: f64) -> StoredVideo {
    StoredVideo {
        video: Video {
            meta: VideoMeta {
                id: VideoId::from_hash(&[number; 32]),
                duration_secs: 1.0,
                frames: 60,
                width: 4,
                height: 4,
                fps_avg: 60.0,
                variable_rate: false,
                rotation: 0,
                codec: "vp9".into(),
            },
            name: format!("{number}.webm"),
            bytes: 5,
            added_at,
            problem: None,
        },
        path: PathBuf::from("/x"),
    }
}

#[test]
fn the_same_video_is_added_once_and_may_move() {
    let test = TestStore::new();
    let (first, new) = test.store.add_video(video(1, 1.0), 1).unwrap();
    assert!(new);
    let (second, new) = test.store.add_video(video(1, 2.0), 1).unwrap();
    assert!(!new);
    assert_eq!(first, second);
    assert_eq!(test.store.videos().unwrap().len(), 1);
    let id = &first.video.meta.id;
    let moved = test.store.move_video(id, "/y".as_ref(), 1).unwrap();
    assert_eq!(moved, StoredVideo { path: "/y".into(), ..first.clone() });
    assert_eq!(test.store.video(id).unwrap(), moved);
    let unknown = VideoId::from_hash(&[9; 32]);
    let lost = test.store.move_video(&unknown, "/y".as_ref(), 1);
    assert!(matches!(lost, Err(StoreError::NotFound("video"))));
}

#[test]
fn pages_of_lists_give_everything_once() {
    let test = TestStore::new();
    for number in 0..5 {
        // Two of a kind in time: the id decides.
        test.store.add_video(video(number, f64::from(number / 2)), 1).unwrap();
        test.run(&format!("r{number}"));
    }
    test.run("r");
    test.store.ingest("r", (0..5).map(|i| group(i + 1, i + 1, 0)).collect()).unwrap();
    let ada = test.person("Ada", Role::Annotator);
    for step in 1..=5 {
        test.store.label(submit(step, 0), &ada, (step / 2) as f64).unwrap();
    }

    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = test.store.videos_page(after.as_ref(), 2).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.video.meta.id.clone());
        seen.extend(page);
    }
    assert_eq!(seen, test.store.videos().unwrap());

    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = test.store.runs_page(after.as_deref(), 4).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.run.id.clone());
        seen.extend(page);
    }
    assert_eq!((seen.len(), seen), (6, test.store.runs().unwrap()));

    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = test.store.failures(None, after.as_ref(), 2).unwrap();
        let Some(Failure { label, .. }) = page.last() else { break };
        after = Some(LabelPlace { at: label.at, target: label.target.clone() });
        seen.extend(page.into_iter().map(|failure| failure.label.target.step));
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}

#[test]
fn events_are_taken_once_and_a_gap_is_refused() {
    let test = TestStore::new();
    test.run("r");
    let batch = vec![started(1, 0), group(2, 1, 0), step(3, 1)];
    for _ in 0..2 {
        assert_eq!(test.store.ingest("r", batch.clone()).unwrap().seq, 3);
    }
    assert_eq!(test.count("r"), 2);
    let gap = test.store.ingest("r", vec![step(4, 2), step(6, 3)]);
    assert!(matches!(gap, Err(StoreError::Gap { have: 4, got: 6, .. })));
    assert_eq!(test.store.run("r").unwrap().run.seq, 3, "all or none");
    let raw = test.store.events_after("r", 1, 10).unwrap();
    assert_eq!(raw.iter().map(|e| e.seq).collect::<Vec<_>>(), [2, 3]);
    let read: RunEvent = serde_json::from_str(&raw[1].json).unwrap();
    assert_eq!(read, step(3, 1));
}

#[test]
fn what_was_acknowledged_survives_a_restart() {
    let test = TestStore::new();
    test.run("r");
    test.store.ingest("r", vec![started(1, 0), step(2, 1)]).unwrap();
    let test = test.reopen();
    let stored = test.store.run("r").unwrap();
    assert_eq!((stored.run.seq, stored.run.step), (2, 1));
    assert_eq!(stored.run.state, RunState::Running);
    assert_eq!((stored.run.spark, stored.run.reward_mean), (vec![0.1], Some(0.1)));
    assert_eq!(test.store.live_runs().unwrap().len(), 1);
    assert_eq!(test.store.first_admin(9.0).unwrap(), test.admin);
}

#[test]
fn a_resumed_run_forgets_what_its_checkpoint_did_not_hold() {
    let test = TestStore::new();
    test.run("r");
    let batch = vec![started(1, 0), group(2, 1, 0), step(3, 1), group(4, 2, 0), step(5, 2)];
    test.store.ingest("r", batch).unwrap();
    test.store.ingest("r", vec![started(6, 1)]).unwrap();
    assert_eq!(test.count("r"), 2);
    assert_eq!(test.store.run("r").unwrap().run.step, 1);
    assert_eq!(test.store.events_after("r", 0, 10).unwrap().len(), 6);
    test.store.ingest("r", vec![group(7, 2, 0), step(8, 2)]).unwrap();
    let place = test.store.group("r", 1, 0).unwrap();
    assert_eq!((place.previous, place.next), (None, Some((2, 0))));
    assert_eq!(test.count("r"), 4);
}

#[test]
fn the_state_follows_the_events() {
    let test = TestStore::new();
    test.run("r");
    let state = |seq, body| {
        test.store.ingest("r", vec![event(seq, 1, body)]).unwrap();
        test.store.run("r").unwrap().run.state
    };
    let acknowledged = |control| EventBody::Control {
        control,
        stage: ControlStage::Acknowledged,
        by: None,
        asked_at: None,
    };
    test.store.ingest("r", vec![started(1, 0)]).unwrap();
    test.store.move_run("r", &[RunMove::AskPause]).unwrap();
    assert_eq!(state(2, acknowledged(Control::Pause)), RunState::Paused);
    assert_eq!(state(3, acknowledged(Control::Resume)), RunState::Running);
    let phase = Phase::Update;
    assert_eq!(state(4, EventBody::Phase { phase }), RunState::Running);
    let failed = test.store.fail_run("r", "its worker died").unwrap();
    assert_eq!(failed.run.failed_phase, Some(Phase::Update));
    assert!(test.store.fail_run("r", "twice").is_err());
    let queued = test.store.move_run("r", &[RunMove::Queue]).unwrap();
    assert_eq!(queued.run.failed_cause, None);
    assert_eq!(queued.videos, [VideoId::from_hash(&[7; 32])], "as when it was made");
    let adopted = test.store.adopt_run("r").unwrap();
    assert_eq!(adopted.run.state, RunState::Running);
    assert_eq!(state(5, EventBody::Finished { stopped: false }), RunState::Finished);
    assert!(test.store.move_run("r", &[RunMove::Queue]).is_err());
}

#[test]
fn filters_and_pages_give_every_rollout_once() {
    let test = TestStore::new();
    test.run("r");
    let mut batch = vec![started(1, 0)];
    batch.extend((0..5).map(|i| group(2 + i, 1 + i / 2, (i % 2) as u32)));
    test.store.ingest("r", batch).unwrap();
    let mut filter = RolloutFilter { limit: 3, ..Default::default() };
    let mut seen = Vec::new();
    loop {
        let page = test.store.rollouts("r", &filter).unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some((last.step, last.group, last.rollout));
        seen.extend(page.iter().map(|r| (r.step, r.group, r.rollout)));
    }
    let mut want = seen.clone();
    want.sort_by(|a, b| b.cmp(a));
    want.dedup();
    assert_eq!((seen.len(), seen), (10, want));
    for (filter, rows) in [
        (RolloutFilter { parsed: Some(false), ..Default::default() }, 5),
        (RolloutFilter { max_reward: Some(0.5), ..Default::default() }, 5),
        (RolloutFilter { task: Some(TaskKind::Jigsaw), ..Default::default() }, 0),
        (RolloutFilter { cell: Some("mirror".into()), ..Default::default() }, 10),
    ] {
        let filter = RolloutFilter { limit: 99, ..filter };
        assert_eq!(test.store.rollouts("r", &filter).unwrap().len(), rows, "{filter:?}");
    }
}

#[test]
fn a_replay_may_leave_out_old_groups_and_phases() {
    let test = TestStore::new();
    test.run("r");
    let batch = vec![started(1, 0), group(2, 1, 0), group(3, 1, 1), step(4, 1), group(5, 2, 0)];
    test.store.ingest("r", batch).unwrap();
    let phase = |seq, phase| event(seq, 2, EventBody::Phase { phase });
    let phases = vec![phase(6, Phase::Rollout), phase(7, Phase::Update), step(8, 2)];
    test.store.ingest("r", phases).unwrap();
    let from = test.store.replay_from("r", 2).unwrap();
    assert_eq!(from, ReplayFrom { first_group: 3, first_phase: 7, every: 1 });
    let seqs: Vec<u64> =
        test.store.replay_after("r", 0, 10, from).unwrap().iter().map(|e| e.seq).collect();
    assert_eq!(seqs, [1, 3, 4, 5, 7, 8]);
    assert_eq!(test.store.replay_from("r", 9).unwrap().first_group, 0);
    assert_eq!(test.store.replay_from("none", 9).unwrap(), ReplayFrom::default());
}

#[test]
fn a_stale_label_is_refused_with_the_newer_one() {
    let test = TestStore::new();
    test.run("r");
    test.store.ingest("r", vec![started(1, 0), group(2, 1, 0)]).unwrap();
    let ada = test.person("Ada", Role::Annotator);
    let bob = test.person("Bob", Role::Reviewer);
    test.store.label(submit(1, 0), &ada, 3.0).unwrap();
    match test.store.label(submit(1, 0), &ada, 4.0) {
        Err(StoreError::Refused { refusal, label }) => {
            assert_eq!(refusal, Refusal::Stale { newer: 1 });
            assert_eq!(label.unwrap().author, ada.as_ref());
        }
        other => panic!("{other:?}"),
    }
    let accept = Op {
        target: target(1),
        base_version: 1,
        action: Action::Accept { comment: String::new() },
    };
    test.store.label(accept, &bob, 5.0).unwrap();
    assert!(matches!(
        test.store.label(submit(8, 0), &ada, 6.0),
        Err(StoreError::NotFound("rollout"))
    ));
    let failures = |state| test.store.failures(state, None, 9).unwrap();
    let accepted = failures(Some(LabelState::Accepted));
    assert_eq!((accepted.len(), accepted[0].text.as_str()), (1, "no idea"));
    assert_eq!(failures(None), accepted);
    assert_eq!(failures(Some(LabelState::Submitted)), []);
    assert_eq!(test.store.group_labels("r", 1, 0).unwrap().len(), 1);
}

#[test]
fn a_decision_that_is_taken_back_stays_in_the_log() {
    let test = TestStore::new();
    test.run("r");
    test.store.ingest("r", vec![started(1, 0), group(2, 1, 0)]).unwrap();
    let ada = test.person("Ada", Role::Annotator);
    let bob = test.person("Bob", Role::Reviewer);
    let act = |base_version, action| Op { target: target(1), base_version, action };
    let before = test.store.label(submit(1, 0), &ada, 3.0).unwrap();
    let accept = Action::Accept { comment: "yes".into() };
    test.store.label(act(1, accept.clone()), &bob, 4.0).unwrap();
    let after = test.store.label(act(2, Action::Reopen), &bob, 5.0).unwrap();
    assert_eq!(after, Label { version: 3, at: 5.0, ..before });
    assert_eq!(test.store.failures(Some(LabelState::Accepted), None, 9).unwrap(), []);
    let log = rusqlite::Connection::open(test.dir.path().join("studio.db")).unwrap();
    let mut lines = log.prepare("SELECT json FROM label_ops ORDER BY seq").unwrap();
    let lines = lines.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let done: Vec<Action> =
        lines.map(|line| serde_json::from_str::<Op>(&line.unwrap()).unwrap().action).collect();
    assert_eq!(done[1..], [accept, Action::Reopen]);
}

#[test]
fn privileged_acts_are_written_down() {
    let test = TestStore::new();
    test.run("r");
    test.person("Ada", Role::Viewer);
    let acts: Vec<String> =
        test.store.audit_log(None, 9).unwrap().into_iter().map(|line| line.act).collect();
    assert_eq!(acts, ["signed_in", "invited", "made_run"]);
}

#[test]
fn a_page_that_opens_a_long_run_is_sent_a_thinned_past_and_a_whole_present() {
    let test = TestStore::new();
    test.run("r");
    let steps = 3 * shared::curves::STEPS_SENT;
    let mut events = vec![started(1, 0)];
    for at in 1..=steps {
        let seq = at * 3;
        let phase = event(seq - 1, at, EventBody::Phase { phase: Phase::Update });
        events.extend([phase, group(seq, at, 0), step(seq + 1, at)]);
    }
    test.store.ingest("r", events).unwrap();
    let from = test.store.replay_from("r", 64).unwrap();
    let (mut sent, mut after) = (Vec::new(), 0);
    loop {
        let part = test.store.replay_after("r", after, 500, from).unwrap();
        let Some(last) = part.last() else { break };
        after = last.seq;
        sent.extend(part.iter().map(|raw| serde_json::from_str::<RunEvent>(&raw.json).unwrap()));
    }
    assert!(sent.is_sorted_by_key(|event| event.seq));
    let count = |kind: &str| sent.iter().filter(|event| event.body.kind() == kind).count();
    assert_eq!((count("run_started"), count("phase"), count("rollout_group")), (1, 1, 64));
    let made = sent.iter().filter(|e| e.body.kind() == "step").map(|e| e.step).collect::<Vec<_>>();
    assert!(made.len() < 2100, "{}", made.len());
    assert_eq!((made[0], made[1], made[2]), (1, 3, 6));
    assert!(made.ends_with(&((steps - 62)..=steps).collect::<Vec<_>>()));
    assert_eq!(test.store.curves("r").unwrap().len() as u64, steps);
    // One that goes on misses nothing.
    let rest = test.store.replay_after("r", 10, 5, ReplayFrom::default()).unwrap();
    assert_eq!(rest.iter().map(|raw| raw.seq).collect::<Vec<_>>(), [11, 12, 13, 14, 15]);
}

#[test]
fn a_list_names_the_best_evaluation_on_held_out_clips_first() {
    let test = TestStore::new();
    test.run("r");
    let evaluation = |seq, set: &str, reward_mean| {
        let body = EventBody::Evaluation {
            set: set.into(),
            samples: 4,
            reward_mean,
            reward_interval: 0.1,
            by_cell: Default::default(),
            change: None,
            change_interval: None,
        };
        event(seq, 0, body)
    };
    let best = || test.store.run("r").unwrap().run.best;
    test.store.ingest("r", vec![started(1, 0)]).unwrap();
    assert_eq!(best(), None);
    let train = [evaluation(2, "train clips", 0.5), evaluation(3, "train clips", 0.25)];
    assert!(test.store.ingest("r", train.to_vec()).unwrap().run_changed);
    assert_eq!(best(), Some(0.5));
    test.store.ingest("r", vec![evaluation(4, "held-out clips", 0.125)]).unwrap();
    assert_eq!(best(), Some(0.125));
}
