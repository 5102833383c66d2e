-- Times are UTC. Boxes (x0, y0, x1, y1) are relative to the page as displayed, origin top left. Pages count from 1.
-- No primary keys: DuckDB's over-eager constraint check refuses delete + insert of one key in one transaction.

CREATE TABLE documents (
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    path VARCHAR NOT NULL,                 -- relative to the project
    media_type VARCHAR,
    size_bytes BIGINT,
    sha256 VARCHAR,
    pages INTEGER,
    status VARCHAR NOT NULL,               -- ok, failed
    reason VARCHAR,                        -- DocumentErrorReason
    message VARCHAR,
    run_id VARCHAR,
    updated_at TIMESTAMP NOT NULL
);
CREATE TABLE pages (
    document_id VARCHAR NOT NULL,
    page INTEGER NOT NULL,
    width_px INTEGER NOT NULL,
    height_px INTEGER NOT NULL,
    dpi DOUBLE
);

CREATE TABLE labels (
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    status VARCHAR NOT NULL,               -- ok, invalid, none
    message VARCHAR,
    label_sha256 VARCHAR,
    language VARCHAR,
    split VARCHAR,
    run_id VARCHAR,
    updated_at TIMESTAMP NOT NULL
);
CREATE TABLE ground_truth (                -- one row per labelled field; value NULL: labelled as not on the document
    document_id VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    value VARCHAR,
    value_amount DECIMAL(24, 6),
    value_date DATE,
    alternatives VARCHAR[]
);
CREATE TABLE ground_truth_line_items (
    document_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    description VARCHAR,
    quantity DECIMAL(24, 6),
    unit VARCHAR,
    unit_price DECIMAL(24, 6),
    amount DECIMAL(24, 6),
    product_code VARCHAR
);
CREATE TABLE ground_truth_tax_lines (
    document_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    rate DECIMAL(24, 6),
    net_amount DECIMAL(24, 6),
    amount DECIMAL(24, 6)
);

CREATE TABLE ocr_text (                    -- one row per document and engine
    document_id VARCHAR NOT NULL,
    engine VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    reason VARCHAR,
    message VARCHAR,
    pages INTEGER,
    words INTEGER,
    mean_confidence DOUBLE,
    seconds DOUBLE,
    fingerprint VARCHAR NOT NULL,          -- of the engine: version and settings
    result_key VARCHAR,                    -- address in the result store; NULL: not kept, will be tried again
    run_id VARCHAR,
    updated_at TIMESTAMP NOT NULL
);
CREATE TABLE ocr_pages (
    document_id VARCHAR NOT NULL,
    engine VARCHAR NOT NULL,
    page INTEGER NOT NULL,
    width_px INTEGER NOT NULL,
    height_px INTEGER NOT NULL,
    words INTEGER NOT NULL,
    mean_confidence DOUBLE,
    seconds DOUBLE NOT NULL
);
CREATE TABLE ocr_words (
    document_id VARCHAR NOT NULL,
    engine VARCHAR NOT NULL,
    page INTEGER NOT NULL,
    word INTEGER NOT NULL,                 -- index in reading order, from 0, over all pages
    line INTEGER NOT NULL,
    text VARCHAR NOT NULL,
    x0 DOUBLE NOT NULL,
    y0 DOUBLE NOT NULL,
    x1 DOUBLE NOT NULL,
    y1 DOUBLE NOT NULL,
    confidence DOUBLE
);

CREATE TABLE extractions (                 -- one row per document and backend
    document_id VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    engine VARCHAR,
    extractor VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    reason VARCHAR,
    message VARCHAR,
    seconds DOUBLE,                        -- extractor only
    ocr_seconds DOUBLE,
    cost_usd DOUBLE,                       -- NULL: unknown
    engine_fingerprint VARCHAR,
    extractor_fingerprint VARCHAR NOT NULL,
    result_key VARCHAR,
    run_id VARCHAR,
    updated_at TIMESTAMP NOT NULL
);
CREATE TABLE extracted_fields (
    document_id VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    value_amount DECIMAL(24, 6),
    value_date DATE
);
CREATE TABLE extracted_line_items (
    document_id VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    description VARCHAR,
    quantity DECIMAL(24, 6),
    unit VARCHAR,
    unit_price DECIMAL(24, 6),
    amount DECIMAL(24, 6),
    product_code VARCHAR
);
CREATE TABLE extracted_tax_lines (
    document_id VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    rate DECIMAL(24, 6),
    net_amount DECIMAL(24, 6),
    amount DECIMAL(24, 6)
);
CREATE TABLE evidence (                    -- where each extracted value stands
    document_id VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,                -- total_amount, line_items.0.amount
    page INTEGER NOT NULL,
    text VARCHAR NOT NULL,
    x0 DOUBLE NOT NULL,
    y0 DOUBLE NOT NULL,
    x1 DOUBLE NOT NULL,
    y1 DOUBLE NOT NULL,
    words INTEGER[] NOT NULL,              -- ocr_words.word
    method VARCHAR NOT NULL,
    score DOUBLE NOT NULL
);

CREATE TABLE field_scores (
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    truth VARCHAR,
    prediction VARCHAR,
    outcome VARCHAR NOT NULL,              -- correct, wrong, invented, missed, both_empty
    within_0_01 BOOLEAN,
    within_0_05 BOOLEAN,
    within_1_percent BOOLEAN,
    anls DOUBLE,
    anls_match BOOLEAN,
    label_sha256 VARCHAR NOT NULL,         -- with the next four: what was scored, and by which rules
    engine_fingerprint VARCHAR,
    extractor_fingerprint VARCHAR NOT NULL,
    result_key VARCHAR,
    scoring_version INTEGER NOT NULL,
    run_id VARCHAR,
    scored_at TIMESTAMP NOT NULL
);

CREATE TABLE leaderboard (                 -- one row per data set and backend; rates are 0..1, intervals 95 %
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    status VARCHAR NOT NULL,               -- ok, not_run: then the message says why, and no score is given
    message VARCHAR,
    documents INTEGER,                     -- that were run, labelled or not, failed ones included
    failures INTEGER,                      -- of these: without a result, scored as missed in every field
    labelled_documents INTEGER,
    missing_documents INTEGER,             -- labelled, but not run on or not scored since: in no score
    accurate_documents INTEGER,
    whole_document_accuracy DOUBLE,
    whole_document_accuracy_low DOUBLE,
    whole_document_accuracy_high DOUBLE,
    seconds_per_document DOUBLE,           -- engine and extractor together
    seconds_median DOUBLE,
    seconds_median_low DOUBLE,
    seconds_median_high DOUBLE,
    cost_per_document DOUBLE,              -- USD; NULL: unknown
    cost_median DOUBLE,
    cost_median_low DOUBLE,
    cost_median_high DOUBLE,
    fingerprints VARCHAR[],                -- engine/extractor; more than one: it changed between documents
    label_version VARCHAR,
    scoring_version INTEGER,
    run_id VARCHAR,
    evaluated_at TIMESTAMP NOT NULL
);
CREATE TABLE leaderboard_fields (          -- Wilson intervals for one field; bootstrap for f1 and for all_fields
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,                -- 'all_fields': the values of all fields together
    documents INTEGER NOT NULL,
    n INTEGER NOT NULL,                    -- values that are labelled
    correct INTEGER NOT NULL,
    wrong INTEGER NOT NULL,
    invented INTEGER NOT NULL,
    missed INTEGER NOT NULL,
    both_empty INTEGER NOT NULL,
    "precision" DOUBLE,
    precision_low DOUBLE,
    precision_high DOUBLE,
    recall DOUBLE,
    recall_low DOUBLE,
    recall_high DOUBLE,
    f1 DOUBLE,
    f1_low DOUBLE,
    f1_high DOUBLE,
    within_0_01 DOUBLE,
    within_0_05 DOUBLE,
    within_1_percent DOUBLE,
    anls DOUBLE,
    anls_match DOUBLE
);
