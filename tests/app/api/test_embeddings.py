"""`/v1/embeddings` as OpenAI's own client sees it."""

import base64
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from openai import BadRequestError, InternalServerError
from sqlalchemy import text

from app.api.v1.embeddings import MOST
from app.wiring import Services
from tests.app.api.serving import client, served
from tests.graph.scripted import WordEncoder

TEXTS = ["refunds are paid", "parcels arrive", "refunds are paid"]


async def test_vectors_are_the_encoders_in_the_order_of_the_texts(url: str, token: str) -> None:
    answer = await client(url, token).embeddings.create(model="shop", input=TEXTS)

    expected = WordEncoder().encode(TEXTS)
    assert [item.index for item in answer.data] == [0, 1, 2]
    np.testing.assert_array_equal(np.array([item.embedding for item in answer.data], dtype=np.float32), expected)
    assert (answer.model, answer.usage.prompt_tokens) == ("shop", 8)
    assert (answer.model_extra or {})["parley"] == {"encoder": "words", "dimensions": 512, "max_tokens": 100, "cut": []}


async def test_both_encodings_hold_the_same_numbers(url: str, token: str) -> None:
    numbers = []
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http:
        for encoding in ("float", "base64"):
            body = {"model": "shop", "input": "refunds are paid", "encoding_format": encoding}
            numbers.append((await http.post(f"{url}/embeddings", json=body)).json()["data"][0]["embedding"])

    assert np.frombuffer(base64.b64decode(numbers[1]), dtype="<f4").tolist() == numbers[0]


async def test_many_texts_come_back_whole_and_a_long_one_is_named(services: Services, url: str, token: str) -> None:
    texts = [f"text number {number}" for number in range(100)]
    texts[70] = "word " * 101

    answer = await client(url, token).embeddings.create(model="shop", input=texts)

    assert len(answer.data) == 100
    assert (answer.model_extra or {})["parley"]["cut"] == [70]


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"input": [1, 2, 3]}, "input", "unsupported_value"),
        ({"input": [[1, 2, 3]]}, "input", "unsupported_value"),
        ({"input": []}, "input", "invalid_value"),
        ({"input": ["a", " "]}, "input", "invalid_value"),
        ({"input": ["a"] * (MOST + 1)}, "input", "invalid_value"),
        ({"dimensions": 256}, "dimensions", "unsupported_value"),
        ({"encoding_format": "int8"}, "encoding_format", "invalid_type"),
    ],
)
async def test_what_cannot_be_encoded_is_refused_by_name(
    url: str, token: str, fields: dict[str, Any], param: str, code: str
) -> None:
    with pytest.raises(BadRequestError) as refused:
        await client(url, token).embeddings.create(**{"model": "shop", "input": "x", **fields})

    assert (refused.value.param, refused.value.code) == (param, code)


async def test_the_right_number_of_dimensions_may_be_said(url: str, token: str) -> None:
    answer = await client(url, token).embeddings.create(model="shop", input="x", dimensions=512)

    assert len(answer.data[0].embedding) == 512


async def test_records_that_cannot_be_reached_ask_to_come_back(services: Services, url: str, token: str) -> None:
    async with services.sessions.begin() as session:
        await session.execute(text("ALTER TABLE rates RENAME TO gone"))

    with pytest.raises(InternalServerError) as away:
        await client(url, token).embeddings.create(model="shop", input="x")

    assert (away.value.status_code, away.value.response.headers["retry-after"]) == (503, "10")
    assert away.value.code == "service_unavailable"


class Broken(WordEncoder):
    def encode(self, texts: Any) -> Any:
        raise RuntimeError("secret words of a visitor")


async def test_an_encoder_that_fails_is_told_without_its_words(services: Services, token: str) -> None:
    async with served(replace(services, encoder=Broken())) as url:
        with pytest.raises(InternalServerError) as failed:
            await client(url, token).embeddings.create(model="shop", input="x")

    assert (failed.value.status_code, failed.value.code) == (500, "server_error")
    assert "secret" not in failed.value.response.text
