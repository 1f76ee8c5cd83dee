"""The page of the guide on sites: what it shows works, and nothing is left out."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.sites.config import DAYS, SiteConfig, read_config
from app.sites.part import Part

PAGE = (Path(__file__).parents[3] / "docs" / "sites.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def keys(part: type[Part] = SiteConfig, path: str = "") -> Iterator[str]:
    for name, field in part.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, Part):
            yield from keys(kind, f"{path}{name}.")
        else:
            yield path + name


def leaves(table: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield path + name


def test_every_key_is_explained_and_none_that_is_not_there() -> None:
    explained = set(re.findall(r"^\| `([\w.]+)`", PAGE, re.MULTILINE))
    days = {f"hours.{day}" for day in DAYS}

    assert explained - days == set(keys()) - days
    assert "| `hours.monday` to `hours.sunday` |" in PAGE


def test_every_example_is_a_configuration_and_the_first_sets_nearly_all() -> None:
    whole = read_config(tomllib.loads(EXAMPLES[0]))
    assert len(EXAMPLES) >= 2
    for example in EXAMPLES[1:]:
        assert read_config(tomllib.loads(example)) != SiteConfig()

    given = set(leaves(whole.model_dump(exclude_unset=True)))
    tables = {name.partition(".")[0] for name in given}  # of names that the owner chooses
    assert set(keys()) - given - tables == {
        "identity.public_key",
        "hours.saturday",
        "hours.sunday",
    }
