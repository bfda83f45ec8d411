"""A computation written as an ONNX graph, without the onnx package: just the bytes of its format.

Only what ``pipeline.phrasing.network`` needs: nodes, constants, inputs, outputs. ONNX is a protocol
buffer (its fields are numbered in onnx.proto); a field is a tag, then a number or counted bytes.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7}
_IR_VERSION, _OPSET = 8, 17
CONTRIB = "com.microsoft"  # onnxruntime's own operators

Shape = Sequence[str | int]


@dataclass(slots=True)
class Graph:
    """Nodes in the order of computing; ``constants`` are held by the graph itself."""

    constants: dict[str, NDArray[Any]] = field(default_factory=dict)
    _nodes: list[bytes] = field(default_factory=list)

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        output: str,
        *,
        own: bool = False,
        **options: Any,
    ) -> str:
        """A node; ``own`` marks onnxruntime's own operators. Returns the output's name."""
        return self.split(operator, inputs, (output,), own=own, **options)[0]

    def split(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        *,
        own: bool = False,
        **options: Any,
    ) -> Sequence[str]:
        """A node with several outputs."""
        body = b"".join(_bytes(1, name) for name in inputs)
        body += b"".join(_bytes(2, name) for name in outputs) + _bytes(4, operator)
        body += b"".join(_bytes(5, _option(name, value)) for name, value in options.items())
        self._nodes.append(body + (_bytes(7, CONTRIB) if own else b""))
        return outputs

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """A constant, by its name."""
        self.constants[name] = value
        return name

    def serialised(
        self, inputs: Mapping[str, tuple[str, Shape]], outputs: Mapping[str, tuple[str, Shape]]
    ) -> bytes:
        """The model's bytes; inputs and outputs are given as (type, shape)."""
        graph = b"".join(_bytes(1, node) for node in self._nodes) + _bytes(2, "phrasing")
        graph += b"".join(_bytes(5, _tensor(n, value)) for n, value in self.constants.items())
        graph += b"".join(_bytes(11, _value(n, *kind)) for n, kind in inputs.items())
        graph += b"".join(_bytes(12, _value(n, *kind)) for n, kind in outputs.items())
        opsets = b"".join(
            _bytes(8, _bytes(1, domain) + _number(2, version))
            for domain, version in (("", _OPSET), (CONTRIB, 1))
        )
        return _number(1, _IR_VERSION) + opsets + _bytes(7, graph)


def _tensor(name: str, value: NDArray[Any]) -> bytes:
    dims = b"".join(_number(1, d) for d in value.shape)
    body = dims + _number(2, _TYPES[value.dtype.name]) + _bytes(8, name)
    return body + _bytes(9, np.ascontiguousarray(value).tobytes())


def _value(name: str, kind: str, shape: Shape) -> bytes:
    dims = b"".join(_bytes(1, _bytes(2, d) if isinstance(d, str) else _number(1, d)) for d in shape)
    tensor = _number(1, _TYPES[kind]) + _bytes(2, dims)
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


def _option(name: str, value: Any) -> bytes:
    body = _bytes(1, name)
    if isinstance(value, int):
        return body + _number(3, value) + _number(20, 2)
    if isinstance(value, float):
        return body + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)
    return body + b"".join(_number(8, int(v)) for v in value) + _number(20, 7)


def _number(tag: int, value: int) -> bytes:
    return _varint(tag << 3) + _varint(value)


def _bytes(tag: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(tag << 3 | 2) + _varint(len(raw)) + raw


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers are 64-bit
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
