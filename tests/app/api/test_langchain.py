"""LangChain's classes for OpenAI, unchanged."""

import asyncio

import pytest
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import AuthenticationError
from pydantic import SecretStr

from tests.app.turning import GOOD, QUESTION


def chat(url: str, token: str) -> ChatOpenAI:
    return ChatOpenAI(model="shop", base_url=url, api_key=SecretStr(token), max_retries=0)


async def test_a_chat_model_answers_and_streams(url: str, token: str) -> None:
    answer = await chat(url, token).ainvoke(QUESTION)
    streamed = [chunk async for chunk in chat(url, token).astream([("system", "Be brief."), ("user", QUESTION)])]
    waited_for = await asyncio.to_thread(chat(url, token).invoke, QUESTION)

    assert answer.content == waited_for.content == GOOD
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] > 0
    assert "".join(str(chunk.content) for chunk in streamed) == GOOD
    assert any(chunk.response_metadata.get("finish_reason") == "stop" for chunk in streamed)


async def test_embeddings_are_made(url: str, token: str) -> None:
    embeddings = OpenAIEmbeddings(
        model="shop",
        openai_api_base=url,
        openai_api_key=SecretStr(token),
        check_embedding_ctx_length=False,
        max_retries=0,
    )

    vectors = await embeddings.aembed_documents(["refunds are paid", "parcels arrive"])
    query = await embeddings.aembed_query("refunds are paid")

    assert [len(vector) for vector in vectors] == [512, 512]
    assert query == vectors[0] != vectors[1]


async def test_errors_are_openais(url: str) -> None:
    with pytest.raises(AuthenticationError):
        await chat(url, "pk-parley-wrong").ainvoke(QUESTION)
