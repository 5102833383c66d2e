-- One term per thing: spurious and missing values, attributions, label issues.
-- The old table names stay as views with their old columns and codes, so that saved queries keep working.
-- What stays: the letters in `evaluation_history.outcomes` (i: spurious, m: missing), because the hash in `content` is made
-- from them; the codes in `reason`, in `kinds` and in `decision`; `judged_at` and `found_at`.

ALTER TABLE verdicts RENAME TO attributions;
ALTER TABLE attributions RENAME COLUMN verdict TO attribution;
ALTER TABLE label_suspects RENAME TO label_issues;
ALTER TABLE leaderboard_fields RENAME COLUMN invented TO spurious;
ALTER TABLE leaderboard_fields RENAME COLUMN missed TO missing;
ALTER TABLE evaluation_history RENAME COLUMN invented TO spurious;
ALTER TABLE evaluation_history RENAME COLUMN missed TO missing;
ALTER TABLE line_item_scores RENAME COLUMN rows_invented TO rows_spurious;
ALTER TABLE line_item_scores RENAME COLUMN rows_missed TO rows_missing;
ALTER TABLE line_item_scores RENAME COLUMN cells_invented TO cells_spurious;
ALTER TABLE line_item_scores RENAME COLUMN cells_missed TO cells_missing;

CREATE TEMP MACRO renamed(code) AS CASE code
    WHEN 'invented' THEN 'spurious' WHEN 'missed' THEN 'missing'
    WHEN 'ocr_missed' THEN 'ocr_missing' WHEN 'label_suspect' THEN 'label_issue' ELSE code END;
UPDATE field_scores SET outcome = renamed(outcome), outcome_strict = renamed(outcome_strict),
    outcome_lenient = renamed(outcome_lenient);
UPDATE line_item_cells SET row_outcome = renamed(row_outcome), outcome = renamed(outcome),
    outcome_strict = renamed(outcome_strict), outcome_lenient = renamed(outcome_lenient);
UPDATE attributions SET outcome = renamed(outcome), attribution = renamed(attribution);
DROP MACRO renamed;

CREATE VIEW verdicts AS
SELECT * REPLACE (
    CASE outcome WHEN 'spurious' THEN 'invented' WHEN 'missing' THEN 'missed' ELSE outcome END AS outcome
), CASE attribution WHEN 'spurious' THEN 'invented' WHEN 'ocr_missing' THEN 'ocr_missed'
    WHEN 'label_issue' THEN 'label_suspect' ELSE attribution END AS verdict
FROM attributions;
CREATE VIEW label_suspects AS FROM label_issues;
