-- What scores and findings were made from, so that those whose inputs are unchanged are not made again.

CREATE TABLE scored_cells (                -- one row per scored document and backend, also if its label mentions no field
    document_id VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    content VARCHAR NOT NULL               -- hash of label, result and rules
);
CREATE TABLE findings (                    -- what an asset found in a document; most find nothing in most
    document_id VARCHAR NOT NULL,
    asset VARCHAR NOT NULL,
    content VARCHAR NOT NULL,              -- hash of everything it depends on
    result VARCHAR NOT NULL                -- as JSON
);

-- Stored scores are made again once, or removed if their label or result is gone.
INSERT INTO scored_cells
SELECT document_id, backend, '' FROM field_scores UNION SELECT document_id, backend, '' FROM line_item_scores;
