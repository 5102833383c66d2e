-- Where a confidence is from: fitted on the project's labels, or the calibration that ships with the package.

ALTER TABLE confidences ADD COLUMN calibration VARCHAR;
UPDATE confidences SET calibration = 'project' WHERE confidence IS NOT NULL;
