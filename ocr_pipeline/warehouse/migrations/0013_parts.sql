-- Several invoices in one file: the pages of a part and the document that it is a part of; warnings about extracted values.

ALTER TABLE documents ADD COLUMN parent_id VARCHAR;
ALTER TABLE documents ADD COLUMN first_page INTEGER;
ALTER TABLE documents ADD COLUMN last_page INTEGER;
ALTER TABLE documents ADD COLUMN part_detection VARCHAR;
ALTER TABLE extractions ADD COLUMN warnings VARCHAR[];
