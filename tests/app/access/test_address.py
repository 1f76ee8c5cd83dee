"""By which names a server may be called."""

import pytest

from app.access.address import own_names
from app.settings import load_settings

OWN = {"localhost", "127.0.0.1", "::1"}


@pytest.mark.parametrize(
    ("host", "environ", "names"),
    [
        pytest.param("127.0.0.1", {}, OWN, id="on this machine alone"),
        pytest.param("::1", {}, OWN, id="likewise, IPv6"),
        pytest.param("localhost", {}, OWN, id="likewise, by name"),
        pytest.param("127.0.0.7", {}, OWN | {"127.0.0.7"}, id="on another address of this machine alone"),
        pytest.param("0.0.0.0", {}, set(), id="on the network, by any name"),  # noqa: S104 - compared only
        pytest.param("192.0.2.7", {}, set(), id="on one network, by any name"),
        pytest.param(
            "127.0.0.1",
            {"PARLEY_SERVER__PUBLIC_URL": "https://Help.example.com:8443"},
            OWN | {"help.example.com"},
            id="behind a proxy, by its name",
        ),
        pytest.param(
            "0.0.0.0",  # noqa: S104 - compared only
            {"PARLEY_SERVER__HOSTS": "Help.example.com, [2001:db8::1]"},
            OWN | {"0.0.0.0", "help.example.com", "2001:db8::1"},  # noqa: S104 - compared only
            id="by the names that are set, and by health checks from within",
        ),
    ],
)
def test_a_server_on_this_machine_alone_answers_to_no_strange_name(
    host: str, environ: dict[str, str], names: set[str]
) -> None:
    assert own_names(load_settings(environ).server, host) == names
