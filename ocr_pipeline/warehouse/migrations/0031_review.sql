-- Documents that are accepted without a look, and what a person should look at in the others.

CREATE TABLE review (                      -- one row per document of the backend in use
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    status VARCHAR NOT NULL,               -- accepted, check
    confidence DOUBLE,
    threshold DOUBLE,
    fields VARCHAR[] NOT NULL,             -- to be looked at, the least sure first
    reasons MAP(VARCHAR, VARCHAR) NOT NULL, -- by field; '': of the whole document
    labelled BOOLEAN NOT NULL,
    sampled BOOLEAN NOT NULL,              -- accepted, and drawn for a check
    accepted_at TIMESTAMP,                 -- as long as it had no label
    accepted_values MAP(VARCHAR, VARCHAR), -- as they were accepted
    accepted_right BOOLEAN,                -- by a label that was made later
    run_id VARCHAR,
    computed_at TIMESTAMP NOT NULL
);
CREATE TABLE acceptances (                 -- what labels prove about accepting: one row per target and field, or set of fields
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,                -- or 'all': the chosen fields together
    fields VARCHAR[] NOT NULL,             -- the chosen fields
    target DOUBLE NOT NULL,
    wanted BOOLEAN NOT NULL,               -- the target of evaluation.yaml
    threshold DOUBLE,                      -- accept from this confidence on; NULL: nothing is proved
    labelled INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    bound DOUBLE NOT NULL,                 -- Clopper-Pearson, one-sided, 95 %
    needed INTEGER NOT NULL,               -- accepted documents without an error that prove the target
    smallest DOUBLE,                       -- target that can be proved
    run_id VARCHAR,
    computed_at TIMESTAMP NOT NULL
);
