from pathlib import Path

import pytest

from deploy.bootstrap import llama, stamp
from deploy.bootstrap.machine import StepFailed
from deploy.bootstrap.registry import translate


@pytest.mark.parametrize(
    ("listed", "environ", "told"),
    [
        pytest.param("", {}, {}, id="nothing configured"),
        pytest.param(
            "global.index-url='https://a.example/'", {}, {"UV_DEFAULT_INDEX": "https://a.example/"}, id="file"
        ),
        pytest.param(
            ":env:.index-url='https://b.example/'\nglobal.index-url='https://a.example/'",
            {},
            {"UV_DEFAULT_INDEX": "https://b.example/"},
            id="variable before file",
        ),
        pytest.param(
            "global.index-url='https://a.example/'\n:env:.index-url='https://b.example/'",
            {},
            {"UV_DEFAULT_INDEX": "https://b.example/"},
            id="variable after file",
        ),
        pytest.param("global.find-links='\\n/a\\n/b'", {}, {"UV_FIND_LINKS": "/a,/b"}, id="list of folders"),
        pytest.param("global.extra-index-url='https://a https://b'", {}, {"UV_INDEX": "https://a https://b"}, id="two"),
        pytest.param("global.index-url='https://a'", {"UV_DEFAULT_INDEX": "https://c"}, {}, id="uv's own wins"),
        pytest.param("global.quiet='1'", {}, {}, id="no matter of registries"),
    ],
)
def test_uv_asks_the_registries_of_pip(listed: str, environ: dict[str, str], told: dict[str, str]) -> None:
    assert translate(listed, environ) == told


INSTALLED = stamp.Stamp("a", dev=True, cmake_args="")


@pytest.mark.parametrize(
    ("wanted", "serves"),
    [
        pytest.param(INSTALLED, True, id="the same"),
        pytest.param(stamp.Stamp("a", dev=False, cmake_args=""), True, id="tools for tests do no harm"),
        pytest.param(stamp.Stamp("b", dev=True, cmake_args=""), False, id="other locks"),
        pytest.param(stamp.Stamp("a", dev=True, cmake_args="-DGGML_CUDA=on"), False, id="another build"),
    ],
)
def test_an_installation_is_made_again_only_when_it_must(wanted: stamp.Stamp, serves: bool) -> None:
    assert INSTALLED.serves(wanted) is serves


def test_a_stamp_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert stamp.read(tmp_path) is None

    stamp.write(tmp_path, INSTALLED)

    assert stamp.read(tmp_path) == INSTALLED


def test_each_kind_of_build_is_kept_apart() -> None:
    assert llama.cache_folder("-DGGML_CUDA=on") != llama.cache_folder("")


def test_progress_tells_how_far_the_compiler_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama, "LOG", tmp_path / "log")
    progress = llama.Progress()

    progress.follow(["*** Configuring CMake...\n", "[7/140] Building CXX object\n", "a warning\n"])

    assert progress.text == "7 of 140 steps compiled"


def test_without_a_compiler_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)

    with pytest.raises(StepFailed, match=r"no C\+\+ compiler"):
        llama.wheel(Path("python"), "")
