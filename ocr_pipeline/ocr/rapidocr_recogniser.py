"""The last layer of RapidOCR's recogniser, with the results of RapidOCR's own session and less work.

A page has about 1,400 steps of 18,710 characters. RapidOCR takes all of their probabilities out of the network, 110 MB, and
needs the most probable character of each step, and its probability where the character is emitted. So the network ends before
its last layer here, which is computed for some rows at a time, and its softmax only for emitted steps: bit by bit the same
numbers (docs/decisions/0026-ocr-speed.md).
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ocr_pipeline.ocr.onnx_parts import OnnxModel

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Network = Callable[[Floats], Floats]
    Steps = tuple[npt.NDArray[np.int64], Floats]
    """Shape (lines, steps) each: number of the most probable character, 0 for none; its probability where it is emitted."""

_ROWS = 64
"""Steps whose logits are computed at a time: 5 MB, which stay in the processor's cache."""


def onnx_session(model: bytes | str) -> Any:
    """An `InferenceSession` of one thread that keeps its memory for the next call, but does not double it."""
    from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

    options = SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_ALL
    memory = {"arena_extend_strategy": "kSameAsRequested"}
    return InferenceSession(model, options, providers=[("CPUExecutionProvider", memory)])


class UnpaddedLines:
    """RapidOCR's `TextRecognizer` for lines of equal width at a time, so that none is padded.

    RapidOCR pads six lines to the widest of them: an eighth of the columns, which take their time and change the text. Here a
    line is stretched by less than `step` pixels, and its text does not depend on its neighbours.
    """

    def __init__(self, recogniser: Any, step: int) -> None:
        self._recogniser = recogniser
        self._step = step

    def __call__(self, lines: Any) -> Any:
        """`lines`: a `TextRecInput`; returns a `TextRecOutput` in the same order."""
        import cv2
        from rapidocr.ch_ppocr_rec import TextRecInput, TextRecOutput

        height, narrowest = self._recogniser.rec_image_shape[1:]
        of_width: dict[int, list[int]] = {}
        for number, crop in enumerate(lines.img):
            width = math.ceil(height * crop.shape[1] / crop.shape[0] / self._step) * self._step
            of_width.setdefault(max(width, narrowest), []).append(number)
        found: dict[int, tuple[str, float, Any]] = {}
        for width, numbers in sorted(of_width.items()):
            crops = [cv2.resize(lines.img[number], (width, height)) for number in numbers]
            result = self._recogniser(TextRecInput(img=crops, return_word_box=lines.return_word_box))
            found |= zip(numbers, zip(result.txts, result.scores, result.word_results, strict=True), strict=True)
        texts, scores, words = zip(*(found[number] for number in range(len(lines.img))), strict=True)
        return TextRecOutput(list(lines.img), texts, scores, words, viser=result.viser)


class OutputLayer:
    """The last layer of a recogniser: which character is emitted at each step, from the features of the step."""

    def __init__(self, model: OnnxModel) -> None:
        """Raises ValueError if the model ends with another layer."""
        layer = model.output_layer()
        if layer is None:
            raise ValueError("The model does not end with a linear layer and a softmax.")
        self._logits = _Bound(onnx_session(model.part(layer.features, layer.logits)))
        self._probabilities = _Bound(onnx_session(model.part(layer.logits, layer.probabilities)))
        self.network = model.part(None, layer.features)

    def __call__(self, features: "Floats") -> "Steps":
        """`features`: shape (lines, steps, size)."""
        import numpy as np

        lines, steps, size = features.shape
        rows = features.reshape(1, lines * steps, size)
        characters = np.zeros(lines * steps, np.int64)
        probabilities = np.zeros(lines * steps, np.float32)
        start = 0
        while start < len(characters):
            end = min(start + _ROWS, len(characters))
            end += end == len(characters) - 1  # never one row alone: it would be multiplied in another order
            logits = self._logits(rows[:, start:end])
            characters[start:end] = best = logits[0].argmax(axis=1)
            before = np.concatenate([characters[start - 1 : start] if start else [-1], best[:-1]])
            first = np.arange(start, end) % steps == 0
            emitted = np.flatnonzero((best != 0) & ((best != before) | first))
            if len(emitted):
                probable = self._probabilities(logits[:, emitted])
                probabilities[start + emitted] = probable[0, np.arange(len(emitted)), best[emitted]]
            start = end
        return characters.reshape(lines, steps), probabilities.reshape(lines, steps)


class _Bound:
    """A session that writes its output into the same memory each time. Shapes (1, rows, columns)."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._input, self._output = session.get_inputs()[0].name, session.get_outputs()[0].name
        self._columns = 0
        self._memory: Floats | None = None

    def __call__(self, rows: "Floats") -> "Floats":
        import numpy as np
        from onnxruntime import OrtValue

        rows = np.ascontiguousarray(rows)
        count = rows.shape[1]
        if self._memory is None:
            self._columns = self._session.run(None, {self._input: rows})[0].shape[-1]
            self._memory = np.empty((_ROWS + 1) * self._columns, np.float32)
        result = self._memory[: count * self._columns].reshape(1, count, self._columns)
        binding = self._session.io_binding()
        binding.bind_ortvalue_input(self._input, OrtValue.ortvalue_from_numpy(rows))
        binding.bind_ortvalue_output(self._output, OrtValue.ortvalue_from_numpy(result))
        self._session.run_with_iobinding(binding)
        return result
