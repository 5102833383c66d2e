"""Cuts an ONNX model into parts, so that its last layer can be computed for some rows only.

ONNX Runtime returns the outputs that a file declares and no others, and the package `onnx` (17 MB, with a protobuf of its own)
would be needed for these few fields alone. So the protobuf messages are read here as tagged fields; a node or a tensor is
copied as it is. Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_GRAPH = 7  # of ModelProto
_NODE, _INITIALIZER, _INPUT, _OUTPUT, _VALUE_INFO = 1, 5, 11, 12, 13  # of GraphProto
_NODE_INPUT, _NODE_OUTPUT, _OP_TYPE = 1, 2, 4  # of NodeProto
_DIMENSION, _TYPE, _TENSOR_NAME, _RAW, _VALUE_NAME = 1, 2, 8, 9, 1  # of TensorProto; the last of ValueInfoProto
_WITH_BODY = ("If", "Loop", "Scan")  # their bodies use tensors that are not among their inputs


@dataclass(frozen=True)
class Node:
    """An operation: `inputs` and `outputs` are names of tensors."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    content: memoryview


@dataclass(frozen=True)
class OutputLayer:
    """Names of the tensors at the end of a classifier: probabilities = softmax(logits), logits = features @ weights + bias."""

    features: str
    weights: str
    bias: str
    logits: str
    probabilities: str


class OnnxModel:
    """The graph of an ONNX file. Raises ValueError if it is not one."""

    def __init__(self, content: bytes) -> None:
        fields = list(_fields(memoryview(content)))
        graphs = [payload for number, _, payload in fields if number == _GRAPH]
        if len(graphs) != 1:
            raise ValueError("An ONNX model has one graph.")
        self._around = [(number, whole) for number, whole, _ in fields]
        self._others: list[memoryview] = []
        self.nodes: list[Node] = []
        self._tensors: dict[str, memoryview] = {}
        self._values: dict[str, memoryview] = {}
        self._shapes: dict[str, memoryview] = {}
        self.outputs: list[str] = []
        for number, whole, payload in _fields(graphs[0]):
            if number == _NODE:
                self.nodes.append(_node(payload, whole))
            elif number == _INITIALIZER:
                self._tensors[_name(payload, _TENSOR_NAME)] = whole
            elif number in (_INPUT, _OUTPUT):
                self._values[_name(payload, _VALUE_NAME)] = payload
                self.outputs += [_name(payload, _VALUE_NAME)] if number == _OUTPUT else []
            elif number == _VALUE_INFO:
                self._shapes[_name(payload, _VALUE_NAME)] = payload
            else:
                self._others.append(whole)
        self._makers = {output: node for node in self.nodes for output in node.outputs}

    def output_layer(self) -> OutputLayer | None:
        """The last layer if it is `Softmax(Add(MatMul(features, weights), bias))`, as in PP-OCR's recognisers."""
        if len(self.outputs) != 1 or any(node.op in _WITH_BODY for node in self.nodes):
            return None
        softmax = self._maker(self.outputs[0], "Softmax")
        added = softmax and self._maker(softmax.inputs[0], "Add")
        product = added and self._maker(added.inputs[0], "MatMul")
        if not (softmax and added and product):
            return None
        if added.inputs[1] not in self._tensors or product.inputs[1] not in self._tensors:
            return None
        return OutputLayer(product.inputs[0], product.inputs[1], added.inputs[1], softmax.inputs[0], self.outputs[0])

    def logits_of(self, layer: OutputLayer, classes: "npt.NDArray[np.int64]") -> bytes:
        """The ONNX model that computes the logits of these classes only, in their order, from the features.

        Raises ValueError if the file does not contain the weights as plain 32-bit floats.
        """
        cut = {name: _of_classes(self._tensors[name], classes) for name in (layer.weights, layer.bias)}
        return self.part(layer.features, layer.logits, cut)

    def _maker(self, tensor: str, op: str) -> Node | None:
        """The node that computes a tensor, if it is such an operation. Identities are skipped."""
        node = self._makers.get(tensor)
        while node is not None and node.op == "Identity":
            node = self._makers.get(node.inputs[0])
        return node if node is not None and node.op == op else None

    def part(self, start: str | None, end: str, cut: Mapping[str, bytes] | None = None) -> bytes:
        """The ONNX model that computes tensor `end` from tensor `start`, by default from the inputs of the whole model.

        `cut`: tensors to take instead of those of the same name; `end` has another shape then.
        """
        needed, kept = self._needed(start, end)
        nodes = [node.content for node in self.nodes if id(node) in needed]
        tensors = [(cut or {}).get(name, whole) for name, whole in self._tensors.items() if name in kept]
        inputs = [start] if start else [name for name in self._values if name in kept and name not in self._makers]
        graph = b"".join(
            [
                *nodes,
                *tensors,
                *self._others,
                *(
                    _field(_VALUE_INFO, shape)
                    for name, shape in self._shapes.items()
                    if not cut and name in kept - {end}
                ),
                *(_field(_INPUT, self._value(name)) for name in inputs if name not in self._tensors),
                _field(_OUTPUT, _floats(end) if cut else self._value(end)),
            ]
        )
        return b"".join(_field(_GRAPH, graph) if number == _GRAPH else whole for number, whole in self._around)

    def _needed(self, start: str | None, end: str) -> tuple[set[int], set[str]]:
        """The ids of the nodes between two tensors, and the names of the tensors they use."""
        needed, kept, wanted = set[int](), set[str](), [end]
        while wanted:
            tensor = wanted.pop()
            if tensor == start or tensor in kept:
                continue
            kept.add(tensor)
            node = self._makers.get(tensor)
            if node is not None and id(node) not in needed:
                needed.add(id(node))
                wanted += node.inputs
        return needed, kept

    def _value(self, name: str) -> bytes | memoryview:
        """The description of an input or output: as in the file, else a tensor of floats of any shape."""
        return self._values.get(name) or self._shapes.get(name) or _floats(name)


def _floats(name: str) -> bytes:
    """The description of a tensor of floats of any shape."""
    return _field(_VALUE_NAME, name.encode()) + _field(2, _field(1, b"\x08\x01"))


def _of_classes(tensor: memoryview, classes: "npt.NDArray[np.int64]") -> bytes:
    """The tensor, a field of the graph, with these entries of its last dimension only."""
    import numpy as np

    ((_, _, content),) = _fields(tensor)
    fields = list(_fields(content))
    shape = [_read_varint(whole, 1)[0] for number, whole, _ in fields if number == _DIMENSION]
    kind = [_read_varint(whole, 1)[0] for number, whole, _ in fields if number == _TYPE]
    raw = [payload for number, _, payload in fields if number == _RAW]
    if kind != [1] or len(raw) != 1 or not shape or len(raw[0]) != 4 * np.prod(shape):
        raise ValueError("The weights are not plain floats.")
    values = np.frombuffer(raw[0], "<f4").reshape(shape)[..., classes]
    dimensions = b"".join(_varint(_DIMENSION << 3) + _varint(size) for size in values.shape)
    others = b"".join(whole for number, whole, _ in fields if number not in (_DIMENSION, _RAW))
    return _field(_INITIALIZER, dimensions + others + _field(_RAW, values.tobytes()))


def _node(payload: memoryview, whole: memoryview) -> Node:
    names: dict[int, list[str]] = {_NODE_INPUT: [], _NODE_OUTPUT: [], _OP_TYPE: []}
    for number, _, value in _fields(payload):
        if number in names:
            names[number].append(str(value, "utf-8"))
    return Node(names[_OP_TYPE][0], tuple(names[_NODE_INPUT]), tuple(names[_NODE_OUTPUT]), whole)


def _name(payload: memoryview, number: int) -> str:
    return next((str(value, "utf-8") for found, _, value in _fields(payload) if found == number), "")


def _field(number: int, payload: bytes | memoryview) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + bytes(payload)


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """(number, whole field, payload) of each field of a protobuf message; the payload of a number is empty."""
    position = 0
    while position < len(message):
        start = position
        key, position = _read_varint(message, position)
        number, kind = key >> 3, key & 7
        begin = position
        if kind == 0:
            _, position = _read_varint(message, position)
            begin = position
        elif kind == 2:
            length, begin = _read_varint(message, position)
            position = begin + length
        elif kind in (1, 5):
            position += 8 if kind == 1 else 4
            begin = position
        else:
            raise ValueError("Not a protobuf message.")
        if position > len(message):
            raise ValueError("Not a protobuf message.")
        yield number, message[start:position], message[begin:position]


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(message) or shift > 63:
            raise ValueError("Not a protobuf message.")
        byte = message[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position


def _varint(value: int) -> bytes:
    result = bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    return bytes([*result, value])
