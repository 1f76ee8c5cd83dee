from pathlib import Path
from typing import Any

import pytest

from app.settings import load_settings
from graph.errors import ConfigError


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "parley.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_set_gives_the_embedded_default(tmp_path: Path) -> None:
    settings = load_settings({}, path=file(tmp_path, ""))

    assert settings.embedded
    assert settings.server.port == 8000


@pytest.mark.parametrize(
    ("environ", "text", "key", "value"),
    [
        pytest.param({}, "[server]\nport = 9000", "server.port", 9000, id="from the file"),
        pytest.param({"PARLEY_SERVER__PORT": "9001"}, "[server]\nport = 9000", "server.port", 9001, id="variable wins"),
        pytest.param({"PARLEY_HOME": "/srv/parley"}, "", "home", Path("/srv/parley"), id="top level"),
        pytest.param({"PARLEY_LOCAL__ENABLED": "false"}, "", "local.enabled", False, id="truth value"),
        pytest.param({"PARLEY_LOCAL__SEES": "person, email"}, "", "local.sees", ("person", "email"), id="kinds"),
        pytest.param(
            {"PARLEY_SERVER__ORIGINS": "https://a.example, https://b.example"},
            "",
            "server.origins",
            ("https://a.example", "https://b.example"),
            id="list",
        ),
        pytest.param(
            {"OPENAI_BASE_URL": "http://gpu:8080/v1"}, "", "hosted.base_url", "http://gpu:8080/v1", id="alias"
        ),
        pytest.param({"OPENAI_BASE_URL": ""}, "", "hosted.base_url", None, id="empty alias is unset"),
        pytest.param({"PARLEY_CONFIG": ""}, "", "server.port", 8000, id="no file named"),
        pytest.param({"OTHER_FILE": "/nowhere"}, "", "server.port", 8000, id="another program's variable"),
    ],
)
def test_a_setting_is_read(environ: dict[str, str], text: str, key: str, value: Any, tmp_path: Path) -> None:
    found: Any = load_settings(environ, path=file(tmp_path, text))
    for part in key.split("."):
        found = getattr(found, part)

    assert found == value


@pytest.mark.parametrize(
    ("environ", "text", "sentence"),
    [
        pytest.param({}, "port = 1", "The setting port is unknown", id="unknown key"),
        pytest.param({}, "[server]\nprot = 1", "The setting server.prot is unknown", id="misspelt key"),
        pytest.param({}, "[servre]\nport = 1", "The setting servre is unknown", id="misspelt section"),
        pytest.param({}, '[server]\nport = "many"', "The setting server.port cannot be used", id="wrong type"),
        pytest.param({}, "[server]\nport = 70000", "The setting server.port cannot be used", id="out of bounds"),
        pytest.param({}, 'secret = "short"', "The setting secret cannot be used", id="short secret"),
        pytest.param({}, '[hosted]\nbase_url = "ftp://x"', "The setting hosted.base_url cannot be used", id="address"),
        pytest.param({}, '[alerts]\nwebhook = "https://x"', "a webhook needs alerts.secret", id="unsigned webhook"),
        pytest.param({}, '[alerts]\nwebhook = "https://:1/"', "it needs a machine's name", id="webhook nowhere"),
        pytest.param({}, '[alerts]\nwebhook = "https://a:b@x/"', "neither user nor password", id="webhook's password"),
        pytest.param(
            {}, '[alerts]\nwebhook = "https://x:y/"', "The setting alerts.webhook cannot", id="webhook's port"
        ),
        pytest.param({}, '[hosted]\nsees = ["name"]', "no kind of personal data name; there are address,", id="kind"),
        pytest.param({}, '[metrics]\ntoken = "short"', "The setting metrics.token cannot be used", id="short token"),
        pytest.param({}, "[server", "is not valid TOML", id="broken file"),
        pytest.param({}, "server = 1", "The setting server cannot be used", id="value for a section"),
        pytest.param(
            {"PARLEY_SERVER__PORT": "1"},
            "server = 1",
            "The setting server must be a table",
            id="variable below a value",
        ),
        pytest.param(
            {"PARLEY_SERVER__PORT": "many"}, "", "The setting server.port cannot be used", id="variable's type"
        ),
        pytest.param({"PARLEY_PORT": "1"}, "", "The variable PARLEY_PORT names no setting", id="unknown variable"),
        pytest.param({"PARLEY_NO__PORT": "1"}, "", "The variable PARLEY_NO__PORT names no setting", id="its section"),
        pytest.param({"PARLEY_HOME__X": "1"}, "", "The variable PARLEY_HOME__X names no setting", id="below a value"),
        pytest.param(
            {"PARLEY_SECRET_FILE": "/nowhere/s"}, "", "that PARLEY_SECRET_FILE names", id="missing secret file"
        ),
        pytest.param(
            {"OPENAI_API_KEY": "k", "OPENAI_API_KEY_FILE": "/nowhere/k"},
            "",
            "Both OPENAI_API_KEY and OPENAI_API_KEY_FILE are set",
            id="value and file",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    environ: dict[str, str], text: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(environ, path=file(tmp_path, text))

    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"PARLEY_CONFIG": "/nowhere/parley.toml"}, id="missing"),
        pytest.param({"PARLEY_CONFIG": "/"}, id="folder"),
    ],
)
def test_a_named_settings_file_must_be_readable(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(environ)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        pytest.param("sk-1\n", "sk-1", id="without its line end"),
        pytest.param("\n", None, id="an empty file is an unused secret"),
    ],
)
def test_a_secret_comes_from_a_file(content: str, key: str | None, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(content)
    settings = load_settings({"OPENAI_API_KEY_FILE": str(tmp_path / "key")}, path=file(tmp_path, ""))

    found = settings.hosted.api_key
    assert (found.get_secret_value() if found else None) == key


def test_a_refusal_does_not_repeat_a_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings({"PARLEY_SECRET": "hunter2"}, path=file(tmp_path, ""))

    assert "hunter2" not in str(refused.value)


def test_a_model_takes_its_key_from_the_variable_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "parley.toml"
    file.write_text('[[models]]\nname = "large"\napi_key_env = "VAST_KEY"\n[[models]]\nname = "small"\nsmall = true\n')

    models = load_settings({"VAST_KEY": "sk-1"}, path=file).models

    assert [model.name for model in models] == ["large", "small"]
    assert models[0].api_key is not None
    assert models[0].api_key.get_secret_value() == "sk-1"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[models]]\nname = "large"\napi_key_env = "VAST_KEY"\n', "takes its key from VAST_KEY, which is not set"),
        ('[[models]]\nname = "a"\n[[models]]\nname = "a"\n', "the name a is there twice"),
        ('[[models]]\nmodel = "a"\n', "models.0.name"),
        ('[[models]]\nname = "a"\nnothing = 1\n', "models.0.nothing is unknown"),
    ],
)
def test_a_model_that_cannot_be_used_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "parley.toml"
    file.write_text(text)

    with pytest.raises(ConfigError, match=sentence):
        load_settings({}, path=file)


def test_a_variable_may_hold_the_models(tmp_path: Path) -> None:
    models = '[{"name": "house", "base_url": "http://model:8080/v1", "own": true, "api_key_env": "KEY"}]'

    settings = load_settings({"PARLEY_MODELS": models, "KEY": "secret"}, path=file(tmp_path, ""))

    assert [(model.name, model.own) for model in settings.models] == [("house", True)]
    assert settings.models[0].api_key is not None
    assert load_settings({"PARLEY_MODELS": ""}, path=file(tmp_path, "")).models == ()


@pytest.mark.parametrize("text", ["house", '{"name": "house"}', "[1"])
def test_what_is_no_list_of_models_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="PARLEY_MODELS holds no list in JSON"):
        load_settings({"PARLEY_MODELS": text}, path=file(tmp_path, ""))
