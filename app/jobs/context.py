"""Names under which the worker hands each job what it works with."""

ENGINE = "engine"
SETTINGS = "settings"
ENCODER = "encoder"
"""The installed encoder."""
EMBEDDERS = "embedders"
"""The hosted encoders."""
