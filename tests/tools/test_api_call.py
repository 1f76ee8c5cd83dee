"""Calls of an owner's address: what is sent, what is read, and what is refused before anything is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import JsonValue

from graph.errors import ToolFailed
from tools.api_call import MOST_CHARS, ApiCall, Argument, Endpoint, Reply, signature_of
from tools.tool import Call, wrong_in


@dataclass
class Sent:
    """Answers with what it was given, and remembers what was sent."""

    reply: Reply = field(default_factory=lambda: Reply(200, "application/json", "{}"))
    requests: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(
        self,
        method: str,
        address: str,
        *,
        query: Mapping[str, str],
        body: Mapping[str, JsonValue] | None,
        headers: Mapping[str, str],
    ) -> Reply:
        """Answer."""
        self.requests.append(
            {"method": method, "address": address, "query": query, "body": body, "headers": dict(headers)}
        )
        return self.reply


def argument(**given: Any) -> Argument:
    return Argument(
        **{
            "type": "text",
            "description": "",
            "required": True,
            "pattern": None,
            "choices": (),
            "longest": 500,
            **given,
        }
    )


def endpoint(**given: Any) -> Endpoint:
    return Endpoint(
        **{
            "name": "orders",
            "title": "Look up orders",
            "description": "Finds orders.",
            "address": "https://shop.test/orders",
            "method": "GET",
            "changes": False,
            "token": None,
            "arguments": {},
            **given,
        }
    )


def tool(endpoint: Endpoint, sent: Sent) -> ApiCall:
    return ApiCall(endpoint, signature_of(endpoint), sent)


def call(**values: JsonValue) -> Call:
    return Call(values, values, "call-1")


async def test_arguments_stand_where_the_owner_put_them() -> None:
    sent = Sent()
    described = {"number": argument(), "year": argument(type="whole"), "open": argument(type="yes_no", required=False)}
    orders = tool(endpoint(address="https://shop.test/o/{number}?v=1", arguments=described, token="t"), sent)

    await orders.run(call(number="a/../b ü", year=2026, open=None))
    await tool(endpoint(address="https://shop.test/o/{number}", arguments=described, method="POST"), sent).run(
        call(number="7", year=2026, open=True)
    )

    assert sent.requests == [
        {
            "method": "GET",
            "address": "https://shop.test/o/a%2F..%2Fb%20%C3%BC?v=1",
            "query": {"year": "2026"},
            "body": None,
            "headers": {
                "Accept": "application/json, text/plain",
                "Idempotency-Key": "call-1",
                "Authorization": "Bearer t",
            },
        },
        {
            "method": "POST",
            "address": "https://shop.test/o/7",
            "query": {},
            "body": {"year": 2026, "open": True},
            "headers": {"Accept": "application/json, text/plain", "Idempotency-Key": "call-1"},
        },
    ]


@pytest.mark.parametrize(
    ("described", "given", "wrong"),
    [
        pytest.param({"n": argument()}, {"n": "1"}, None, id="fits"),
        pytest.param({"n": argument()}, {}, "n: Field required", id="missing"),
        pytest.param({"n": argument()}, {"n": ""}, "n: String should have at least 1", id="empty"),
        pytest.param({"n": argument()}, {"n": 1}, "n: Input should be a valid string", id="another type"),
        pytest.param({"n": argument()}, {"n": "1", "m": "2"}, "m: Extra inputs", id="unknown"),
        pytest.param({"n": argument(longest=2)}, {"n": "123"}, "n: String should have at most 2", id="too long"),
        pytest.param({"n": argument(pattern="[0-9]+")}, {"n": "12a"}, "n: String should match", id="does not match"),
        pytest.param({"n": argument(pattern="a|b")}, {"n": "ab"}, "n: String should match", id="matches in part"),
        pytest.param({"n": argument(choices=("a", "b"))}, {"n": "c"}, "n: Input should be 'a' or 'b'", id="no choice"),
        pytest.param({"n": argument(type="number")}, {"n": 1}, None, id="a whole number is a number"),
        pytest.param({"n": argument(type="whole")}, {"n": 1.5}, "n: Input should be a valid integer", id="not whole"),
        pytest.param({"n": argument(type="yes_no")}, {"n": "yes"}, "n: Input should be a valid boolean", id="a word"),
        pytest.param({"n": argument(required=False)}, {"n": None}, None, id="left out"),
    ],
)
def test_arguments_are_checked_before_anything_is_sent(
    described: dict[str, Argument], given: dict[str, JsonValue], wrong: str | None
) -> None:
    found = wrong_in(tool(endpoint(arguments=described), Sent()).arguments, given)

    assert found is None if wrong is None else (found or "").startswith(wrong)


def test_a_model_is_told_the_arguments_and_nothing_of_where_they_go() -> None:
    described = {"n": argument(description="The number.", choices=("a", "b")), "m": argument(required=False)}

    offer = tool(endpoint(arguments=described, token="secret"), Sent()).offer

    text = json.dumps(offer.parameters)
    assert offer.parameters["type"] == "object"
    assert offer.parameters["required"] == ["n"]
    assert "The number." in text
    assert '["a", "b"]' in text
    assert not {"shop.test", "secret", "Arguments of"} & {word for word in ("shop.test", "secret") if word in text}


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        pytest.param(
            Reply(
                200, "application/json", '{"order": {"status": "sent", "items": [{"name": "Tea"}, {"name": "Cup"}]}}'
            ),
            "order status: sent\norder items 1 name: Tea\norder items 2 name: Cup",
            id="nested",
        ),
        pytest.param(
            Reply(
                200, "application/json", '{"delivery_date": "3 May", "tags": ["a", "b"], "paid": true, "note": null}'
            ),
            "delivery date: 3 May\ntags: a, b\npaid: true\nnote: none",
            id="flat",
        ),
        pytest.param(Reply(200, "text/plain", "All well."), "All well.", id="plain text"),
        pytest.param(Reply(204, "", ""), "It was done.", id="nothing"),
        pytest.param(
            Reply(404, "application/json", '{"error": "no such order"}'),
            "The request was refused with status 404.\nerror: no such order",
            id="refused",
        ),
    ],
)
async def test_what_comes_is_read_as_lines(reply: Reply, text: str) -> None:
    (passage,) = await tool(endpoint(), Sent(reply)).run(call())

    assert passage.text == text
    assert (passage.title, passage.document, passage.origin) == ("Look up orders", "orders", "tool")


async def test_a_long_answer_is_cut() -> None:
    (passage,) = await tool(endpoint(), Sent(Reply(200, "text/plain", "x" * 99_999))).run(call())

    assert len(passage.text) == MOST_CHARS + 1


@pytest.mark.parametrize(
    ("reply", "changes"),
    [
        pytest.param(Reply(500, "text/plain", ""), False, id="broken"),
        pytest.param(Reply(302, "", ""), False, id="leads elsewhere"),
        pytest.param(Reply(409, "application/json", "{}"), True, id="a change that was refused"),
        pytest.param(Reply(200, "text/html", "<p>"), False, id="a page"),
        pytest.param(Reply(200, "application/json", "{"), False, id="no JSON"),
    ],
)
async def test_what_cannot_be_used_is_a_failure(reply: Reply, changes: bool) -> None:
    with pytest.raises(ToolFailed):
        await tool(endpoint(changes=changes), Sent(reply)).run(call())


@pytest.mark.parametrize("number", [".", ".."])
async def test_an_argument_does_not_lead_to_another_address(number: str) -> None:
    sent = Sent()
    with_place = endpoint(address="https://shop.test/orders/{number}/cancel", arguments={"number": argument()})

    with pytest.raises(ToolFailed):
        await tool(with_place, sent).run(call(number=number))

    assert sent.requests == []
