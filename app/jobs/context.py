"""Names under which the worker hands each job what it works with."""

ENGINE = "engine"
SETTINGS = "settings"
EMBEDDERS = "embedders"
"""The hosted encoders."""
