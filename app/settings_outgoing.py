"""What Parley sends on its own account: alerts, and calls of site owners' systems."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from app.settings_section import Section


class Alerts(Section):
    """Where it is told that a site has spent a share of its budget."""

    webhook: str | None = Field(
        None, pattern=r"^https?://", description="Address that each alert is sent to; https, or this machine."
    )
    secret: SecretStr | None = Field(None, min_length=24, description="Signs what is sent to `alerts.webhook`.")
    private: bool = Field(False, description="Whether `alerts.webhook` may be an address of the own network.")

    @field_validator("webhook")
    @classmethod
    def _names_a_machine(cls, webhook: str | None) -> str | None:
        parts = urlsplit(webhook or "https://none")
        if not parts.hostname or not parts.hostname.isascii() or parts.port == 0 or "@" in parts.netloc:
            raise ValueError("it needs a machine's name in ASCII, and neither user nor password")
        return webhook

    @model_validator(mode="after")
    def _is_signed(self) -> Self:
        if self.webhook is not None and self.secret is None:
            raise ValueError("a webhook needs alerts.secret, 24 random characters or more, which signs what it is sent")
        return self


class Tools(Section):
    """Calls of the systems that site owners name as tools."""

    private: bool = Field(
        False,
        description="Whether tools may call addresses of the own network and of this machine, and over plain http.",
    )
    timeout_s: float = Field(15, gt=0, le=120, description="A call may take this long.")
    confirm_s: float = Field(
        900, ge=30, le=86_400, description="A call that a visitor must agree to waits for their word this long."
    )
