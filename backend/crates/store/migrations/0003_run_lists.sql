-- What a page reads when it opens a run: everything but groups and phases, which are most of a
-- journal.
CREATE INDEX events_of_past ON events(run, seq) WHERE group_index IS NULL AND kind <> 'phase';

-- The best evaluation of a run, on the clips it trains on and on those held out.
ALTER TABLE runs ADD COLUMN best_train REAL;
ALTER TABLE runs ADD COLUMN best_held_out REAL;
UPDATE runs SET
    best_train = (
        SELECT max(json_extract(json, '$.reward_mean')) FROM events
        WHERE run = runs.id AND group_index IS NULL AND kind <> 'phase' AND kind = 'evaluation'
          AND json_extract(json, '$.set') = 'train clips'),
    best_held_out = (
        SELECT max(json_extract(json, '$.reward_mean')) FROM events
        WHERE run = runs.id AND group_index IS NULL AND kind <> 'phase' AND kind = 'evaluation'
          AND json_extract(json, '$.set') = 'held-out clips');

-- Runs that are out of sight; nothing of them is deleted.
ALTER TABLE runs ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
