"""What every part of a site's configuration is."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of a site's configuration. Frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
