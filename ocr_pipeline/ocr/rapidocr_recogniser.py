"""The last layer of RapidOCR's recogniser, with less work than in RapidOCR's own session.

A page has about 1,400 steps of 18,710 characters. RapidOCR takes all of their probabilities out of the network, 110 MB, and
needs the most probable character of each step, and its probability where the character is emitted. So the network ends before
its last layer here, and most steps need few of its characters (docs/decisions/0026-ocr-speed.md).
"""

import math
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ocr_pipeline.ocr.line_ends import without_blank_ends
from ocr_pipeline.ocr.onnx_parts import OnnxModel

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Pixels = npt.NDArray[np.uint8]
    Classes = npt.NDArray[np.int64]
    Network = Callable[[Floats], Floats]
    Steps = tuple[Classes, Floats]
    """Shape (lines, steps) each: number of the most probable character, 0 for none; its probability where it is emitted."""

_ROWS = 64
"""Steps whose logits are computed at a time: 5 MB, which stay in the processor's cache."""

_SURE = 0.995
"""Below this probability among the usual classes, a step is computed with all of them (docs/decisions/0026-ocr-speed.md)."""


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

    def __init__(self, recogniser: Any, step: int, layer: "OutputLayer | None") -> None:
        """`layer`: the last one, unless the recogniser's session computes it."""
        self._recogniser = recogniser
        self._step = step
        self._layer = layer

    def without_blank_ends(self, pictures: "Sequence[Pixels]", boxes: "Floats") -> "tuple[list[Pixels], Floats]":
        """The lines and their boxes without the columns of which nothing is to be read."""
        return without_blank_ends(pictures, boxes, self._recogniser.rec_image_shape[1], self._step)

    def __call__(self, lines: Any) -> Any:
        """`lines`: a `TextRecInput`; returns a `TextRecOutput` in the same order."""
        import cv2
        from rapidocr.ch_ppocr_rec import TextRecOutput
        from rapidocr.utils.vis_res import VisRes

        height, narrowest = self._recogniser.rec_image_shape[1:]
        of_width: dict[int, list[int]] = {}
        for number, crop in enumerate(lines.img):
            width = math.ceil(height * crop.shape[1] / crop.shape[0] / self._step) * self._step
            of_width.setdefault(max(width, narrowest), []).append(number)
        batches, outputs = [], []
        for width, numbers in sorted(of_width.items()):
            for start in range(0, len(numbers), self._recogniser.rec_batch_num):
                batches.append(numbers[start : start + self._recogniser.rec_batch_num])
                crops = [cv2.resize(lines.img[number], (width, height)) for number in batches[-1]]
                outputs.append(self._recogniser.session(as_input(crops)))
        found: dict[int, tuple[str, float, Any]] = {}
        for numbers, steps in zip(batches, self._layer(outputs) if self._layer else outputs, strict=True):
            whole = {"wh_ratio_list": [1.0] * len(numbers), "max_wh_ratio": 1.0}
            results, words = self._recogniser.postprocess_op(steps, lines.return_word_box, **whole)
            found |= {number: (*result, word) for number, result, word in zip(numbers, results, words, strict=True)}
        texts, scores, all_words = zip(*(found[number] for number in range(len(lines.img))), strict=True)
        return TextRecOutput(list(lines.img), texts, list(scores), all_words, viser=VisRes())


def as_input(pictures: "Sequence[Pixels]") -> "Floats":
    """Pictures of one size, shape (height, width, 3), as PP-OCR's networks get them: (pictures, 3, height, width), -1..1."""
    import cv2
    import numpy as np

    half = 127.5
    return np.asarray(cv2.dnn.blobFromImages(list(pictures), 1 / half, mean=(half, half, half)), np.float32)


class OutputLayer:
    """The last layer of a recogniser: which character is emitted at each step, from the features of the step.

    Most steps are a blank or one of the `usual` classes, 4 % of all. Their logits are computed first. A step that they leave
    in doubt gets the logits of all classes, and if another class is the best of one, so do all steps of the line.
    """

    def __init__(self, model: OnnxModel) -> None:
        """Raises ValueError if the model ends with another layer."""
        layer = model.output_layer()
        if layer is None:
            raise ValueError("The model does not end with a linear layer and a softmax.")
        self._logits = _Bound(onnx_session(model.part(layer.features, layer.logits)))
        self._probabilities = _Bound(onnx_session(model.part(layer.logits, layer.probabilities)))
        self.network = model.part(None, layer.features)
        self._model, self._layer = model, layer
        self._usual: Classes | None = None

    def prefer(self, usual: "Classes") -> None:
        """Compute these classes first: their numbers, among them that of the blank, 0. Otherwise all are computed at once.

        Raises ValueError if the file of the model has its weights elsewhere.
        """
        self._usual_logits = _Bound(onnx_session(self._model.logits_of(self._layer, usual)))
        self._usual = usual

    def __call__(self, features: "Sequence[Floats]") -> "list[Steps]":
        """`features` of some batches of lines: shape (lines, steps, size) each."""
        import numpy as np

        rows = np.concatenate([batch.reshape(-1, batch.shape[2]) for batch in features])[None]
        characters, probabilities = np.zeros(rows.shape[1], np.int64), np.zeros(rows.shape[1], np.float32)
        if self._usual is None:
            self._of_all_classes(rows, np.arange(rows.shape[1]), characters, probabilities)
        else:
            self._of_usual_classes(rows, characters, probabilities)
            undecided = probabilities < _SURE
            self._of_all_classes(rows, np.flatnonzero(undecided), characters, probabilities)
            line_of_row = np.repeat(*_lines(features))
            foreign = np.isin(line_of_row, line_of_row[~np.isin(characters, self._usual)])
            self._of_all_classes(rows, np.flatnonzero(foreign & ~undecided), characters, probabilities)
        ends = np.cumsum([batch.shape[0] * batch.shape[1] for batch in features])[:-1]
        parts = zip(features, np.split(characters, ends), np.split(probabilities, ends), strict=True)
        return [(of_step.reshape(batch.shape[:2]), sure.reshape(batch.shape[:2])) for batch, of_step, sure in parts]

    def _of_usual_classes(self, rows: "Floats", characters: "Classes", probabilities: "Floats") -> None:
        """Fill in the best usual class of each row, and its probability among them."""
        import numpy as np

        assert self._usual is not None
        for part in _parts(len(characters)):
            logits = self._usual_logits(rows[:, part])[0]
            best = logits.argmax(axis=1)
            characters[part] = self._usual[best]
            largest = logits[np.arange(len(best)), best]
            probabilities[part] = 1 / np.exp(logits - largest[:, None]).sum(axis=1)

    def _of_all_classes(
        self, rows: "Floats", numbers: "Classes", characters: "Classes", probabilities: "Floats"
    ) -> None:
        """Fill in the best class of the rows of these numbers, and its probability unless it is the blank."""
        import numpy as np

        if len(numbers) == 1:  # never one row alone: it would be multiplied in another order
            numbers = np.repeat(numbers, 2)
        for part in _parts(len(numbers)):
            logits = self._logits(rows[:, numbers[part]])
            characters[numbers[part]] = best = logits[0].argmax(axis=1)
            probabilities[numbers[part]] = 0
            printed = np.flatnonzero(best)
            if len(printed):
                probable = self._probabilities(logits[:, printed])
                probabilities[numbers[part][printed]] = probable[0, np.arange(len(printed)), best[printed]]


def _lines(features: "Sequence[Floats]") -> "tuple[Classes, Classes]":
    """The numbers of all lines, from 0, and of the steps of each."""
    import numpy as np

    steps = np.repeat([batch.shape[1] for batch in features], [batch.shape[0] for batch in features])
    return np.arange(len(steps)), steps


def _parts(count: int) -> "Iterator[slice]":
    """Slices of about `_ROWS`, none of them of one."""
    start = 0
    while start < count:
        end = min(start + _ROWS, count)
        end += end == count - 1
        yield slice(start, end)
        start = end


def usual_classes(characters: "Sequence[str]") -> "Classes":
    """The numbers of blank, space, Latin and Greek letters, digits, punctuation and currency signs among the classes.

    Greek is among them because many of its letters look Latin: without the Greek ones, the network is sure of the Latin ones.
    """
    import numpy as np

    return np.array([number for number, text in enumerate(characters) if number == 0 or _is_usual(text)], np.int64)


def _is_usual(text: str) -> bool:
    if len(text) != 1:
        return False
    return (
        text < "\u0250"
        or "\u2000" <= text < "\u2070"
        or unicodedata.category(text) == "Sc"
        or unicodedata.name(text, "").startswith(("LATIN", "FULLWIDTH", "GREEK"))
    )


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
