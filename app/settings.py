"""The settings: `parley.toml` beside the process, environment variables over it, checked once at start."""

import json
import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator

from app.settings_keys import Keys
from app.settings_limits import Limits
from app.settings_models import REGION, Embedder, Hosted, Local, Model
from app.settings_outgoing import Alerts, Tools
from app.settings_section import Section
from graph.errors import ConfigError

PREFIX = "PARLEY_"
ALIASES = {
    "DATABASE_URL": ("database", "url"),
    "OPENAI_API_KEY": ("hosted", "api_key"),
    "OPENAI_BASE_URL": ("hosted", "base_url"),
    "PARLEY_HOME": ("home",),
}
"""Variables whose names other programs use too, and the setting that each one sets."""
NOT_SETTINGS = frozenset({"PARLEY_CONFIG"})
CacheMode = Literal["off", "exact", "semantic"]
LISTS = {"models": "model", "embeddings": "encoder"}
"""The settings that are lists of tables, and what one is called. A variable holds such a list as JSON."""
FROM_FILE = "_FILE"
"""Ending of a variable that names a file whose content is the value, as container engines hand over secrets."""


class Server(Section):
    """Where `parley serve` listens."""

    host: str = Field("127.0.0.1", description="Address to listen on. `0.0.0.0` opens it to the network.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    origins: tuple[str, ...] = Field(
        (), description="Other origins whose pages may talk to the chat; its own origin always may."
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/]+$",
        description="Address under which people reach it, for links. Unset: as asked.",
    )
    hosts: tuple[str, ...] = Field(
        (),
        description="Names that it answers to, besides `localhost` and the one in `server.public_url`. "
        "Unset: any; on a loopback address no others.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses or networks of proxies whose word on a visitor's address and on https is taken."
    )
    tls_cert: Path | None = Field(None, description="PEM file with the certificate chain, to serve https itself.")
    tls_key: Path | None = Field(None, description="PEM file with the certificate's key, if it is not in the same.")


class Database(Section):
    """PostgreSQL with pgvector."""

    url: SecretStr | None = Field(
        None,
        description="`postgresql://user:password@host/name`. Unset: Parley runs its own PostgreSQL below `home`.",
    )
    pool_size: int = Field(10, ge=3, le=200, description="Connections that one process may hold open.")
    statement_timeout_s: float = Field(15, gt=0, description="A single statement may take this long.")
    region: str | None = Field(
        None, pattern=REGION, description="Region in which the database, Parley and its local model are, such as `eu`."
    )


class Embedding(Section):
    """The sentence encoder: any ONNX model with inputs ids, mask and types, mean-pooled."""

    model: Path | None = Field(None, description="An ONNX file. Unset: all-MiniLM-L6-v2 int8, which is installed.")
    tokenizer: Path | None = Field(None, description="Its `tokenizer.json`. Unset: the one of all-MiniLM-L6-v2.")
    former: Path | None = Field(
        None,
        description="The `model` from before, which searches until the new one has seen all passages. Unset: "
        "all-MiniLM-L6-v2 does, where it has seen them.",
    )
    former_tokenizer: Path | None = Field(None, description="Its `tokenizer.json`. Unset: the one of all-MiniLM-L6-v2.")
    threads: int = Field(2, ge=1, description="Threads of one encoder run.")


class Knowledge(Section):
    """How documents are cut and found."""

    chunk_tokens: int = Field(220, ge=50, le=2000, description="Longest chunk, in tokens of the encoder.")
    passages: int = Field(6, ge=1, le=50, description="Passages that a search hands to the answer.")
    min_similarity: float = Field(
        0.4,
        ge=0,
        le=1,
        description="Cosine that the best passage must reach before it is quoted; below, Parley does not know.",
    )
    reranker: Path | None = Field(
        None, description="A cross-encoder, an ONNX file, that reads the best passages again and puts them in order."
    )
    reranker_tokenizer: Path | None = Field(
        None, description="Its `tokenizer.json`. Unset: the one that lies beside it."
    )
    reranked: int = Field(24, ge=2, le=200, description="Passages that the cross-encoder reads for a question.")
    guide: bool = Field(True, description="Whether the site `default` can be asked about Parley itself.")
    max_document_bytes: int = Field(20_000_000, ge=1000, description="Larger documents are refused by name.")
    private_addresses: bool = Field(
        False, description="Whether web pages may be fetched from the own network and from this machine."
    )
    crawl_pause_s: float = Field(
        0.2, ge=0, le=60, description="Seconds between two requests to one web server; its robots.txt may ask for more."
    )


class Guards(Section):
    """Screening of what visitors write."""

    injection_threshold: float = Field(
        0.9, gt=0, le=1, description="Messages that score higher as an injected instruction are not answered."
    )


class Figures(Section):
    """Figures that may leave, with noise, by `parley figures export`."""

    epsilon: Decimal = Field(
        Decimal(4),
        ge=0,
        le=100,
        description="Privacy budget of each site: the epsilons of all its exports together. It does not renew itself.",
    )


class Turn(Section):
    """Bounds of one turn."""

    message_chars: int = Field(8000, ge=100, description="Longest message, in characters.")
    attachment_bytes: int = Field(200_000, ge=0, description="Largest attachment, in bytes; 0 refuses all.")
    answer_tokens: int = Field(320, ge=32, description="Longest answer of a model, in tokens.")
    history_messages: int = Field(6, ge=0, description="Earlier messages that a model sees.")
    turn_s: float = Field(120, gt=0, description="Seconds after which a turn is given up.")
    by_difficulty: bool = Field(True, description="Whether easy questions go to a model marked `small` first.")
    waits_s: float = Field(5, ge=0, description="Longest wait that a busy hosted model may ask for.")
    cache: CacheMode = Field(
        "semantic",
        description="Which questions get an answer that was given before: none (`off`), those in the same words "
        "(`exact`), or also those that ask for the same in other words (`semantic`).",
    )


class Metrics(Section):
    """What Prometheus reads at `/metrics`."""

    token: SecretStr | None = Field(
        None,
        min_length=24,
        description="Bearer token that opens `/metrics`. Unset: only requests from this machine are answered.",
    )


class Chat(Section):
    """The chat page."""

    name: str = Field("Parley", min_length=1, max_length=40, description="Name of the assistant.")
    subject: str = Field("Parley", min_length=1, description="What it answers questions about, for its prompt.")
    site: str = Field("default", min_length=1, description="Site that the page belongs to.")
    guests: bool | None = Field(
        None, description="Whether visitors may chat without signing in. Unset: only on the embedded database."
    )
    starters: tuple[str, ...] = Field(
        (
            "How do I bring my own documents?",
            "What happens when the hosted model is over quota?",
            "Where does Parley keep its data?",
        ),
        max_length=6,
        description="Questions that an empty page suggests.",
    )


class OpenId(Section):
    """Staff sign in at an OpenID Connect provider. Used as soon as `openid.issuer` is set."""

    issuer: str | None = Field(
        None, pattern=r"^https?://", description="The provider's address, exactly as it writes it itself."
    )
    client_id: str | None = Field(None, min_length=1, description="Name that the provider gave this installation.")
    client_secret: SecretStr | None = Field(
        None, min_length=1, description="Secret that the provider gave this installation. Unset: a public client."
    )
    scopes: str = Field("openid email profile", description="What the provider is asked for, separated by spaces.")
    name: str = Field("OpenID", min_length=1, max_length=40, description="What the button calls the provider.")
    create: bool = Field(
        False, description="Whether somebody without an account gets one, if `openid.domains` has their address."
    )
    domains: tuple[str, ...] = Field(
        (), description="Domains whose addresses `openid.create` makes accounts for, such as `example.com`."
    )
    role: str = Field("staff", pattern="^(staff|admin)$", description="Role of accounts made so: `staff` or `admin`.")
    sites: tuple[str, ...] = Field((), description="Sites that staff whose accounts were made so work for.")
    clock_skew_s: float = Field(
        60, ge=0, le=300, description="Seconds by which the provider's clock and ours may differ."
    )


class Logs(Section):
    """What goes to standard error."""

    level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least level that is written.")
    json_lines: bool = Field(False, description="One JSON object a line instead of text.")


class Settings(Section):
    """The whole tree. Every key is described in `docs/settings.md`."""

    home: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("parley")),
        description="Folder for the embedded database, secrets and uploads. Unset: the platform's user-data folder.",
    )
    secret: SecretStr | None = Field(
        None,
        min_length=32,
        description="Signs cookies; the same on all replicas. Unset, on the embedded database: made once, in `home`.",
    )
    server: Server = Server()
    database: Database = Database()
    keys: Keys = Keys()
    models: tuple[Model, ...] = Field((), description="Models besides `hosted` and `local`, each as `[[models]]`.")
    embeddings: tuple[Embedder, ...] = Field(
        (), description="Encoders for search besides the installed one, each as `[[embeddings]]`."
    )
    hosted: Hosted = Hosted()
    local: Local = Local()
    embedding: Embedding = Embedding()
    knowledge: Knowledge = Knowledge()
    guards: Guards = Guards()
    turn: Turn = Turn()
    limits: Limits = Limits()
    figures: Figures = Figures()
    alerts: Alerts = Alerts()
    tools: Tools = Tools()
    metrics: Metrics = Metrics()
    chat: Chat = Chat()
    openid: OpenId = OpenId()
    logs: Logs = Logs()

    @field_validator("models", "embeddings")
    @classmethod
    def _names_differ(cls, models: tuple[Model | Embedder, ...]) -> tuple[Model | Embedder, ...]:
        names = [model.name for model in models]
        if doubled := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"the name {doubled} is there twice; models need names of their own")
        return models

    @property
    def embedded(self) -> bool:
        """Whether Parley runs its own PostgreSQL."""
        return self.database.url is None


def load_settings(environ: Mapping[str, str] | None = None, *, path: Path | None = None) -> Settings:
    """Read the settings file and the environment; `NAME_FILE` gives the content of a file to the variable `NAME`.

    Args:
        environ: variables to read; the process's own by default.
        path: the settings file; `PARLEY_CONFIG` or `parley.toml` in the working folder by default.

    Raises:
        ConfigError: a file cannot be read, or a key is unknown, of the wrong type or out of bounds; it names the key.
    """
    environ = os.environ if environ is None else environ
    values = _read_file(environ, path)
    environ = _with_files(environ)
    for name, key in _variables(environ):
        if key[0] in LISTS:
            values[key[0]] = _listed(name, environ[name])
        else:
            _set(values, key, environ[name], name)
    _take_keys(values, environ)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error)) from None


def _read_file(environ: Mapping[str, str], path: Path | None) -> dict[str, Any]:
    named = path or (Path(environ["PARLEY_CONFIG"]) if environ.get("PARLEY_CONFIG") else None)
    file = named or Path("parley.toml")
    if named is None and not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The settings file {file} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The settings file {file} is not valid TOML: {error}.") from None


def _with_files(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables, with each `NAME_FILE` of ours replaced by `NAME` and the content of its file."""
    found = dict(environ)
    for variable, file in environ.items():
        name = variable.removesuffix(FROM_FILE)
        if name == variable or not (name in ALIASES or name.startswith(PREFIX)):
            continue
        del found[variable]
        if not file:
            continue
        if environ.get(name):
            raise ConfigError(f"Both {name} and {variable} are set; keep one of them.")
        try:
            text = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The file that {variable} names cannot be read: {error}.") from None
        if text:  # an empty file is a secret that is not used
            found[name] = text
    return found


def _take_keys(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Give each of `[[models]]` and `[[embeddings]]` the key that its `api_key_env` names."""
    for setting, kind in LISTS.items():
        tables = values.get(setting)
        for table in tables if isinstance(tables, list) else []:
            variable = table.get("api_key_env") if isinstance(table, dict) else None
            if not isinstance(variable, str):
                continue
            if not environ.get(variable):
                raise ConfigError(f"The {kind} {table.get('name')} takes its key from {variable}, which is not set.")
            table["api_key"] = environ[variable]


def _variables(environ: Mapping[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    """Names of the variables that are settings, each with the path of the key that it sets."""
    found = []
    for name in environ:
        if name in ALIASES:
            if environ[name]:  # compose files pass unset variables as empty ones
                found.append((name, ALIASES[name]))
        elif name.startswith(PREFIX) and name not in NOT_SETTINGS:
            if name.removeprefix(PREFIX).lower() in LISTS and not environ[name]:
                continue  # compose files pass unset variables as empty ones
            found.append((name, tuple(name.removeprefix(PREFIX).lower().split("__"))))
    return found


def _listed(variable: str, text: str) -> list[Any]:
    """The tables that a variable holds."""
    try:
        tables = json.loads(text)
    except ValueError:
        tables = None
    if not isinstance(tables, list):
        raise ConfigError(f"The variable {variable} holds no list in JSON; see docs/models.md for an example.")
    return tables


def _set(values: dict[str, Any], key: tuple[str, ...], text: str, variable: str) -> None:
    *sections, last = key
    fields = Settings.model_fields
    for section in sections:
        kind = fields[section].annotation if section in fields else None
        if not (isinstance(kind, type) and issubclass(kind, Section)):
            raise ConfigError(f"The variable {variable} names no setting; see docs/settings.md for all of them.")
        fields = kind.model_fields
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise ConfigError(f"The setting {section} must be a table in the settings file.")
    if last not in fields:
        raise ConfigError(f"The variable {variable} names no setting; see docs/settings.md for all of them.")
    many = "tuple" in str(fields[last].annotation)
    values[last] = [part.strip() for part in text.split(",") if part.strip()] if many else text


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"The setting {key} is unknown; see docs/settings.md for all of them."
    return f"The setting {key} cannot be used: {first['msg'][0].lower()}{first['msg'][1:]}."
