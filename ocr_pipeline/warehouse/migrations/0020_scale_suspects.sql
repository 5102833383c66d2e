-- Amounts that differ from what is printed by a power of ten: 161.000 on the page, 161 given.

CREATE TABLE scale_suspects (
    document_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    text VARCHAR NOT NULL,                 -- as printed
    printed VARCHAR NOT NULL,              -- the amount that it is on its page
    is_open BOOLEAN NOT NULL,              -- nothing on the page decides
    engine VARCHAR NOT NULL,
    run_id VARCHAR,
    found_at TIMESTAMP NOT NULL
);
