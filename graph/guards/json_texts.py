"""The texts within a JSON value."""

from collections.abc import Callable

from pydantic import JsonValue


def with_texts(value: JsonValue, change: Callable[[str], str]) -> JsonValue:
    """A JSON value with each of its texts changed, names of keys among them; a number whose digits change is a text."""
    match value:
        case str():
            return change(value)
        case list():
            return [with_texts(each, change) for each in value]
        case dict():
            return {change(name): with_texts(each, change) for name, each in value.items()}
        case bool() | None:
            return value
    digits = str(value)
    changed = change(digits)
    return value if changed == digits else changed
