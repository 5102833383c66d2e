-- What the extractor weighed before it chose, and which values arithmetic or a known spelling changed.

ALTER TABLE evidence ADD COLUMN correction VARCHAR; -- why the value differs from the printed text; NULL: it does not

CREATE TABLE candidates (                  -- the best values that were considered for a field, the chosen one included
    document_id VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,                -- total_amount; never a line item or tax line
    rank INTEGER NOT NULL,                 -- by score, from 0
    value VARCHAR NOT NULL,
    score DOUBLE NOT NULL,                 -- weighted sum of the features; compares within one field only
    chosen BOOLEAN NOT NULL,
    reason VARCHAR NOT NULL,               -- the feature that spoke loudest
    correction VARCHAR,                    -- as in evidence
    features MAP(VARCHAR, DOUBLE) NOT NULL, -- those that are not 0
    page INTEGER NOT NULL,
    text VARCHAR NOT NULL,                 -- as printed
    x0 DOUBLE NOT NULL,
    y0 DOUBLE NOT NULL,
    x1 DOUBLE NOT NULL,
    y1 DOUBLE NOT NULL,
    words INTEGER[] NOT NULL               -- ocr_words.word
);
