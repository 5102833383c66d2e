-- Failures of documents that are final: file, limits and version that were tried, so that no run tries them again.

ALTER TABLE documents ADD COLUMN attempt VARCHAR; -- a hash; NULL: every run tries again
