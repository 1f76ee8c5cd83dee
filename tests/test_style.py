import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.bootstrap.machine import ROOT

LONGEST = 400
INDEX_HOSTS = ("pypi" + ".org", "files.python" + "hosted.org", "registry." + "npmjs.org")


def tracked(suffix: str = "") -> Iterator[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.split("\0"):
        path = ROOT / name
        if name.endswith(suffix) and path.is_file():
            yield path


def test_no_module_is_longer_than_one_subject_needs() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in tracked(".py")}

    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_file_names_a_package_registry() -> None:
    naming = [str(path) for path in tracked() if any(host.encode() in path.read_bytes() for host in INDEX_HOSTS)]

    assert naming == []
