"""The package registry that this machine uses: pip's configuration, told to uv, which does not read it."""

import ast
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

FROM_PIP = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
SEPARATORS = {"UV_FIND_LINKS": ","}
"""uv separates the entries of a list with spaces, as pip does, but for these."""


def uv_environment(python: Path) -> dict[str, str]:
    """Variables that make uv ask the same registries as the pip of an interpreter.

    They are handed on in the environment only, for addresses may carry passwords. The index strategy is pip's: the
    locks hold every file's hash, so that no registry can slip another file in.
    """
    listed = subprocess.run(
        [str(python), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **translate(listed, os.environ)}


def translate(listed: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Turn the lines of `pip config list` into uv's variables; a variable that is set already stays as it is."""
    found: dict[str, str] = {}
    for line in listed.splitlines():
        key, equals, quoted = line.partition("=")
        scope, _, option = key.rpartition(".")
        variable = FROM_PIP.get(option)
        if not equals or variable is None or variable in environ:
            continue
        if variable in found and not scope.endswith(":env:"):
            continue  # pip lets a variable win over its files
        words = str(ast.literal_eval(quoted)).split()
        found[variable] = SEPARATORS.get(variable, " ").join(words)
    return found
