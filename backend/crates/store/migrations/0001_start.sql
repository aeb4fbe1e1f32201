-- Ground state: `events` (what workers report) and `label_ops` (what people do).
-- `steps`, `groups`, `rollouts` and `labels` are folds of those two and can be rebuilt.

-- People of the team. Nobody is ever deleted: labels name their authors.
CREATE TABLE people (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    created_at  REAL NOT NULL
) STRICT;

-- One-time links. Only a hash is kept, so that a copy of the database signs nobody in.
-- `person` is set where the link is for somebody who exists; else `role` and `name` make
-- a new person.
CREATE TABLE sign_in_tokens (
    hash        BLOB PRIMARY KEY,
    person      INTEGER REFERENCES people(id),
    role        TEXT NOT NULL,
    name        TEXT NOT NULL,
    created_at  REAL NOT NULL,
    expires_at  REAL NOT NULL,
    used_at     REAL
) STRICT, WITHOUT ROWID;

-- Signed-in browsers; only the hash of the cookie is kept.
CREATE TABLE sessions (
    hash        BLOB PRIMARY KEY,
    person      INTEGER NOT NULL REFERENCES people(id),
    created_at  REAL NOT NULL,
    expires_at  REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- The library. `path` is where the file lies; sources are never written to.
CREATE TABLE videos (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    bytes       INTEGER NOT NULL,
    added_at    REAL NOT NULL,
    problem     TEXT,
    meta        TEXT NOT NULL,
    path        TEXT NOT NULL
) STRICT;
CREATE INDEX videos_newest ON videos(added_at DESC, id DESC);

-- Runs. `seq` is the newest durable event; `phase` is the newest one reported.
CREATE TABLE runs (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    config       TEXT NOT NULL,
    state        TEXT NOT NULL,
    resume       INTEGER NOT NULL DEFAULT 0,
    seq          INTEGER NOT NULL DEFAULT 0,
    step         INTEGER NOT NULL DEFAULT 0,
    steps        INTEGER NOT NULL,
    phase        TEXT,
    failed_phase TEXT,
    failed_cause TEXT,
    device       TEXT NOT NULL,
    owner        INTEGER NOT NULL REFERENCES people(id),
    created_at   REAL NOT NULL,
    queued_at    REAL
) STRICT;
CREATE INDEX runs_by_state ON runs(state, queued_at);

-- The run journals as acknowledged. Append-only; `group_index` is set for groups only.
CREATE TABLE events (
    run          TEXT NOT NULL,
    seq          INTEGER NOT NULL,
    step         INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    group_index  INTEGER,
    json         TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT;
CREATE INDEX events_of_groups ON events(run, step, group_index, seq)
    WHERE group_index IS NOT NULL;
CREATE INDEX events_newest_groups ON events(run, seq) WHERE group_index IS NOT NULL;

-- One row per step made, for sparklines.
CREATE TABLE steps (
    run          TEXT NOT NULL,
    step         INTEGER NOT NULL,
    reward_mean  REAL NOT NULL,
    PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;

-- Which event holds a group; a resumed run forgets the groups after its checkpoint.
CREATE TABLE groups (
    run          TEXT NOT NULL,
    step         INTEGER NOT NULL,
    group_index  INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (run, step, group_index)
) STRICT, WITHOUT ROWID;

-- Rollouts as filtered and listed.
CREATE TABLE rollouts (
    run           TEXT NOT NULL,
    step          INTEGER NOT NULL,
    group_index   INTEGER NOT NULL,
    rollout_index INTEGER NOT NULL,
    task          TEXT NOT NULL,
    cell          TEXT NOT NULL,
    video         TEXT NOT NULL,
    reward        REAL NOT NULL,
    advantage     REAL NOT NULL,
    parsed        INTEGER NOT NULL,
    text          TEXT NOT NULL,
    PRIMARY KEY (run, step, group_index, rollout_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX rollouts_by_task ON rollouts(run, task, step, group_index, rollout_index);
CREATE INDEX rollouts_by_cell ON rollouts(run, cell, step, group_index, rollout_index);
CREATE INDEX rollouts_unreadable ON rollouts(run, step, group_index, rollout_index)
    WHERE parsed = 0;

-- The annotation log. Append-only.
CREATE TABLE label_ops (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    at            REAL NOT NULL,
    person        INTEGER NOT NULL,
    person_name   TEXT NOT NULL,
    json          TEXT NOT NULL
) STRICT;

-- Labels: the fold of `label_ops`. `beside` is what a list shows of the rollout, taken from
-- its group's event, so that a long list reads no groups.
CREATE TABLE labels (
    run           TEXT NOT NULL,
    step          INTEGER NOT NULL,
    group_index   INTEGER NOT NULL,
    rollout_index INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    state         TEXT NOT NULL,
    at            REAL NOT NULL,
    json          TEXT NOT NULL,
    video         TEXT NOT NULL,
    beside        TEXT NOT NULL,
    PRIMARY KEY (run, step, group_index, rollout_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_newest ON labels(at DESC);

-- Who did what that needs rights. Append-only.
CREATE TABLE audit (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       REAL NOT NULL,
    person   INTEGER NOT NULL,
    act      TEXT NOT NULL,
    subject  TEXT NOT NULL
) STRICT;
