-- What was asked of models for a cell of `extractions`. The whole request and reply are in the result store, by `call_key`.
CREATE TABLE model_calls (
    document_id VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    position INTEGER NOT NULL,             -- order within the cell, from 0
    call_key VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,              -- extract, repair
    provider VARCHAR NOT NULL,
    model VARCHAR NOT NULL,                -- as asked for
    model_version VARCHAR,                 -- as the server reports it
    finish VARCHAR NOT NULL,               -- complete, truncated, blocked, empty
    asked_at TIMESTAMP NOT NULL,
    seconds DOUBLE NOT NULL,               -- of the attempt that was answered; of a batch, from submission to collection
    attempts INTEGER NOT NULL,
    batch BOOLEAN NOT NULL,
    from_store BOOLEAN NOT NULL,           -- paid for by an earlier run or another cell
    input_tokens BIGINT,                   -- cached ones included; NULL: the server did not say
    cached_tokens BIGINT,
    output_tokens BIGINT,
    thought_tokens BIGINT,
    cost_usd DOUBLE                        -- NULL: the price is not known
);
-- What the extractor's fingerprint is made of, as JSON: says why a cell is stale.
ALTER TABLE extractions ADD COLUMN extractor_settings VARCHAR;
