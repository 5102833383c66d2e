-- What a verdict was made from (where it is the same as before, a document is not judged again), and log probabilities.

ALTER TABLE verdicts ADD COLUMN content VARCHAR;

CREATE TABLE value_logprobs (              -- one row per value, NULL included, of a model that says how sure it is
    document_id VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    logprob DOUBLE NOT NULL                -- natural logarithm of the probability of its tokens; at most 0
);
