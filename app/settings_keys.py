"""The settings of the master key, which all other keys are wrapped with."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from app.settings_section import Section
from app.vault.master import read_key


class Keys(Section):
    """The master key: a file, a value, or a key of OpenBao, HashiCorp Vault, AWS KMS or Google Cloud KMS.

    Unset: on the embedded database the file `master.key` in `home`, otherwise derived from the secret.
    """

    path: Path | None = Field(
        None, description="File of mode 0600 with the master key; `parley keys rotate` renews it."
    )
    master: SecretStr | None = Field(
        None,
        description="The master key itself, 32 bytes in base64. Several with commas between them: the first wraps, the "
        "others still unwrap.",
    )
    transit_address: str | None = Field(
        None,
        pattern=r"^https?://[^/]+$",
        description="Address of OpenBao or Vault, such as `https://bao.example.com:8200`.",
    )
    transit_token: SecretStr | None = Field(None, min_length=1, description="Token for it.")
    transit_key: str | None = Field(None, min_length=1, description="Name of the key in its transit engine.")
    transit_mount: str = Field("transit", min_length=1, description="Path at which the engine is mounted.")
    aws_key: str | None = Field(
        None,
        pattern=r"^\S+$",
        description="Id, ARN or alias of a symmetric key of AWS KMS. Credentials come from where AWS's own tools look.",
    )
    aws_region: str | None = Field(
        None, pattern=r"^[a-z0-9-]+$", description="Its region, where neither its ARN nor AWS's own settings say it."
    )
    google_key: str | None = Field(
        None,
        pattern=r"^projects/[^/\s]+/locations/[^/\s]+/keyRings/[^/\s]+/cryptoKeys/[^/\s]+$",
        description="Name of a symmetric key of Google Cloud KMS: "
        "`projects/…/locations/…/keyRings/…/cryptoKeys/…`. Credentials come from where Google's own tools look.",
    )
    google_address: str = Field(
        "https://cloudkms.googleapis.com", pattern=r"^https?://[^/]+$", description="Address of that service."
    )

    @field_validator("master")
    @classmethod
    def _is_a_key(cls, master: SecretStr | None) -> SecretStr | None:
        for text in master.get_secret_value().split(",") if master else ():
            read_key(text.strip())
        return master

    @model_validator(mode="after")
    def _are_one_kind(self) -> Self:
        transit = (self.transit_address, self.transit_token, self.transit_key)
        if any(transit) and not all(transit):
            raise ValueError("transit_address, transit_token and transit_key go together")
        if (
            sum(
                map(bool, (self.path is not None, self.master is not None, any(transit), self.aws_key, self.google_key))
            )
            > 1
        ):
            raise ValueError("name one master key: a file, a value, or a key of one service")
        return self
