"""What every part of the settings is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the tree. Frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
