-- Values of imported predictions that were given and cannot be read, by field: wrong, not missing.

ALTER TABLE extractions ADD COLUMN unreadable MAP(VARCHAR, VARCHAR);
