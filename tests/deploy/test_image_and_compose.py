import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import load_settings
from deploy import secrets
from deploy.bootstrap.machine import ROOT


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def dockerfile() -> list[tuple[str, str]]:
    text = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def test_the_compose_file_follows_its_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, str(ROOT / "compose.yaml")], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_app_can_be_reached_from_outside(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["app"]


def test_no_secret_stands_in_the_compose_file(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name in service.get("environment", {}):
            assert not name.endswith(("PASSWORD", "SECRET", "KEY", "DATABASE_URL"))


def test_what_runs_for_long_says_whether_it_is_well(compose: dict[str, Any]) -> None:
    assert "test" in compose["services"]["database"]["healthcheck"]
    assert "test" in compose["services"]["model"]["healthcheck"]
    assert "HEALTHCHECK" in dict(dockerfile())


def test_the_image_runs_as_an_unprivileged_user_and_keeps_no_compiler() -> None:
    steps = dockerfile()
    final = steps[max(at for at, (word, _) in enumerate(steps) if word == "FROM") :]

    assert [rest for word, rest in final if word == "USER"] == ["10001"]
    assert not any("g++" in rest for word, rest in final if word == "RUN")


def test_the_secrets_are_ones_that_parley_takes(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    secrets.make(folder)
    names = {"DATABASE_URL": "database_url", "PARLEY_SECRET": "parley_secret", "OPENAI_API_KEY": "openai_api_key"}
    (tmp_path / "parley.toml").touch()

    settings = load_settings(
        {f"{name}_FILE": str(folder / file) for name, file in names.items()}, path=tmp_path / "parley.toml"
    )

    password = (folder / "database_password").read_text()
    assert settings.database.url is not None
    assert f":{password}@" in settings.database.url.get_secret_value()
    assert settings.hosted.api_key is None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_secrets_that_are_there_stay(tmp_path: Path) -> None:
    secrets.make(tmp_path)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}

    assert secrets.make(tmp_path) == []
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
