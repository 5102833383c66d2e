-- Documents of a project's own schemas: their fields are in the tables that exist, their lists in one long table each.

ALTER TABLE documents ADD COLUMN schema_name VARCHAR;    -- schemas/NAME/schema.yaml; NULL: an invoice
ALTER TABLE documents ADD COLUMN schema_state VARCHAR;   -- fingerprints of the schema; NULL: an invoice
ALTER TABLE labels ADD COLUMN schema_name VARCHAR;
ALTER TABLE labels ADD COLUMN shape VARCHAR;             -- JSON: fields, lists and kinds of the values; NULL: an invoice
ALTER TABLE extractions ADD COLUMN schema_name VARCHAR;
ALTER TABLE extractions ADD COLUMN shape VARCHAR;

CREATE TABLE ground_truth_rows (           -- one row per labelled row and column of a list
    document_id VARCHAR NOT NULL,
    list VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    column_name VARCHAR NOT NULL,
    value VARCHAR,
    value_amount DECIMAL(24, 6),
    value_date DATE
);
CREATE TABLE extracted_rows (
    document_id VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    list VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    column_name VARCHAR NOT NULL,
    value VARCHAR,
    value_amount DECIMAL(24, 6),
    value_date DATE
);
