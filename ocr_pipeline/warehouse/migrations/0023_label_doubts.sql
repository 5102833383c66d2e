-- Why a label is doubtful that an importer took from XML: the page does not print it, or the XML contradicts itself.

ALTER TABLE ground_truth ADD COLUMN doubt VARCHAR; -- a sentence; NULL: no doubt
