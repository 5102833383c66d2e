-- Backends with `repeat`: the answers after the first one, their scores, and how far the scores vary.

ALTER TABLE model_calls ADD COLUMN repeat INTEGER DEFAULT 1; -- which time the document was asked about, from 1

CREATE TABLE repeated_answers (
    document_id VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    repeat INTEGER NOT NULL,               -- from 2
    reason VARCHAR,
    message VARCHAR,
    answer VARCHAR                         -- the extraction as JSON, without evidence; NULL: it failed
);

CREATE TABLE repeat_scores (
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    repeat INTEGER NOT NULL,
    field VARCHAR NOT NULL,
    prediction VARCHAR,
    differs BOOLEAN NOT NULL,
    in_all BOOLEAN NOT NULL,
    correct INTEGER NOT NULL,
    wrong INTEGER NOT NULL,
    spurious INTEGER NOT NULL,
    missing INTEGER NOT NULL
);

CREATE TABLE repeat_spread (
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    repeats INTEGER NOT NULL,
    documents INTEGER NOT NULL,
    differing INTEGER NOT NULL,
    f1_first DOUBLE,
    f1_mean DOUBLE,
    f1_min DOUBLE,
    f1_max DOUBLE
);
