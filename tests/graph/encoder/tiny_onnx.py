"""Tiny ONNX models, written by hand: a pair's score is the sum of the ids of its second text's tokens."""

from collections.abc import Sequence

INT64, FLOAT = 7, 1
LENGTH_DELIMITED = 2


def _number(value: int) -> bytes:
    out = bytearray()
    while True:
        value, rest = value >> 7, value & 0x7F
        out.append(rest | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _field(number: int, value: int | str | bytes) -> bytes:
    """A field of a message in the format of protocol buffers."""
    if isinstance(value, int):
        return _number(number << 3) + _number(value)
    raw = value.encode() if isinstance(value, str) else value
    return _number(number << 3 | LENGTH_DELIMITED) + _number(len(raw)) + raw


def _node(kind: str, inputs: Sequence[str], output: str, *attributes: bytes) -> bytes:
    parts = [_field(1, name) for name in inputs]
    parts += [_field(2, output), _field(4, kind), *(_field(5, attribute) for attribute in attributes)]
    return b"".join(parts)


def _value(name: str, kind: int, dimensions: Sequence[str]) -> bytes:
    shape = b"".join(_field(1, _field(2, dimension)) for dimension in dimensions)
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, shape)))


def summing(*, keep: bool = True, wide: bool = False) -> bytes:
    """The model. `keep` gives shape `(n, 1)`, else `(n,)`; `wide` gives two numbers for each pair."""
    to_float = _field(1, "to") + _field(3, FLOAT) + _field(20, 2)
    last_axis = _field(1, "axes") + _field(8, 1) + _field(20, 7)
    kept = _field(1, "keepdims") + _field(3, int(keep)) + _field(20, 2)
    joined = _field(1, "axis") + _field(3, 1) + _field(20, 2)
    nodes = [
        _node("Mul", ["input_ids", "token_type_ids"], "second"),
        _node("Cast", ["second"], "floats", to_float),
        _node("ReduceSum", ["floats"], "sum", last_axis, kept),
        _node("Concat", ["sum", "sum"], "logits", joined) if wide else _node("Identity", ["sum"], "logits"),
    ]
    names = ("input_ids", "attention_mask", "token_type_ids")
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, "tiny")
    graph += b"".join(_field(11, _value(name, INT64, ("n", "length"))) for name in names)
    graph += _field(12, _value("logits", FLOAT, ("n", "one") if keep else ("n",)))
    return _field(1, 7) + _field(8, _field(2, 11)) + _field(7, graph)
