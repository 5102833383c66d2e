-- Evaluations and baselines of frozen test sets, by name and version: receipts@2.

ALTER TABLE evaluation_history ADD COLUMN testset VARCHAR DEFAULT '';   -- empty: all labelled documents of the data set
ALTER TABLE evaluation_baselines ADD COLUMN testset VARCHAR DEFAULT ''; -- the name alone
