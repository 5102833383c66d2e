-- Which backend is better, where, and since when. Rates are 0..1, intervals 95 %, NULL: cannot be told.

ALTER TABLE leaderboard ADD COLUMN macro_f1 DOUBLE;                     -- mean F1 of the fields, each counting the same
ALTER TABLE leaderboard ADD COLUMN macro_f1_low DOUBLE;
ALTER TABLE leaderboard ADD COLUMN macro_f1_high DOUBLE;
ALTER TABLE leaderboard ADD COLUMN straight_through_documents INTEGER;  -- nothing failed and every labelled field right
ALTER TABLE leaderboard ADD COLUMN straight_through_rate DOUBLE;
ALTER TABLE leaderboard ADD COLUMN straight_through_low DOUBLE;
ALTER TABLE leaderboard ADD COLUMN straight_through_high DOUBLE;
ALTER TABLE leaderboard ADD COLUMN pareto BOOLEAN;                      -- on the front of F1, cost and seconds

CREATE TABLE comparisons (                 -- one row per pair, field and rules; a difference is A minus B
    dataset VARCHAR NOT NULL,
    field VARCHAR NOT NULL,                -- or all_fields
    rules VARCHAR NOT NULL,                -- headline, or a level that is stricter or more lenient
    backend_a VARCHAR NOT NULL,            -- the first by name
    backend_b VARCHAR NOT NULL,
    documents INTEGER NOT NULL,            -- that both were run on
    n INTEGER NOT NULL,                    -- labelled values on them
    f1_a DOUBLE,
    f1_b DOUBLE,
    difference DOUBLE,
    difference_low DOUBLE,
    difference_high DOUBLE,
    disagree INTEGER NOT NULL,             -- documents in which one has a value right that the other has not
    a_better INTEGER NOT NULL,             -- documents in which A has more values right
    b_better INTEGER NOT NULL,
    test VARCHAR NOT NULL,                 -- mcnemar, randomization
    p DOUBLE NOT NULL,
    p_holm DOUBLE NOT NULL,                -- corrected over all pairs (and fields) shown together
    run_id VARCHAR,
    evaluated_at TIMESTAMP NOT NULL
);
CREATE TABLE rule_sensitivity (            -- who is best under which rules
    dataset VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    rules VARCHAR NOT NULL,
    best VARCHAR,                          -- NULL: a tie
    second VARCHAR NOT NULL,
    difference DOUBLE NOT NULL,
    p_holm DOUBLE NOT NULL,
    significant BOOLEAN NOT NULL,
    winner_changes BOOLEAN NOT NULL,       -- against the headline's rules
    significance_changes BOOLEAN NOT NULL
);
CREATE TABLE leaderboard_slices (          -- all fields together
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    dimension VARCHAR NOT NULL,            -- document_type, language, currency, confidence, pages, dataset, split
    slice VARCHAR NOT NULL,
    documents INTEGER NOT NULL,
    n INTEGER NOT NULL,
    correct INTEGER NOT NULL,
    predicted INTEGER NOT NULL,
    f1 DOUBLE,
    f1_low DOUBLE,
    f1_high DOUBLE
);

CREATE TABLE evaluation_history (          -- appended to, never replaced: one row per evaluation and field
    evaluation_id VARCHAR NOT NULL,        -- one backend on one data set at one time
    evaluated_at TIMESTAMP NOT NULL,
    run_id VARCHAR,
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,                -- or all_fields
    documents INTEGER NOT NULL,
    n INTEGER NOT NULL,
    correct INTEGER NOT NULL,
    wrong INTEGER NOT NULL,
    invented INTEGER NOT NULL,
    missed INTEGER NOT NULL,
    both_empty INTEGER NOT NULL,
    f1 DOUBLE,
    f1_low DOUBLE,
    f1_high DOUBLE,
    fingerprints VARCHAR[] NOT NULL,       -- engine/extractor
    label_version VARCHAR NOT NULL,        -- of the whole data set
    scoring_version INTEGER NOT NULL,
    rules VARCHAR NOT NULL,                -- fingerprint of evaluation.yaml, as in field_scores
    documents_hash VARCHAR NOT NULL,       -- of the ids of the documents
    set_id VARCHAR NOT NULL,               -- of the ids and their labels: evaluation_documents
    content VARCHAR NOT NULL,              -- hash of all that makes this evaluation differ from another one
    outcomes VARCHAR                       -- a letter per document of the set: c, w, i, m, b(oth empty), - not labelled
);
CREATE TABLE evaluation_documents (        -- the documents of evaluations, each set once
    set_id VARCHAR NOT NULL,
    document_ids VARCHAR[] NOT NULL,
    label_sha256 VARCHAR[] NOT NULL        -- of the label of each
);
CREATE TABLE evaluation_baselines (        -- what later evaluations are held against
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    evaluation_id VARCHAR NOT NULL,
    pinned_at TIMESTAMP NOT NULL
);
