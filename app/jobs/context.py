"""Names under which the worker hands each job what it works with."""

ENGINE = "engine"
ALERTS = "alerts"
"""The settings of alerts."""
EMBEDDERS = "embedders"
"""The hosted encoders."""
