-- By what it is noticed that a file changed: `size,mtime_ns,ctime_ns,inode`, or `-` for a file that does not exist.

ALTER TABLE documents ADD COLUMN file_state VARCHAR; -- of the document and its transcript; NULL: compare the content
ALTER TABLE labels ADD COLUMN file_state VARCHAR;    -- of the label and the decisions about it; NULL: compare the content
