-- QR and bar codes on pages, as the extractor `codes` decoded them. Untrusted text; addresses in it were never opened.

CREATE TABLE codes (
    document_id VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    position INTEGER NOT NULL,             -- from 0
    page INTEGER NOT NULL,
    symbology VARCHAR NOT NULL,            -- QR Code, Code 128
    format VARCHAR,                        -- the specification of its content; NULL: unknown
    version VARCHAR NOT NULL,
    text VARCHAR NOT NULL,                 -- the beginning of its content
    content MAP(VARCHAR, VARCHAR) NOT NULL, -- fields, and what has no field: iban, reference
    x0 DOUBLE NOT NULL,
    y0 DOUBLE NOT NULL,
    x1 DOUBLE NOT NULL,
    y1 DOUBLE NOT NULL
);
