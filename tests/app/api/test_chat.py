"""`/v1/chat/completions` as OpenAI's own client sees it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from openai import APIError, AsyncOpenAI, BadRequestError, InternalServerError, NotFoundError, OpenAI
from sqlalchemy import select

from app.api.v1 import chat
from app.db.tables import Conversation, Message, User
from app.wiring import Services
from graph.errors import StreamCut
from tests.app.api.serving import BODY_BYTES, client, make_token, served
from tests.app.turning import GOOD, QUESTION, Broken
from tests.graph.scripted import FixedInjection, FixedIntent, Scripted, WordEncoder, route

ASK: list[Any] = [{"role": "user", "content": QUESTION}]


async def test_an_answer_has_openais_shape_and_says_where_it_comes_from(
    services: Services, url: str, token: str
) -> None:
    answer = await client(url, token).chat.completions.create(model="shop", messages=ASK)

    (choice,) = answer.choices
    assert (answer.object, answer.model, answer.id[:9]) == ("chat.completion", "shop", "chatcmpl-")
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", GOOD, "stop")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    told = (choice.message.model_extra or {})["parley"]
    assert (told["rung"], told["answered_by"], told["notice"], told["ignored"]) == ("hosted", "big", None, [])
    assert [(source["number"], source["document"]) for source in told["sources"]] == [(1, "refunds.md")]
    assert told["trace_id"] == answer._request_id  # noqa: SLF001 - OpenAI documents it by this name
    async with services.sessions() as session:
        assert (await session.scalars(select(Conversation.door))).all() == ["api"]


def _synchronous(url: str, token: str) -> tuple[str | None, str, str]:
    with OpenAI(base_url=url, api_key=token, max_retries=0) as api:
        whole = api.chat.completions.create(model="shop", messages=ASK).choices[0].message.content
        chunks = list(api.chat.completions.create(model="shop", messages=ASK, stream=True))
        return whole, "".join(chunk.choices[0].delta.content or "" for chunk in chunks), api.models.list().data[0].id


async def test_the_synchronous_client_works_too(url: str, token: str) -> None:
    assert await asyncio.to_thread(_synchronous, url, token) == (GOOD, GOOD, "shop")


async def test_a_stream_ends_with_the_reason_the_sources_and_the_usage(url: str, token: str) -> None:
    stream = await client(url, token).chat.completions.create(
        model="shop", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]

    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == GOOD
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None, None, "stop"]
    told = (chunks[-2].choices[0].delta.model_extra or {})["parley"]
    assert told["sources"][0]["document"] == "refunds.md"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 0


WITHDRAWN = (route("Nobody knows that for sure.", fault=StreamCut(), cut_after=4), route(GOOD, name="second"))


async def test_text_that_is_taken_back_is_never_sent(services: Services, token: str) -> None:
    async with served(replace(services, models=WITHDRAWN)) as url:
        stream = await client(url, token).chat.completions.create(model="shop", messages=ASK, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert text == GOOD


async def test_a_live_stream_marks_what_is_taken_back(services: Services, token: str) -> None:
    seen, text = 0, ""
    async with served(replace(services, models=WITHDRAWN)) as url:
        stream = await client(url, token).chat.completions.create(
            model="shop", messages=ASK, stream=True, extra_body={"parley": {"live": True}}
        )
        async for chunk in stream:
            delta = chunk.choices[0].delta
            if (delta.model_extra or {}).get("parley", {}).get("reset"):
                seen, text = seen + 1, ""
            text += delta.content or ""

    assert (seen, text) == (1, GOOD)


async def test_silence_is_filled_while_text_is_not_certain(
    services: Services, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "SILENCE_S", 0.05)
    held = Held(text=GOOD)
    async with (
        served(replace(services, models=(replace(route(), model=held),))) as url,
        httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=20) as http,
        http.stream(
            "POST", f"{url}/chat/completions", json={"model": "shop", "messages": ASK, "stream": True}
        ) as response,
    ):
        lines = response.aiter_lines()
        async for line in lines:
            if line.startswith(":"):
                break
        held.go.set()
        rest = [line async for line in lines if line]

    assert rest[-1] == "data: [DONE]"
    assert json.loads(rest[-2].removeprefix("data: "))["choices"][0]["finish_reason"] == "stop"


class Held(Scripted):
    """Says nothing after its first words until it is let go."""

    def model_post_init(self, context: Any, /) -> None:
        super().model_post_init(context)
        self._go, self._began = asyncio.Event(), asyncio.Event()

    @property
    def go(self) -> asyncio.Event:
        return self._go

    @property
    def began(self) -> asyncio.Event:
        return self._began

    async def _astream(self, *args: Any, **kwargs: Any) -> Any:
        async for chunk in super()._astream(*args, **kwargs):
            yield chunk
            self._began.set()
            await self._go.wait()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_hangs_up_stops_the_turn(services: Services, token: str, *, stream: bool) -> None:
    held = Held(text=GOOD)
    async with served(replace(services, models=(replace(route(), model=held),))) as url:
        async with client(url, token) as api:
            asking = asyncio.create_task(read(api, stream=stream))
            await held.began.wait()
            asking.cancel()
            await asyncio.wait({asking})
        for _ in range(500):
            if await statuses(services) != ["open"]:
                break
            await asyncio.sleep(0.02)

    assert await statuses(services) == ["stopped"]


async def read(api: AsyncOpenAI, *, stream: bool) -> None:
    if stream:
        async for _ in await api.chat.completions.create(model="shop", messages=ASK, stream=True):
            pass
    else:
        await api.chat.completions.create(model="shop", messages=ASK)


async def statuses(services: Services) -> list[str]:
    async with services.sessions() as session:
        return list(await session.scalars(select(Message.status).where(Message.role == "assistant")))


async def test_earlier_messages_are_the_history_and_the_rest_is_named(services: Services, token: str) -> None:
    model = route(GOOD)
    messages: list[Any] = [
        {"role": "system", "content": "Talk like a pirate."},
        {"role": "user", "content": "Hello, I am mary@example.org"},
        {"role": "assistant", "content": [{"type": "text", "text": "Hello!"}]},
        {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
    ]
    async with served(replace(services, models=(model,))) as url:
        answer = await client(url, token).chat.completions.create(
            model="shop", messages=messages, temperature=0, seed=7, max_tokens=50, extra_body={"new": 1}
        )

    assert isinstance(model.model, Scripted)
    assert [message.text for message in model.model.seen[-1][1:3]] == ["Hello, I am [EMAIL_1]", "Hello!"]
    assert "pirate" not in str(model.model.seen)
    told = (answer.choices[0].message.model_extra or {})["parley"]
    assert told["ignored"] == ["system", "max_tokens", "new", "seed", "temperature"]


async def test_each_user_is_a_visitor_of_their_own(services: Services, url: str) -> None:
    token, token_id = await make_token(services)
    for user in ("ann", "bob\0", "ann"):
        await client(url, token).chat.completions.create(model="shop", messages=ASK, user=user)
    await client(url, token).chat.completions.create(model="shop", messages=ASK)

    async with services.sessions() as session:
        names = await session.scalars(select(User.identifier).order_by(User.identifier))
        assert names.all() == [f"api:{token_id}", f"api:{token_id}:ann", f"api:{token_id}:bob"]
        assert len((await session.scalars(select(Conversation.id))).all()) == 4


IMAGE = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"n": 2}, "n", "unsupported_value"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools", "unsupported_value"),
        ({"response_format": {"type": "json_object"}}, "response_format", "unsupported_value"),
        ({"logprobs": True}, "logprobs", "unsupported_value"),
        ({"modalities": ["text", "audio"]}, "modalities", "unsupported_value"),
        ({"messages": [{"role": "user", "content": IMAGE}]}, "messages[0].content[1]", "unsupported_value"),
        (
            {"messages": [*ASK, {"role": "tool", "content": "4", "tool_call_id": "a"}]},
            "messages[1]",
            "unsupported_value",
        ),
        ({"messages": []}, "messages", "invalid_type"),
        ({"messages": "hello"}, "messages", "invalid_type"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages", "invalid_value"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages", "invalid_value"),
        ({"messages": [*ASK, {"role": "assistant", "content": "Well,"}]}, "messages", "invalid_value"),
        ({"messages": [{"role": "user", "content": "x" * 501}]}, "messages", "context_length_exceeded"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role", "invalid_type"),
        ({"model": None}, "model", "invalid_type"),
        ({"user": "x" * 201}, "user", "invalid_type"),
    ],
)
async def test_what_cannot_be_honoured_is_refused_by_name(
    services: Services, url: str, token: str, fields: dict[str, Any], param: str, code: str
) -> None:
    with pytest.raises(BadRequestError) as refused:
        await client(url, token).chat.completions.create(**{"model": "shop", "messages": ASK, **fields})

    assert (refused.value.param, refused.value.code) == (param, code)
    assert refused.value.type == "invalid_request_error"
    assert await statuses(services) == []


async def test_what_is_not_json_is_refused_in_one_sentence(url: str, token: str) -> None:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http:
        json_like = {"Content-Type": "application/json"}
        broken = await http.post(f"{url}/chat/completions", content="{", headers=json_like)
        bytes_ = await http.post(f"{url}/chat/completions", content=b"d\xff\x1a", headers=json_like)
        empty = await http.post(f"{url}/chat/completions")

    assert (broken.status_code, broken.json()["error"]["code"]) == (400, "invalid_json")
    assert (bytes_.status_code, bytes_.json()) == (400, broken.json())
    assert (empty.status_code, empty.json()["error"]["message"]) == (400, "The body is missing; send one JSON object.")


async def parts(size: int) -> AsyncIterator[bytes]:
    """A body that does not say beforehand how long it is."""
    for _ in range(0, size, 1000):
        yield b" " * 1000


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(url: str, token: str) -> None:
    json_like = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(headers=json_like) as http:
        told = await http.post(f"{url}/chat/completions", content=b" " * (BODY_BYTES + 1))
        found_out = await http.post(f"{url}/chat/completions", content=parts(BODY_BYTES + 2000))

    assert told.status_code == found_out.status_code == 413
    assert told.json() == found_out.json()
    assert told.json()["error"]["type"] == "invalid_request_error"


async def test_values_that_change_nothing_are_accepted(url: str, token: str) -> None:
    answer = await client(url, token).chat.completions.create(
        model="shop", messages=ASK, n=1, tools=[], logprobs=False, response_format={"type": "text"}, modalities=["text"]
    )

    assert (answer.choices[0].message.model_extra or {})["parley"]["ignored"] == []


async def test_another_model_than_the_tokens_site_does_not_exist(services: Services, url: str, token: str) -> None:
    await make_token(services, site="other")
    for model in ("other", "gpt-5"):
        with pytest.raises(NotFoundError) as refused:
            await client(url, token).chat.completions.create(model=model, messages=ASK)
        assert refused.value.code == "model_not_found"


async def test_the_reason_of_the_end_tells_blocked_and_shortened_answers(services: Services, token: str) -> None:
    short = route()
    short = replace(short, model=Scripted(text=GOOD, finish_reason="length"))
    for changed, reason in (
        (replace(services, injection=FixedInjection(blocked=True)), "content_filter"),
        (replace(services, models=(short,)), "length"),
        (replace(services, intents=FixedIntent("reply", "Hello!")), "stop"),
    ):
        async with served(changed) as url:
            answer = await client(url, token).chat.completions.create(model="shop", messages=ASK)
        assert answer.choices[0].finish_reason == reason


class Exploding(WordEncoder):
    def encode(self, texts: Any) -> Any:
        raise RuntimeError("asked to")


async def test_a_turn_that_fails_is_an_error_with_its_number(services: Services, token: str) -> None:
    async with served(replace(services, encoder=Exploding())) as url:
        with pytest.raises(InternalServerError) as failed:
            await client(url, token).chat.completions.create(model="shop", messages=ASK)
        assert failed.value.status_code == 500
        assert str(failed.value.request_id) in failed.value.message
        stream = await client(url, token).chat.completions.create(model="shop", messages=ASK, stream=True)
        with pytest.raises(APIError) as cut:
            [chunk async for chunk in stream]
        assert (cut.value.type, cut.value.code) == ("server_error", "server_error")


async def test_a_guard_that_cannot_run_asks_to_come_back(services: Services, token: str) -> None:
    async with served(replace(services, personal_data=Broken())) as url:
        for stream in (False, True):
            with pytest.raises(InternalServerError) as failed:
                await client(url, token).chat.completions.create(model="shop", messages=ASK, stream=stream)
            assert (failed.value.status_code, failed.value.response.headers["retry-after"]) == (503, "10")
            assert "safety check" in failed.value.message
