-- What confidences were computed from, so that those whose inputs are unchanged are not computed again.

ALTER TABLE calibrations ADD COLUMN content VARCHAR;    -- hash of all values; NULL: of an earlier version, to be made again
