"""`python -m deploy.settings_page`: write `docs/settings.md` from the settings themselves."""

from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from app.settings import ALIASES, LISTS, PREFIX, Settings
from app.settings_section import Section
from deploy.bootstrap.machine import ROOT

PAGE = ROOT / "docs" / "settings.md"
OPENING = """# Settings

Parley reads `parley.toml` in the folder that it is started in, or the file that the variable `PARLEY_CONFIG` names.
Environment variables win over the file. A key that Parley does not know, or a value that it cannot use, stops it at
once with a sentence that names the key.

A file that sets two things:

```toml
[server]
port = 9000

[chat]
name = "Harbour Help"
```

A variable for a list separates its entries with commas. Each variable has a second form for secrets that lie in files:
`OPENAI_API_KEY_FILE=/run/secrets/key` reads the key from that file. An empty file counts as not set.
"""


def keys(section: type[Section] = Settings, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every setting with the path of its key, in the order of the code."""
    for name, field in section.model_fields.items():
        if not _is_section(field.annotation) and name not in LISTS:
            yield (*path, name), field
    for name, field in section.model_fields.items():
        kind: Any = field.annotation
        if _is_section(kind):
            yield from keys(kind, (*path, name))


def variable(path: tuple[str, ...]) -> str:
    """The environment variable that sets a key."""
    named = {key: name for name, key in ALIASES.items()}
    return named.get(path) or PREFIX + "__".join(path).upper()


def page() -> str:
    """The whole page, in Markdown."""
    lines = [OPENING]
    section: tuple[str, ...] | None = None
    for path, field in keys():
        if path[:-1] != section:
            section = path[:-1]
            lines.append(f"## {'.'.join(section)}\n\n{_kind_of(section).__doc__}\n" if section else "## Top level\n")
        lines.append(f"### `{'.'.join(path)}`\n\n{field.description}\n")
        lines.append(f"- Value: {_kind(field)}; default: {_default(field)}\n- Variable: `{variable(path)}`\n")
    for setting in LISTS:
        (kind, *_) = get_args(Settings.model_fields[setting].annotation)
        lines.append(f"## {setting}\n\n{kind.__doc__}\n")
        lines.append(
            f"Each stands in the file as a table `[[{setting}]]` of its own. "
            f"The variable `{PREFIX}{setting.upper()}` holds them all, as a list in JSON.\n"
        )
        for (name,), field in keys(kind):
            lines.append(
                f"### `{setting}.{name}`\n\n{field.description}\n\n"
                f"- Value: {_kind(field)}; default: {_default(field)}\n"
            )
    return "\n".join(lines)


def _kind_of(section: tuple[str, ...]) -> Any:
    kind: Any = Settings
    for name in section:
        kind = kind.model_fields[name].annotation
    return kind


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def _kind(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)] if _optional(annotation) else [annotation]
    names = {"str": "text", "SecretStr": "text, secret", "Path": "path", "int": "whole number", "float": "number"}
    names |= {"bool": "`true` or `false`", "tuple": "list of texts", "Decimal": "number"}
    return names[kinds[0].__name__]


def _optional(annotation: object) -> bool:
    return isinstance(annotation, UnionType)


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required():
        return "none, it must be given"
    if value is None or field.default_factory is not None:
        return "not set"
    if isinstance(value, tuple):
        return "; ".join(f"`{entry}`" for entry in value) or "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    Path(PAGE).write_text(page(), encoding="utf-8")
