"""The settings of models."""

from decimal import Decimal
from pathlib import Path

from pydantic import Field, SecretStr

from app.personal_data import Kinds
from app.settings_section import Section

REGION = r"^[a-z0-9][a-z0-9-]{0,39}$"
"""Names of regions are the operator's own; they only have to be the same everywhere."""


class Hosted(Section):
    """A hosted model behind any OpenAI-compatible address. Used as soon as a key or an address is set."""

    api_key: SecretStr | None = Field(None, description="Key of the hosted model.")
    base_url: str | None = Field(None, pattern=r"^https?://", description="Address of an OpenAI-compatible API.")
    model: str = Field("gpt-5-mini", min_length=1, description="Name of the hosted model.")
    reasoning_effort: str | None = Field(
        None, description="Effort of a reasoning model: `minimal`, `low`, `medium` or `high`. Unset: its own default."
    )
    region: str | None = Field(None, pattern=REGION, description="Region in which its server is, such as `eu`.")
    sees: Kinds = Field((), description="Kinds of personal data that it is shown in clear, such as `person`.")
    connect_s: float = Field(5, gt=0, description="Seconds to wait for a connection.")
    first_token_s: float = Field(15, gt=0, description="Seconds to wait for the first token.")
    between_tokens_s: float = Field(10, gt=0, description="Seconds of silence after which a stream counts as dead.")


class Model(Section):
    """One more model behind an OpenAI-compatible address. All are asked in their order, then `hosted` and `local`."""

    name: str = Field(min_length=1, max_length=80, description="What Parley calls it: in notices, traces and sites.")
    base_url: str | None = Field(None, pattern=r"^https?://", description="Its address. Unset: OpenAI's.")
    model: str | None = Field(None, min_length=1, description="What its server calls it. Unset: as `name`.")
    api_key: SecretStr | None = Field(None, description="Its key.")
    api_key_env: str | None = Field(None, description="Variable that holds its key, in place of `api_key`.")
    own: bool = Field(False, description="Whether its server is on the own network: the local rung.")
    trusted: bool = Field(True, description="Whether it may phrase answers; a small one only chooses passages.")
    small: bool = Field(False, description="Whether it is the cheap one, for easy questions.")
    continues: bool = Field(False, description="Whether it goes on with an assistant message that another one began.")
    context_tokens: int | None = Field(None, ge=512, description="Context window, in tokens, if it is known.")
    input_usd: Decimal | None = Field(None, ge=0, description="Price of a million tokens that it reads.")
    output_usd: Decimal | None = Field(None, ge=0, description="Price of a million tokens that it writes.")
    reasoning_effort: str | None = Field(None, description="Effort of a reasoning model. Unset: its own default.")
    region: str | None = Field(None, pattern=REGION, description="Region in which its server is, such as `eu`.")
    sees: Kinds = Field((), description="Kinds of personal data that it is shown in clear, such as `person`.")
    connect_s: float = Field(5, gt=0, description="Seconds to wait for a connection.")
    first_token_s: float = Field(15, gt=0, description="Seconds to wait for the first token.")
    between_tokens_s: float = Field(10, gt=0, description="Seconds of silence after which a stream counts as dead.")


class Embedder(Section):
    """One more sentence encoder for search, behind an OpenAI-compatible address. They are asked in their order."""

    name: str = Field(min_length=1, max_length=80, description="What Parley calls it.")
    base_url: str | None = Field(None, pattern=r"^https?://", description="Its address. Unset: OpenAI's.")
    model: str | None = Field(None, min_length=1, description="What its server calls it. Unset: as `name`.")
    api_key: SecretStr | None = Field(None, description="Its key.")
    api_key_env: str | None = Field(None, description="Variable that holds its key, in place of `api_key`.")
    own: bool = Field(False, description="Whether its server is on the own network: then it costs nothing.")
    input_usd: Decimal | None = Field(None, ge=0, description="Price of a million tokens that it reads.")
    question_prefix: str = Field("", description="What the model wants to stand before a question.")
    passage_prefix: str = Field("", description="What the model wants to stand before a passage.")
    region: str | None = Field(None, pattern=REGION, description="Region in which its server is, such as `eu`.")
    timeout_s: float = Field(5, gt=0, description="Seconds to wait for a question's vector; for passages ten times.")


class Local(Section):
    """The model that answers on this machine when no hosted model can."""

    enabled: bool = Field(True, description="Whether a local model is loaded. Without one, the documents are quoted.")
    model: Path | None = Field(None, description="A GGUF file. Unset: SmolLM2-135M, which the installation brings.")
    adapters: tuple[Path, ...] = Field((), description="LoRA adapters for it, GGUF files; all of them are applied.")
    context_tokens: int = Field(4096, ge=512, description="Context window of one answer, in tokens.")
    memory_tokens: int | None = Field(
        None,
        ge=512,
        description="Tokens that all answers and what is kept of earlier ones may hold. Unset: two context windows.",
    )
    slots: int = Field(4, ge=1, le=64, description="Answers that are written side by side.")
    waiting: int = Field(16, ge=0, description="Requests that may wait for a slot; further ones go to the next rung.")
    threads: int | None = Field(
        None, ge=1, description="Threads that compute. Unset: half of the cores or all, as proves faster."
    )
    gpu_layers: int = Field(-1, ge=-1, description="Layers on the GPU; -1 is all of them, if the build has CUDA.")
    trusted: bool = Field(
        False, description="Show its answers while they stream. For capable models; a small one is checked first."
    )
    sees: Kinds = Field((), description="Kinds of personal data that it is shown in clear, such as `person`.")
    first_token_s: float = Field(60, gt=0, description="Seconds to wait for the first token.")
    between_tokens_s: float = Field(15, gt=0, description="Seconds of silence after which it counts as stuck.")
