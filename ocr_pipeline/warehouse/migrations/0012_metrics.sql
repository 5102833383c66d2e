-- Metrics of a project's own, named in evaluation.yaml.

ALTER TABLE field_scores ADD COLUMN metrics MAP(VARCHAR, DOUBLE);
ALTER TABLE leaderboard_fields ADD COLUMN metrics MAP(VARCHAR, DOUBLE);
