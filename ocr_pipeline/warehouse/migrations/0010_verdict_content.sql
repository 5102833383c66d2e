-- What a verdict was made from: where it is the same as before, a document is not judged again.

ALTER TABLE verdicts ADD COLUMN content VARCHAR;
