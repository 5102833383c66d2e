-- Why values are wrong, how sure they are, which labels are doubtful, and what backends agree on.

CREATE TABLE verdicts (                    -- one row per value of `field_scores` that is wrong, missed or invented
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,              -- wrong, missed, invented
    truth VARCHAR,
    prediction VARCHAR,
    verdict VARCHAR NOT NULL,              -- ocr_missed, ocr_misread, selection, invented, normalisation, label_suspect, document_failed
    reason VARCHAR NOT NULL,               -- a sentence
    page INTEGER,                          -- where the labelled value stands, or what looks most like it
    x0 DOUBLE,
    y0 DOUBLE,
    x1 DOUBLE,
    y1 DOUBLE,
    similarity DOUBLE,                     -- of the words there with the labelled value, 0..1
    run_id VARCHAR,
    judged_at TIMESTAMP NOT NULL
);

CREATE TABLE confidences (                 -- one row per value that a backend gave or left empty
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    prediction VARCHAR,
    correct BOOLEAN,                       -- NULL: not labelled
    confidence DOUBLE,                     -- probability that it is right, 0..1; NULL: it could not be calibrated
    fold INTEGER,                          -- the fold whose documents were not fitted on; NULL: an unlabelled value
    features MAP(VARCHAR, DOUBLE) NOT NULL, -- the evidence that it was made from
    run_id VARCHAR,
    computed_at TIMESTAMP NOT NULL
);
CREATE TABLE calibrations (                -- one row per data set and backend
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    status VARCHAR NOT NULL,               -- ok, too_few: then the message says what is missing
    message VARCHAR,
    method VARCHAR,
    documents INTEGER NOT NULL,
    groups INTEGER NOT NULL,               -- documents, copies counted once
    "values" INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    ece DOUBLE,                            -- expected calibration error, 0..1, in ten bins of equal size
    ece_by_chance DOUBLE,                  -- what a perfect calibration shows with as many values
    brier DOUBLE,
    auc DOUBLE,                            -- chance that a right value has a higher confidence than a wrong one
    run_id VARCHAR,
    computed_at TIMESTAMP NOT NULL
);
CREATE TABLE reliability (                 -- one row per bin
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    bin INTEGER NOT NULL,
    n INTEGER NOT NULL,
    confidence DOUBLE NOT NULL,            -- mean
    accuracy DOUBLE NOT NULL,
    accuracy_low DOUBLE NOT NULL,          -- Wilson, 95 %
    accuracy_high DOUBLE NOT NULL
);
CREATE TABLE risk_coverage (               -- what can be accepted without a look, and how much of it is wrong
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    level VARCHAR NOT NULL,                -- document: all its values right; value
    target_risk DOUBLE,                    -- thresholds chosen for it on other documents; NULL: the surest share
    threshold DOUBLE,                      -- for new documents: accept from this confidence on; NULL: accept none
    n INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    coverage DOUBLE NOT NULL,              -- accepted / n
    errors INTEGER NOT NULL,
    risk DOUBLE,                           -- errors / accepted
    risk_low DOUBLE,                       -- Wilson, 95 %
    risk_high DOUBLE
);

ALTER TABLE ground_truth ADD COLUMN decision VARCHAR;    -- of a review: label, value, both; NULL: none that holds
ALTER TABLE ground_truth ADD COLUMN file_value VARCHAR;  -- what the label file says, where a review changed it
CREATE TABLE label_suspects (              -- one row per labelled field that is doubtful and not reviewed, worst first
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    label VARCHAR,
    value VARCHAR,                         -- what is proposed instead; NULL: nothing
    kinds VARCHAR[] NOT NULL,              -- agreement, arithmetic, duplicate, transcript
    reason VARCHAR NOT NULL,               -- a sentence
    backends VARCHAR[] NOT NULL,           -- that agree on the value
    independent BOOLEAN NOT NULL,          -- two extractors agree, or it is no matter of agreement
    score DOUBLE NOT NULL,
    run_id VARCHAR,
    found_at TIMESTAMP NOT NULL
);

CREATE TABLE consensus (                   -- one row per document and field that at least one backend gave a value for
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    labelled BOOLEAN NOT NULL,
    value VARCHAR,                         -- of most backends; NULL: most gave none
    backends INTEGER NOT NULL,             -- that ran on the document
    agreeing INTEGER NOT NULL,             -- that gave this value
    distinct_values INTEGER NOT NULL,      -- none counts as one
    agreement DOUBLE NOT NULL,             -- share of the pairs of backends that agree; NULL never: 1 for one backend
    run_id VARCHAR,
    computed_at TIMESTAMP NOT NULL
);
