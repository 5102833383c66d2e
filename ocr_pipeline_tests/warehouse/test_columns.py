from dataclasses import fields

import pytest

from ocr_pipeline.evaluation.diagnosis.records import AttributionRow
from ocr_pipeline.warehouse.migrate import table_columns
from ocr_pipeline.warehouse.tables import (
    calls,
    column_descriptions,
    comparisons,
    confidence,
    diagnosis,
    documents,
    evidence,
    extraction_cell,
    extractions,
    families,
    labels,
    places,
    ranking,
    review,
    scale,
    scores,
    words,
)
from ocr_pipeline.warehouse.tables.common import SHARED

TABLES = {
    table: {name for name, _ in columns} for table, columns in table_columns().items() if table != "schema_version"
}


def test_every_table_belongs_to_one_family() -> None:
    assert sorted(table for family in families() for table in family.COLUMNS) == sorted(TABLES)


def test_every_column_has_a_description() -> None:
    missing = {f"{table}.{name}" for table, names in TABLES.items() for name in names - set(column_descriptions(table))}
    assert missing == set()


def test_no_description_is_of_a_column_that_does_not_exist() -> None:
    described = {table: set(columns) for family in families() for table, columns in family.COLUMNS.items()}
    unknown = {f"{table}.{name}" for table, names in described.items() for name in names - TABLES[table]}
    assert unknown == set()
    uses = {name: sum(name in TABLES[table] - described[table] for table in TABLES) for name in SHARED}
    assert {name for name, count in uses.items() if not count} == set()


def test_a_description_of_its_own_differs_from_the_shared_one() -> None:
    for family in families():
        for table, columns in family.COLUMNS.items():
            for name, text in columns.items():
                assert text.endswith("."), (table, name)
                assert SHARED.get(name) != text, (table, name)


ROW_TYPES = {
    "documents": documents.DocumentRow,
    "pages": documents.PageRow,
    "duplicates": documents.DuplicateRow,
    "labels": labels.LabelRow,
    "ground_truth": labels.TruthRow,
    "ground_truth_line_items": labels.ItemRow,
    "ground_truth_tax_lines": labels.TaxRow,
    "ocr_text": words.OcrCell,
    "ocr_pages": words.OcrPageRow,
    "ocr_words": words.OcrWordRow,
    "extractions": extraction_cell.ExtractionCell,
    "extracted_fields": extractions.FieldValueRow,
    "extracted_line_items": extractions.ExtractedItemRow,
    "extracted_tax_lines": extractions.ExtractedTaxRow,
    "model_calls": calls.CallRow,
    "evidence": evidence.EvidenceRow,
    "candidates": evidence.CandidateRow,
    "value_logprobs": evidence.LogprobRow,
    "codes": evidence.CodeRow,
    "line_item_cells": scores.ListCellRow,
    "leaderboard": ranking.BoardRow,
    "leaderboard_fields": ranking.FieldRow,
    "label_boxes": places.LabelBoxRow,
    "leaderboard_evidence": places.EvidenceBoardRow,
    "leaderboard_slices": ranking.SliceRow,
    "comparisons": comparisons.ComparisonRow,
    "rule_sensitivity": comparisons.SensitivityRow,
    "label_issues": diagnosis.LabelIssueRow,
    "attributions": AttributionRow,
    "confidences": confidence.ConfidenceRow,
    "calibrations": confidence.CalibrationRow,
    "reliability": confidence.ReliabilityRow,
    "risk_coverage": confidence.RiskRow,
    "review": review.ReviewRow,
    "acceptances": review.AcceptanceRow,
    "consensus": diagnosis.ConsensusRow,
    "scale_suspects": scale.ScaleSuspectRow,
}


@pytest.mark.parametrize("table", ROW_TYPES)
def test_a_row_type_has_the_columns_of_its_table(table: str) -> None:
    assert {field.name for field in fields(ROW_TYPES[table])} == TABLES[table]
