"""`POST /v1/embeddings`: vectors of the encoder that the site's documents are searched with."""

import asyncio
import base64
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.v1.caller import Caller, calling
from app.api.v1.errors import invalid, unsupported
from app.wiring import Services
from graph.context import Encoder, FloatArray

MOST = 2048
"""Texts in one request, as at OpenAI."""
AT_ONCE = 32
"""Texts that are encoded before somebody else gets a turn."""


class EmbeddingsRequest(BaseModel):
    """Texts to encode. Fields that are not named here are ignored."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(description="The name of the token's site.")
    input: str | list[str] | list[int] | list[list[int]] = Field(
        description=f"A text, or up to {MOST} of them; lists of tokens are refused."
    )
    encoding_format: Literal["float", "base64"] | None = Field(
        None, description="`base64` gives little-endian 32-bit floats; unset is `float`."
    )
    dimensions: int | None = Field(None, description="Only the encoder's own number.")


class EmbeddingOut(BaseModel):
    """The vector of one text, of unit length."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingsUsage(BaseModel):
    """Tokens of the encoder."""

    prompt_tokens: int
    total_tokens: int


class EncoderOut(BaseModel):
    """Which encoder made the vectors. Those of another one cannot be compared with them."""

    encoder: str
    dimensions: int
    max_tokens: int
    cut: list[int] = Field(description="Indices of texts that are longer, of which only the beginning was read.")


class Embeddings(BaseModel):
    """Vectors, in the order of the texts."""

    object: Literal["list"] = "list"
    data: list[EmbeddingOut]
    model: str
    usage: EmbeddingsUsage
    parley: EncoderOut


def add_embeddings(router: APIRouter, services: Services) -> None:
    """Add the route."""

    @router.post("/embeddings", response_model=Embeddings)
    async def create_embeddings(
        body: EmbeddingsRequest, caller: Annotated[Caller, Depends(calling(services, counted=True))]
    ) -> Response:
        """Encode texts. They are not stored."""
        return await _embed(services.encoder, body, caller)


async def _embed(encoder: Encoder, body: EmbeddingsRequest, caller: Caller) -> Response:
    caller.must_be(body.model)
    texts = _texts(body)
    if body.dimensions not in (None, encoder.dimensions):
        raise unsupported("dimensions", f"Vectors have {encoder.dimensions} dimensions here; leave dimensions out.")
    vectors, lengths = [], []
    for start in range(0, len(texts), AT_ONCE):
        part = texts[start : start + AT_ONCE]
        vectors.append(await asyncio.to_thread(encoder.encode, part))
        lengths += await asyncio.to_thread(_count, encoder, part)
    answer = await asyncio.to_thread(_answer, encoder, body, np.concatenate(vectors), lengths)  # up to 16 MB of digits
    return Response(answer, media_type="application/json", headers=caller.headers)


def _answer(encoder: Encoder, body: EmbeddingsRequest, rows: FloatArray, lengths: list[int]) -> str:
    return Embeddings(
        data=[EmbeddingOut(index=i, embedding=_written(row, body.encoding_format)) for i, row in enumerate(rows)],
        model=body.model,
        usage=EmbeddingsUsage(prompt_tokens=sum(lengths), total_tokens=sum(lengths)),
        parley=EncoderOut(
            encoder=encoder.name,
            dimensions=encoder.dimensions,
            max_tokens=encoder.max_tokens,
            cut=[i for i, length in enumerate(lengths) if length > encoder.max_tokens],
        ),
    ).model_dump_json()


def _count(encoder: Encoder, texts: list[str]) -> list[int]:
    return [encoder.count_tokens(text) for text in texts]


def _texts(body: EmbeddingsRequest) -> list[str]:
    given = [body.input] if isinstance(body.input, str) else body.input
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) != len(given):
        raise unsupported(
            "input",
            "Tokens cannot be read, because the encoder has its own; send texts "
            "(in LangChain: OpenAIEmbeddings(check_embedding_ctx_length=False)).",
        )
    if not texts or not all(text.strip() for text in texts):
        raise invalid("input", "There is nothing to encode: give a text, or a list of texts of which none is empty.")
    if len(texts) > MOST:
        raise invalid("input", f"There are {len(texts):,} texts; send at most {MOST:,} in one request.")
    return [text.encode(errors="ignore").decode() for text in texts]


def _written(row: FloatArray, encoding: str | None) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(row.astype("<f4").tobytes()).decode()
    numbers: list[float] = row.astype(float).tolist()
    return numbers
