-- Imported predictions: seconds and cost_usd are then what their maker says, not what was measured.
ALTER TABLE extractions ADD COLUMN reported BOOLEAN;
ALTER TABLE extractions ADD COLUMN reported_model VARCHAR;
ALTER TABLE extractions ADD COLUMN reported_model_version VARCHAR;
ALTER TABLE leaderboard ADD COLUMN reported BOOLEAN;
