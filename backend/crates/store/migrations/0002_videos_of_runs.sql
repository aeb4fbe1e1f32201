-- The videos that a run trains on, as a JSON list of ids in the order of their paths, fixed
-- when the run is made: a resumed run sees what its first start saw. Runs from before take
-- the library as it is now.
ALTER TABLE runs ADD COLUMN videos TEXT NOT NULL DEFAULT '[]';
UPDATE runs SET videos = (
    SELECT json_group_array(id)
    FROM (SELECT id FROM videos WHERE problem IS NULL ORDER BY path)
);

-- Whether a run goes on from a checkpoint follows from its directory alone.
ALTER TABLE runs DROP COLUMN resume;

-- Lists are read in pages.
DROP INDEX labels_newest;
CREATE INDEX labels_newest ON labels(at DESC, run DESC, step DESC, group_index DESC,
                                     rollout_index DESC);
