-- What a reader should know about the text of a page: hidden words, a script that the engine cannot read.

ALTER TABLE ocr_pages ADD COLUMN warnings VARCHAR[];
