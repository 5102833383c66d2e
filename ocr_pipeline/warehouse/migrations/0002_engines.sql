ALTER TABLE documents ADD COLUMN transcript_sha256 VARCHAR;     -- of the transcript that the data set ships beside it
ALTER TABLE ocr_pages ADD COLUMN rotation INTEGER DEFAULT 0;    -- degrees clockwise that made the page upright; boxes are of the upright page
