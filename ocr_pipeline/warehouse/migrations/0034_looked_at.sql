-- `findings` says of every asset of the diagnosis which documents it looked at, and what they were like. Whatever is known is
-- looked at again once, or removed if its document is gone.

DELETE FROM findings;
INSERT INTO findings
SELECT DISTINCT document_id, 'label_issues', '', 'null' FROM label_issues UNION ALL
SELECT DISTINCT document_id, 'attributions', '', 'null' FROM attributions UNION ALL
SELECT DISTINCT document_id, 'scale_suspects', '', 'null' FROM scale_suspects UNION ALL
SELECT DISTINCT document_id, 'confidences', '', 'null' FROM confidences UNION ALL
SELECT document_id, 'consensus', '', 'null' FROM (SELECT document_id FROM consensus UNION SELECT document_id FROM truth_agreement) c;

-- Confidences are computed again, too, from the values that are looked at again.
UPDATE calibrations SET content = NULL;
