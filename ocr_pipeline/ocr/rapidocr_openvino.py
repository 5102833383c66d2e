"""RapidOCR's networks on OpenVINO (extra `openvino`), in a stated precision.

OpenVINO computes in bfloat16 by default where the processor has it, and then reads some lines differently: a result would
depend on the machine. So the precision is always set, and bf16 is refused on a processor without it.
"""

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Literal

from ocr_pipeline.installing import extra_command

if TYPE_CHECKING:
    from ocr_pipeline.ocr.rapidocr_recogniser import Floats, Network

Precision = Literal["f32", "bf16"]


def openvino_problem(precision: Precision | None) -> str | None:
    """Why OpenVINO cannot compute in this precision here; None if it can, or is not used."""
    if precision is None:
        return None
    try:
        version("openvino")
    except PackageNotFoundError:
        wanted = "precision: bf16" if precision == "bf16" else "runtime: openvino"
        return (
            f"{wanted} needs the package openvino, which is not installed: {extra_command('openvino')}; "
            "without the option, ONNX Runtime is used"
        )
    if precision == "bf16" and "BF16" not in _capabilities():
        return "precision: bf16 needs a processor with bfloat16 instructions, which this one lacks; use precision: f32"
    return None


def openvino_identity(precision: Precision | None) -> dict[str, str]:
    """For the fingerprint: nothing unless OpenVINO is used."""
    if precision is None:
        return {}
    try:
        return {"openvino": version("openvino"), "precision": precision}
    except PackageNotFoundError:
        return {"openvino": "missing", "precision": precision}


@lru_cache(maxsize=1)
def _capabilities() -> tuple[str, ...]:
    from openvino import Core

    return tuple(Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def openvino_network(model: bytes, precision: Precision) -> "Network":
    """The function that computes an ONNX model of one input and one output, in one thread."""
    from openvino import Core

    core = Core()
    settings: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "CPU_RUNTIME_CACHE_CAPACITY": 500,  # kernels of this many shapes of layers; the default 5,000 took 1 GB
        "ENABLE_CPU_PINNING": False,  # workers would all be pinned to the same core
    }
    request = core.compile_model(core.read_model(model), "CPU", settings).create_infer_request()

    def compute(image: "Floats") -> "Floats":
        request.infer([image], share_inputs=True)  # nothing writes into the image while it is read
        result: Floats = request.get_output_tensor().data.copy()  # the next call writes into the same memory
        return result

    return compute
