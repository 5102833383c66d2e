-- What each value was read from, and what the other sources have for it.

ALTER TABLE extracted_fields ADD COLUMN read_from VARCHAR;       -- page, code, xml; NULL: imported, not known
ALTER TABLE extracted_fields ADD COLUMN others MAP(VARCHAR, VARCHAR); -- values of the other sources; NULL: none
UPDATE extracted_fields f SET read_from = CASE WHEN e.extractor IN ('codes') THEN 'code' ELSE 'page' END
FROM extractions e WHERE e.document_id = f.document_id AND e.backend = f.backend AND e.extractor <> 'external';

ALTER TABLE leaderboard ADD COLUMN read_from MAP(VARCHAR, BIGINT); -- values by source, of all documents that were run
