"""The local models that Parley recommends: where each is, how large, under which licence, and its pinned SHA-256."""

from dataclasses import dataclass
from pathlib import Path

from app.model_files import CHAT
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Offered:
    """A model that can be fetched.

    Attributes:
        licence: SPDX identifier of the weights.
        memory_gib: what it takes with a context of 8,192 tokens, rounded up: its file and about a quarter more.
        suits: half a line on what it is for.
    """

    name: str
    file: str
    url: str
    size_bytes: int
    sha256: str
    licence: str
    context_tokens: int
    memory_gib: float
    suits: str


OFFERED = (
    Offered(
        name="qwen2.5-1.5b",
        file="qwen2.5-1.5b-instruct-q4_k_m.gguf",
        url="https://huggingface.co/Qwen/Qwen2.5-1.5B-Instruct-GGUF/resolve/"
        "91cad51170dc346986eccefdc2dd33a9da36ead9/qwen2.5-1.5b-instruct-q4_k_m.gguf",
        size_bytes=1_117_320_736,
        sha256="6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
        licence="Apache-2.0",
        context_tokens=32_768,
        memory_gib=1.5,
        suits="two to four cores without a GPU; chooses passages, phrases simply",
    ),
    Offered(
        name="qwen3-4b",
        file="Qwen_Qwen3-4B-Instruct-2507-Q4_K_M.gguf",
        url="https://huggingface.co/bartowski/Qwen_Qwen3-4B-Instruct-2507-GGUF/resolve/"
        "ae44f08e1392f39c0e474af10c3ff8355c8b6688/Qwen_Qwen3-4B-Instruct-2507-Q4_K_M.gguf",
        size_bytes=2_497_280_736,
        sha256="2fde00ce69dd4899c70d020845e2638353015bba0fdf161b3eb965f2bca4464e",
        licence="Apache-2.0",
        context_tokens=262_144,
        memory_gib=4,
        suits="eight cores, or a GPU of 6 GB; phrases answers",
    ),
    Offered(
        name="qwen2.5-7b",
        file="Qwen2.5-7B-Instruct-Q4_K_M.gguf",
        url="https://huggingface.co/bartowski/Qwen2.5-7B-Instruct-GGUF/resolve/main/Qwen2.5-7B-Instruct-Q4_K_M.gguf",
        size_bytes=4_683_074_240,
        sha256="65b8fcd92af6b4fefa935c625d1ac27ea29dcb6ee14589c55a8f115ceaaa1423",
        licence="Apache-2.0",
        context_tokens=32_768,
        memory_gib=6,
        suits="a GPU of 8 GB; phrases answers in many languages",
    ),
)
BUNDLED_NAME = "smollm2-135m"
"""What the model that every installation brings is called here."""


def models_folder(settings: Settings) -> Path:
    """Where fetched models lie."""
    return settings.home / "models"


def offered(name: str) -> Offered | None:
    """The recommended model of that name."""
    return next((each for each in OFFERED if each.name == name), None)


def path_of(name: str, settings: Settings) -> Path:
    """The file that a name means: a recommended model's, the bundled one's, a fetched one's, or itself a path."""
    if name == BUNDLED_NAME:
        return CHAT.path
    if (found := offered(name)) is not None:
        return models_folder(settings) / found.file
    fetched = models_folder(settings) / name
    return fetched if fetched.is_file() and "/" not in name else Path(name)
