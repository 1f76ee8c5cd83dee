"""What the owner of a site sets: checked when it is written, read as one frozen value."""

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import tomli_w
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    SecretStr,
    ValidationError,
    model_validator,
)

from app.labels import LabelRefused, read_labels
from app.personal_data import HandlingByKind, Policy
from app.settings import CacheMode
from app.settings_models import REGION
from app.sites.part import Part
from app.sites.tools import SiteTool, once_each
from graph.errors import ConfigError

_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)|([01]\d|2[0-3]):([0-5]\d)-24:00")
_LINK_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")
_PORTS = {"http": 80, "https": 443}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_INTERVAL = re.compile(r"([1-9]\d{0,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=365)
LEAST_SECRET = 32
LEAST_RSA = 2048
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
HIDDEN = "********"
"""Stands where a secret is not shown. Written back, it leaves the secret as it is."""


class SiteRefused(ConfigError):
    """The site's configuration cannot be used."""


def _origin(text: str) -> str:
    """As a browser names it: in lower case, without the port that goes without saying."""
    parts = urlsplit(text.strip().lower())
    bare = parts._replace(path=parts.path.strip("/")).geturl()
    if parts.scheme not in _PORTS or not parts.hostname or "@" in bare or bare != f"{parts.scheme}://{parts.netloc}":
        raise ValueError("an origin is written as https://www.example.com, without a path")
    if not bare.isascii():
        raise ValueError("write the host as browsers name it, in letters of ASCII: https://xn--…")
    return bare.removesuffix(f":{_PORTS[parts.scheme]}")


def _link_host(text: str) -> str:
    host = text.strip().lower()
    if not _LINK_HOST.fullmatch(host):
        raise ValueError("write the host of an address, such as www.example.com, or *.example.com for all below it")
    return host


def _hours(text: str) -> str:
    if text and not (_DAY.fullmatch(text) and text[:5] < text[6:]):
        raise ValueError('write opening hours as "09:00-17:00", or leave the day empty when you are closed')
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError("write a time zone such as Europe/Berlin") from None
    return text


def _secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < LEAST_SECRET:
        raise ValueError(f"write a secret of at least {LEAST_SECRET} characters")
    return secret


def _algorithms(pem: str) -> list[str]:
    """The signatures that a public key verifies: never one that it was not made for."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the public key is not in PEM form") from None
    match key:
        case RSAPublicKey() if key.key_size >= LEAST_RSA:
            return ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
        case EllipticCurvePublicKey() if key.curve.name in _CURVES:
            return [_CURVES[key.curve.name]]
        case Ed25519PublicKey():
            return ["EdDSA"]
    raise ValueError(f"the public key must be RSA of {LEAST_RSA} bits or more, P-256, P-384, P-521 or Ed25519")


def _interval(text: str) -> str:
    found = _INTERVAL.fullmatch(text)
    if not found or not SHORTEST <= timedelta(**{_UNITS[found[2]]: int(found[1])}) <= LONGEST:
        raise ValueError('write how often as "30m", "24h" or "7d": at least 10 minutes, at most 365 days')
    return text


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError("write an address that begins with https:// or http://, without a user or password")
    return text


def _labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(sorted(read_labels(labels)))
    except LabelRefused as refused:
        raise ValueError(str(refused)) from None


Usd = Annotated[Decimal, PlainSerializer(float)]
Share = Annotated[Decimal, Field(gt=0, le=2), PlainSerializer(float)]
Origin = Annotated[str, AfterValidator(_origin)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
LinkHost = Annotated[str, AfterValidator(_link_host)]
Opening = Annotated[str, AfterValidator(_hours)]
Days = Annotated[int, Field(ge=1, le=36_500)]


class Look(Part):
    """How the assistant appears. Unset: as the settings of the chat page say."""

    name: str | None = Field(None, min_length=1, max_length=40)
    greeting: str = Field("", max_length=300)
    accent: str = Field("#3457d5", pattern=r"^#[0-9a-fA-F]{6}$")
    position: str = Field("right", pattern=r"^(left|right)$")
    starters: tuple[Annotated[str, Field(min_length=1, max_length=120)], ...] | None = Field(None, max_length=6)


class SiteKnowledge(Part):
    """What it answers questions about, and how sure it must be. Unset: as the settings say."""

    subject: str | None = Field(None, min_length=1, max_length=120)
    passages: int | None = Field(None, ge=1, le=50)
    min_similarity: float | None = Field(None, ge=0, le=1)


class Identity(Part):
    """How the host's backend vouches for its own visitors: by a JWT that this secret or public key verifies."""

    secret: Secret | None = None
    public_key: str | None = None
    issuer: str | None = None
    audience: str | None = None

    @model_validator(mode="after")
    def _usable(self) -> "Identity":
        if self.secret is not None and self.public_key is not None:
            raise ValueError("give either a secret or a public key")
        if self.public_key is not None:
            _algorithms(self.public_key)
        return self

    @property
    def algorithms(self) -> list[str]:
        """The signatures that are accepted; none without a key."""
        if self.secret is not None:
            return ["HS256", "HS384", "HS512"]
        return [] if self.public_key is None else _algorithms(self.public_key)


class Hours(Part):
    """When people are there. A day without hours is closed; no day at all: nothing is said about hours."""

    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    monday: Opening = ""
    tuesday: Opening = ""
    wednesday: Opening = ""
    thursday: Opening = ""
    friday: Opening = ""
    saturday: Opening = ""
    sunday: Opening = ""
    contact: str = Field("", max_length=200)
    """Where else people can be reached: an e-mail address, a telephone number."""

    @property
    def week(self) -> tuple[str, ...]:
        """Opening hours from Monday to Sunday."""
        return tuple(getattr(self, day) for day in DAYS)


class SiteModels(Part):
    """Which models answer, do small jobs, and rank passages, in the order in which they are asked. Empty: all.

    `quote` in place of a name: the documents answer, and no model.
    """

    answers: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    small_jobs: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    embeddings: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()


class Bound(Part):
    """Requests and tokens within a minute and a day of UTC. Unset: as the settings say; 0: any number."""

    requests_minute: int | None = Field(None, ge=0)
    requests_day: int | None = Field(None, ge=0)
    tokens_minute: int | None = Field(None, ge=0)
    tokens_day: int | None = Field(None, ge=0)


class SiteLimits(Part):
    """How much one visitor may ask, and all of the site's together."""

    visitor: Bound = Bound()
    site: Bound = Bound()


class Budget(Part):
    """What the site's models may cost within a day and a month of UTC, in US dollars. Unset: anything."""

    day_usd: Usd | None = Field(None, gt=0)
    month_usd: Usd | None = Field(None, gt=0)
    soft: Share = Field(Decimal("0.8"), gt=0, le=1)
    """Share from which only small models and those on the own network are asked."""
    alerts: tuple[Share, ...] = (Decimal("0.5"), Decimal("0.8"), Decimal(1))
    """Shares that are told when they are reached, each once in a day and in a month."""


class Retention(Part):
    """For how many days each kind of data is kept. Unset: until somebody deletes it."""

    conversations: Days | None = None
    """From a conversation's last message on; everything that hangs on it goes with it."""
    attachments: Days | None = None
    traces: Days | None = None
    scores: Days | None = None
    ledger: Days | None = None
    guests: Days | None = 30
    """Of guests who never wrote, or whose conversations have all gone."""


class SiteSource(Part):
    """Web pages that are read again every so often: a page, or a sitemap with all that it names."""

    address: Annotated[str, Field(max_length=2000), AfterValidator(_address)]
    every: Annotated[str, AfterValidator(_interval)] = "24h"
    audience: Annotated[tuple[str, ...], AfterValidator(_labels)] = ()
    """Labels of which a reader needs one; empty: everybody reads them."""

    @property
    def interval(self) -> timedelta:
        """`every` as a time."""
        return timedelta(**{_UNITS[self.every[-1]]: int(self.every[:-1])})


def _once_each(sources: tuple[SiteSource, ...]) -> tuple[SiteSource, ...]:
    if len({source.address for source in sources}) < len(sources):
        raise ValueError("name each address once")
    return sources


class SiteConfig(Part):
    """All that a site's owner sets. Unset keys follow the settings of the process."""

    origins: Annotated[tuple[Origin, ...], AfterValidator(lambda all_: tuple(dict.fromkeys(all_)))] = ()
    language: str = Field("auto", pattern=r"^(auto|[a-z]{2,3}(-[A-Za-z]{2,4})?)$")
    region: str | None = Field(None, pattern=REGION)
    """Where its data may be processed. Unset: anywhere."""
    second_factor: bool = False
    cache: CacheMode | None = None
    screening: Literal["on", "shadow"] = "on"
    """In shadow, messages that look like attacks are answered, and only noted for staff."""
    screening_threshold: float | None = Field(None, gt=0, lt=1)
    links: tuple[LinkHost, ...] = Field((), max_length=200)
    """Hosts, beside those of the documents, that links and images in answers may lead to."""
    personal_data: HandlingByKind = Field(default_factory=dict)
    """What becomes of each kind of personal data. A kind that is not named is replaced."""
    look: Look = Look()
    knowledge: SiteKnowledge = SiteKnowledge()
    identity: Identity = Identity()
    hours: Hours = Hours()
    models: SiteModels = SiteModels()
    limits: SiteLimits = SiteLimits()
    budget: Budget = Budget()
    retention: Retention = Retention()
    sources: Annotated[tuple[SiteSource, ...], Field(max_length=100), AfterValidator(_once_each)] = ()
    tools: Annotated[tuple[SiteTool, ...], Field(max_length=50), AfterValidator(once_each)] = ()
    """What a model may call for a visitor. Empty: nothing."""

    @property
    def policy(self) -> Policy:
        """`personal_data` by the types of findings."""
        return Policy.of(self.personal_data)

    def stored(self) -> dict[str, Any]:
        """As the database keeps it: what differs from the defaults, secrets in clear."""
        return self._dumped(lambda secret: secret.get_secret_value())

    def as_toml(self) -> str:
        """As a person edits it; secrets are not shown."""
        return tomli_w.dumps(self._dumped(lambda _: HIDDEN), multiline_strings=True)

    def _dumped(self, secret: Any) -> dict[str, Any]:
        content = self.model_dump(mode="python", exclude_defaults=True)
        identity = content.get("identity", {})
        if identity.get("secret") is not None:
            identity["secret"] = secret(identity["secret"])
        for tool in content.get("tools", ()):
            if tool.get("token") is not None:
                tool["token"] = secret(tool["token"])
        return content


def keep_secrets(content: dict[str, Any], before: Mapping[str, Any]) -> None:
    """Put the secrets that are stored in the place of what stands where one is not shown."""
    identity = content.get("identity")
    if isinstance(identity, dict) and identity.get("secret") == HIDDEN:
        identity["secret"] = before.get("identity", {}).get("secret")
    tokens = {tool["name"]: tool.get("token") for tool in before.get("tools", ())}
    tools = content.get("tools")
    for tool in tools if isinstance(tools, list | tuple) else ():
        if isinstance(tool, dict) and tool.get("token") == HIDDEN:
            tool["token"] = tokens.get(tool.get("name"))


def read_config(content: dict[str, Any]) -> SiteConfig:
    """Check a configuration.

    Raises:
        SiteRefused: a key is unknown or its value cannot be used; the sentence names it.
    """
    try:
        return SiteConfig.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise SiteRefused(f"The key {key} is unknown; see docs/sites.md for all of them.") from None
        reason = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise SiteRefused(f"{key} cannot be used: {reason[0].lower()}{reason[1:]}.") from None
