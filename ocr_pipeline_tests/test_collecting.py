"""The garbage collector is paused inside the block, and afterwards as it was before."""

import gc

import pytest

from ocr_pipeline.collecting import collection_paused


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
