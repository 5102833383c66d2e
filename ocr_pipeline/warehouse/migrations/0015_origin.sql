-- Where a document comes from: country, currency and order of dates, each with a confidence.

ALTER TABLE extractions ADD COLUMN country VARCHAR;
ALTER TABLE extractions ADD COLUMN country_confidence DOUBLE;
ALTER TABLE extractions ADD COLUMN country_margin DOUBLE;
ALTER TABLE extractions ADD COLUMN currency VARCHAR;
ALTER TABLE extractions ADD COLUMN currency_confidence DOUBLE;
ALTER TABLE extractions ADD COLUMN day_first BOOLEAN;
ALTER TABLE extractions ADD COLUMN day_first_confidence DOUBLE;
ALTER TABLE extractions ADD COLUMN country_evidence VARCHAR[];
