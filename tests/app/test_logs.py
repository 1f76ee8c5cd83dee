"""Logs: where and what, never what people wrote."""

import json
import logging

import pytest

from app.logs import configure_logs
from graph.errors import ServerFault


class Failure(Exception):
    """What a driver raises: its message quotes a row."""

    sqlstate = "23514"


@pytest.mark.parametrize("json_lines", [True, False])
def test_an_exception_is_told_without_its_message(capsys: pytest.CaptureFixture[str], json_lines: bool) -> None:
    configure_logs("info", json_lines)
    try:
        try:
            raise Failure("Failing row contains (mary@example.org)")
        except Failure as error:
            raise ServerFault("The server failed.") from error
    except ServerFault:
        logging.getLogger("parley").exception("turn failed", extra={"trace_id": "7"})

    written = capsys.readouterr().err
    assert "mary" not in written
    for told in ("turn failed", "Failure (23514)", "ServerFault: The server failed.", "test_logs.py"):
        assert told in written
    if json_lines:
        assert json.loads(written)["trace_id"] == "7"
    else:
        assert "trace_id=7" in written


def test_what_a_library_quotes_begins_no_line_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", json_lines=False)

    logging.getLogger("engineio").error("Invalid session %s", "x\n2026-01-01 ERROR parley: forged\u2028\x1b[2J")

    assert len(capsys.readouterr().err.splitlines()) == 1
