"""The garbage collector is paused, or has less to go through, inside the block, and is afterwards as it was before."""

import gc
from weakref import ref

import pytest

from ocr_pipeline.collecting import collection_paused, existing_objects_skipped


@pytest.mark.parametrize("enabled", [True, False])
def test_paused_and_as_before(enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with collection_paused():
            with collection_paused():
                assert not gc.isenabled()
            assert not gc.isenabled()
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


class _Cycle:
    def __init__(self) -> None:
        self.itself = self


def test_only_what_is_made_meanwhile_is_searched() -> None:
    before = _Cycle()
    old = ref(before)
    with existing_objects_skipped():
        del before
        cycle = _Cycle()
        new = ref(cycle)
        del cycle
        gc.collect()
        assert old() is not None
        assert new() is None
    gc.collect()
    assert old() is None
