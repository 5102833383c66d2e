-- Whether page, codes and XML of a document agree, field by field, where at least two of them have a value.

CREATE TABLE truth_agreement (
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    page VARCHAR,                          -- what backends read that agrees, else what most read
    code VARCHAR,
    xml VARCHAR,
    agrees BOOLEAN NOT NULL,
    readings MAP(VARCHAR, VARCHAR) NOT NULL, -- what each backend read on the page
    backends VARCHAR[] NOT NULL,           -- those that read code and XML
    sentence VARCHAR NOT NULL,
    run_id VARCHAR,
    computed_at TIMESTAMP NOT NULL
);
