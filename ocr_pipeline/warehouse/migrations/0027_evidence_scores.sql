-- Places on labels, evidence compared with them, and its summary.

CREATE TABLE label_boxes (                 -- places at which labelled values are printed; several accepted ones per value
    document_id VARCHAR NOT NULL,
    field VARCHAR NOT NULL,                -- path: total_amount, line_items.0.amount
    position INTEGER NOT NULL,             -- order in the label, from 0
    page INTEGER NOT NULL,
    x0 DOUBLE NOT NULL,
    y0 DOUBLE NOT NULL,
    x1 DOUBLE NOT NULL,
    y1 DOUBLE NOT NULL,
    encloses VARCHAR NOT NULL              -- value, or line: the whole lines
);

CREATE TABLE evidence_scores (             -- evidence of each value whose place is labelled
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,              -- found, elsewhere, no_box, spurious
    value_outcome VARCHAR NOT NULL,
    iou DOUBLE,
    page_right BOOLEAN,
    page INTEGER,                          -- of the evidence
    x0 DOUBLE,
    y0 DOUBLE,
    x1 DOUBLE,
    y1 DOUBLE,
    label_page INTEGER,                    -- of the closest accepted place
    label_x0 DOUBLE,
    label_y0 DOUBLE,
    label_x1 DOUBLE,
    label_y1 DOUBLE,
    label_sha256 VARCHAR NOT NULL,         -- with the next five: as in field_scores
    engine_fingerprint VARCHAR,
    extractor_fingerprint VARCHAR NOT NULL,
    result_key VARCHAR,
    scoring_version INTEGER NOT NULL,
    rules VARCHAR,
    run_id VARCHAR,
    scored_at TIMESTAMP NOT NULL
);

CREATE TABLE leaderboard_evidence (        -- rates are 0..1, intervals 95 %
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,                -- 'all_fields': all single values together
    documents INTEGER NOT NULL,
    n INTEGER NOT NULL,
    found INTEGER NOT NULL,
    elsewhere INTEGER NOT NULL,
    no_box INTEGER NOT NULL,
    spurious INTEGER NOT NULL,
    "precision" DOUBLE,
    recall DOUBLE,
    f1 DOUBLE,
    f1_low DOUBLE,
    f1_high DOUBLE,
    pages INTEGER NOT NULL,
    page_accuracy DOUBLE,
    right_values INTEGER NOT NULL,
    right_elsewhere INTEGER NOT NULL,
    elsewhere_rate DOUBLE,
    elsewhere_low DOUBLE,
    elsewhere_high DOUBLE
);
