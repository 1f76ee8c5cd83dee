"""Logs: to standard error, as text or one JSON object a line. They carry ids, counts and durations, never texts."""

import json
import logging
import sys
from datetime import UTC, datetime

_QUIET = (
    "uvicorn.error",
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "openai",
    "presidio-analyzer",
    "engineio",
    "socketio",
    "alembic",
    "procrastinate",
)
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"color_message"}  # the last is uvicorn's, for terminals


class JsonLines(logging.Formatter):
    """One JSON object a line, with the fields that a caller passed in `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: str(value) for name, value in vars(record).items() if name not in _PLAIN and name != "message"}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class Text(logging.Formatter):
    """A readable line that ends with the fields that a caller passed in `extra`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s%(fields)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or lines when there is an exception."""
        extra = {
            name: value for name, value in vars(record).items() if name not in _PLAIN | {"message", "asctime", "fields"}
        }
        record.fields = "".join(f" {name}={value}" for name, value in extra.items())
        return super().format(record)


def configure_logs(level: str, json_lines: bool) -> None:
    """Send all logs of `level` and above to standard error; libraries that talk much are held at warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if json_lines else Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("chainlit").setLevel(logging.ERROR)  # it warns of every translation that we did not write
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
