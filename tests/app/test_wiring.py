import pytest
from langsmith.utils import get_env_var, tracing_is_enabled

from app.wiring import Services


async def test_no_variable_of_another_program_sends_turns_away(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    get_env_var.cache_clear()  # type: ignore[attr-defined]  # its overloads hide the cache
    assert services

    assert not tracing_is_enabled()
