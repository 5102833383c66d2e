-- The outcome at three levels, what a date's printed text says by itself, and the lists of an invoice row by row.

ALTER TABLE field_scores ADD COLUMN outcome_strict VARCHAR;
ALTER TABLE field_scores ADD COLUMN outcome_lenient VARCHAR;   -- `outcome` is between them: normalised
ALTER TABLE field_scores ADD COLUMN printed VARCHAR;           -- dates: the text that the value was read from
ALTER TABLE field_scores ADD COLUMN printed_reads VARCHAR;     -- dates: correct, wrong, unreadable
ALTER TABLE field_scores ADD COLUMN rules VARCHAR;             -- fingerprint of evaluation.yaml

ALTER TABLE leaderboard ADD COLUMN rules VARCHAR;
-- From here on `field` is also line_items, tax_lines (n counts rows), line_items.cells, tax_lines.cells (n counts cells).
ALTER TABLE leaderboard_fields ADD COLUMN f1_strict DOUBLE;
ALTER TABLE leaderboard_fields ADD COLUMN f1_lenient DOUBLE;
ALTER TABLE leaderboard_fields ADD COLUMN printed_date DOUBLE;        -- share of known printed dates that read as labelled
ALTER TABLE leaderboard_fields ADD COLUMN printed_unreadable INTEGER; -- how many of them are no date by themselves

CREATE TABLE line_item_scores (            -- one row per list of a document that its label has, and backend
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    list VARCHAR NOT NULL,                 -- line_items, tax_lines
    rows_correct INTEGER NOT NULL,         -- every cell is correct or rightly empty
    rows_wrong INTEGER NOT NULL,           -- assigned to a labelled row, and a cell is not correct
    rows_invented INTEGER NOT NULL,        -- extracted, and assigned to no labelled row
    rows_missed INTEGER NOT NULL,          -- labelled, and nothing assigned
    rows_correct_strict INTEGER NOT NULL,
    rows_correct_lenient INTEGER NOT NULL,
    cells_correct INTEGER NOT NULL,        -- of columns that the label has anywhere in the list
    cells_wrong INTEGER NOT NULL,
    cells_invented INTEGER NOT NULL,
    cells_missed INTEGER NOT NULL,
    cells_both_empty INTEGER NOT NULL,
    cells_correct_strict INTEGER NOT NULL,
    cells_correct_lenient INTEGER NOT NULL,
    label_sha256 VARCHAR NOT NULL,         -- from here on as in field_scores
    engine_fingerprint VARCHAR,
    extractor_fingerprint VARCHAR NOT NULL,
    result_key VARCHAR,
    scoring_version INTEGER NOT NULL,
    rules VARCHAR NOT NULL,
    run_id VARCHAR,
    scored_at TIMESTAMP NOT NULL
);
CREATE TABLE line_item_cells (             -- what line_item_scores counts
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    list VARCHAR NOT NULL,
    truth_position INTEGER,                -- ground_truth_line_items.position; NULL: an invented row
    prediction_position INTEGER,           -- extracted_line_items.position; NULL: a missed row
    row_outcome VARCHAR NOT NULL,          -- correct, wrong, invented, missed
    column_name VARCHAR NOT NULL,          -- description, amount
    kind VARCHAR NOT NULL,
    truth VARCHAR,
    prediction VARCHAR,
    outcome VARCHAR NOT NULL,
    outcome_strict VARCHAR NOT NULL,
    outcome_lenient VARCHAR NOT NULL,
    anls DOUBLE
);
