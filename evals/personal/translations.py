"""Sentences of interfaces in six languages: what other languages write when nothing is personal.

They are read from the catalogues of the packages `django`, `django-oscar` and `wagtail` (BSD); none is imported.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("django", "oscar", "wagtail")
FOLDERS = {
    "de": ("de",),
    "fr": ("fr",),
    "es": ("es",),
    "it": ("it",),
    "nl": ("nl",),
    "pt": ("pt", "pt_BR", "pt_PT"),
}
_MESSAGE = re.compile(r'^msgstr(?:\[\d\])? ((?:"[^\n]*"\n?)+)', re.MULTILINE)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ODD = re.compile(r"[%{}<>@|\\]|\w:\s|://")


def translations() -> dict[str, list[str]]:
    """Sentences of each language, in an order that follows from nothing but themselves.

    Raises:
        SystemExit: a package is not installed.
    """
    return {
        language: sorted(dict.fromkeys(_sentences(folders)), key=lambda each: sha256(each.encode()).digest())
        for language, folders in FOLDERS.items()
    }


def _sentences(folders: tuple[str, ...]) -> Iterator[str]:
    for package in PACKAGES:
        found = find_spec(package)
        if found is None or found.origin is None:
            raise SystemExit("Install faker, django, django-oscar and wagtail to train this head.")
        for folder in folders:
            for catalogue in sorted(Path(found.origin).parent.glob(f"**/locale/{folder}/LC_MESSAGES/*.po")):
                for message in _MESSAGE.findall(catalogue.read_text(encoding="utf-8")):
                    text = "".join(_QUOTED.findall(message))
                    if 8 <= len(text) <= 160 and not _ODD.search(text):
                        yield text
