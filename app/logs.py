"""Logs: to standard error, as text or one JSON object a line. They carry ids, counts and durations, never texts."""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from graph.errors import ParleyError

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
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"color_message"}  # the last is uvicorn's, for terminals


class Frames(logging.Formatter):
    """Tells where an exception arose and of what kind it is, but not its message: that may quote what people wrote."""

    def formatException(self, info: Any) -> str:  # noqa: N802 - the library's name
        """Return the frames, then the chain of kinds; our own errors, whose sentences are ours, with their message."""
        _, error, trace = info
        lines = traceback.format_tb(trace)
        while error is not None:
            code = getattr(getattr(error, "orig", None), "sqlstate", None) or getattr(error, "sqlstate", None)
            said = f": {error}" if isinstance(error, ParleyError) else f" ({code})" if code else ""
            lines.append(f"{type(error).__module__}.{type(error).__qualname__}{said}\n")
            error = error.__cause__ or error.__context__
        return "".join(lines).rstrip()


class JsonLines(Frames):
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


class Text(Frames):
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

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Return one line, whatever a library quotes in it: nobody outside writes a line of ours."""
        return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], super().formatMessage(record))


def configure_logs(level: str, json_lines: bool) -> None:
    """Send all logs of `level` and above to standard error; libraries that talk much are held at warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if json_lines else Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("chainlit").setLevel(logging.ERROR)  # it warns of every translation that we did not write
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
