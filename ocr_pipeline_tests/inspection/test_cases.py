"""The data behind every view of a document."""

from ocr_pipeline.inspection.cases import DocumentCases
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.inspection.lines import lines_around
from ocr_pipeline.inspection.loading import cases_of, load_cases
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse

DOCUMENTS = ["shop-a", "shop-b", "shop-c", "shop-d"]


def cases(project: Project, *documents: str, words: bool = True) -> dict[str, DocumentCases]:
    with Warehouse(project.database).snapshot() as snapshot:
        found = list(load_cases(snapshot, scoring_of(project), documents or DOCUMENTS, words=words))
    return {one.document_id: one for one in found}


def test_a_wrong_value_with_all_that_led_to_it(shop: Project) -> None:
    found = cases(shop, "shop-a", "nowhere")
    assert list(found) == ["shop-a"]
    case = found["shop-a"].cases["pdf-text+rules"]
    total = case.field("total_amount")
    assert total is not None
    assert (total.value, total.truth, total.outcome, total.attribution) == ("120.00", "150.00", "wrong", "selection")
    assert total.is_wrong
    assert [one.value for one in total.candidates if one.chosen] == ["120.00"]
    reading = found["shop-a"].readings["pdf-text"]
    assert total.evidence is not None
    assert [reading.words[index].text for index in total.evidence.words] == ["120.00"]
    lines = lines_around(reading, total.evidence)
    assert [" ".join(line.words) for line in lines] == ["VAT 20% 20.00", "Total 120.00", "Cash 150.00"]
    assert [word for line in lines for word, marked in zip(line.words, line.marked, strict=True) if marked] == [
        "120.00"
    ]
    assert total.label_place is not None
    [line] = lines_around(reading, total.label_place, around=0)
    assert [word for word, marked in zip(line.words, line.marked, strict=True) if marked] == ["150.00"]


def test_what_is_not_labelled_has_no_outcome(shop: Project) -> None:
    case = cases(shop)["shop-a"].cases["pdf-text+rules"]
    net = case.field("net_amount")
    assert net is not None
    assert (net.labelled, net.value, net.outcome, net.is_wrong) == (False, "100.00", None, False)
    assert case.field("due_date") is None


def test_calls_failures_and_pages(shop: Project) -> None:
    found = cases(shop)
    [call] = found["shop-b"].cases["pdf-text+gemini"].calls
    assert (call.model_version, call.input_tokens) == ("stand-in-001", 1000)
    assert [page.page for page in found["shop-b"].pages] == [1, 2]
    failed = found["shop-c"].cases["pdf-text+rules"]
    assert failed.failed
    assert [one.attribution for one in failed.fields] == ["document_failed"]
    assert not found["shop-c"].cases["page-width"].failed


def test_the_rows_of_the_documents_alone_are_enough(shop: Project) -> None:
    """As pages of the report are made."""
    expected, scoring, warehouse = cases(shop), scoring_of(shop), Warehouse(shop.database)
    for half in (DOCUMENTS[:2], DOCUMENTS[2:]):
        with warehouse.snapshot(only=half) as snapshot:
            found = list(cases_of(snapshot, scoring, half, expected["shop-a"].notice))
        assert found == [expected[key] for key in half]


def test_without_words_the_rest_is_the_same(shop: Project) -> None:
    whole, light = cases(shop)["shop-a"], cases(shop, words=False)["shop-a"]
    assert whole.readings["pdf-text"].words
    assert not light.readings["pdf-text"].words
    before, after = (one.cases["pdf-text+rules"].field("total_amount") for one in (whole, light))
    assert before is not None
    assert after is not None
    assert (before.outcome, before.evidence, before.attribution) == (after.outcome, after.evidence, after.attribution)


def test_a_score_of_another_label_is_none(shop: Project) -> None:
    with Warehouse(shop.database).connect(read_only=False) as connection:
        connection.execute("UPDATE labels SET label_sha256 = 'another' WHERE document_id = 'shop-a'")
    found = cases(shop, "shop-a", "shop-b")
    assert {one.outcome for one in found["shop-a"].cases["pdf-text+rules"].fields} == {None}
    assert "correct" in {one.outcome for one in found["shop-b"].cases["pdf-text+rules"].fields}
