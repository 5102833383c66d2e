ALTER TABLE documents ADD COLUMN perceptual_hash VARCHAR;   -- of the first page as displayed: dct1-, 256 bits in hex

CREATE TABLE duplicates (                  -- one row per document of a group that has the same bytes or looks the same
    document_id VARCHAR NOT NULL,
    group_id VARCHAR NOT NULL,             -- the group's first document
    duplicate_of VARCHAR,                  -- the same, and NULL for the first document itself
    kind VARCHAR,                          -- exact, near
    distance INTEGER,                      -- bits of 256 in which the two hashes differ
    split VARCHAR,                         -- the split in use: test for a whole group that holds a test document
    run_id VARCHAR,
    updated_at TIMESTAMP NOT NULL
);
CREATE TABLE page_similarities (           -- pairs of contents whose hashes are near, compared once
    sha256_a VARCHAR NOT NULL,             -- the smaller one first
    sha256_b VARCHAR NOT NULL,
    similarity DOUBLE NOT NULL             -- 0..1; the same document from 0.83
);
