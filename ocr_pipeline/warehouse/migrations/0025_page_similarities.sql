-- Pages are compared anew: earlier similarities called invoices duplicates that differ in a number or a date only.
DELETE FROM page_similarities;
