"""Tools in a site's configuration: what is refused, what is hidden, and what the page of the guide shows."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.sites.config import HIDDEN, SiteRefused, keep_secrets, read_config
from app.sites.tools import SiteTool, ToolArgument, title_of
from tools.offered import BUILT_IN

PAGE = (Path(__file__).parents[3] / "docs" / "tools.md").read_text(encoding="utf-8")
OWN: dict[str, Any] = {"name": "order", "description": "Finds an order.", "address": "https://shop.test/orders"}


@pytest.mark.parametrize(
    ("tool", "why"),
    [
        pytest.param({"name": "order"}, "needs an address", id="neither brought nor described"),
        pytest.param({"name": "leave_message", "changes": False}, "that Parley brings", id="a brought one, changed"),
        pytest.param({**OWN, "name": "leave_message"}, "choose another", id="a brought one's name"),
        pytest.param({**OWN, "name": "Order!"}, "tools.0.name", id="a name that models do not take"),
        pytest.param({**OWN, "description": ""}, "needs a description", id="no description"),
        pytest.param({**OWN, "address": "ftp://shop.test"}, "https:// or http://", id="another scheme"),
        pytest.param({**OWN, "address": "https://u:p@shop.test/"}, "without a user", id="a password"),
        pytest.param({**OWN, "address": "https://{host}/x"}, "machine of an address", id="the model names the machine"),
        pytest.param({**OWN, "address": "https://shop.test/{n}"}, "{n} in the address", id="an argument that is none"),
        pytest.param(
            {**OWN, "address": "https://shop.test/{n}", "arguments": {"n": {"required": False}}},
            "not a required argument",
            id="an argument that may be missing",
        ),
        pytest.param({**OWN, "arguments": {"n": {"pattern": "("}}}, "regular expression", id="no pattern"),
        pytest.param({**OWN, "arguments": {"n": {"pattern": "(?=a)"}}}, "regular expression", id="looks ahead"),
        pytest.param({**OWN, "arguments": {"n": {"type": "whole", "choices": ["1"]}}}, "type text", id="choices"),
        pytest.param({**OWN, "method": "BREW"}, "tools.0.method", id="no method"),
    ],
)
def test_a_tool_that_cannot_be_is_refused_with_a_sentence(tool: dict[str, Any], why: str) -> None:
    with pytest.raises(SiteRefused) as refused:
        read_config({"tools": [tool]})

    assert why in str(refused.value)


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(SiteRefused, match="name of its own"):
        read_config({"tools": [OWN, OWN]})


@pytest.mark.parametrize(
    ("given", "changes"),
    [({}, False), ({"method": "POST"}, True), ({"method": "POST", "changes": False}, False), ({"changes": True}, True)],
)
def test_what_is_not_said_to_look_up_only_counts_as_a_change(given: dict[str, Any], changes: bool) -> None:
    assert SiteTool(**OWN, **given).does_change is changes


def test_a_token_is_not_shown_and_stays_when_it_is_written_back() -> None:
    config = read_config({"tools": [{**OWN, "token": "hush"}]})
    shown = tomllib.loads(config.as_toml())
    stored = config.stored()

    assert shown["tools"][0]["token"] == HIDDEN
    assert stored["tools"][0]["token"] == "hush"
    keep_secrets(shown, stored)
    assert read_config(shown).stored() == stored


def test_a_title_is_made_where_none_is_given() -> None:
    tools = read_config({"tools": [{**OWN, "name": "order_status"}, {"name": "leave_message"}]}).tools

    assert title_of(tools, "order_status") == "Order status"
    assert title_of(tools, "leave_message") == BUILT_IN["leave_message"]
    assert title_of(tools, "gone_away") == "Gone away"


def test_the_guide_shows_what_works_and_names_every_key() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    config = read_config(tomllib.loads(example))

    assert [tool.name for tool in config.tools] == ["order_status", "cancel_order", "leave_message"]
    assert [tool.does_change for tool in config.tools[:2]] == [False, True]
    rows = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE))
    assert rows == set(SiteTool.model_fields) | set(BUILT_IN)
    for name in ToolArgument.model_fields:
        assert f"`{name}`" in PAGE
