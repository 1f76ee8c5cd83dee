"""A sentence encoder behind an OpenAI-compatible address."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
import numpy as np
from openai import AsyncOpenAI
from pydantic import SecretStr

from graph.context import FloatArray
from graph.errors import ServerFault
from graph.events import ENCODED, Rung, Usage, encoder_route
from graph.models.bounds import bounded_client
from graph.models.faults import translate

NO_KEY = "none"
CONNECT_S = 5.0
CHARS_PER_TOKEN = 4
FINGERPRINT_CHARS = 12


@dataclass(frozen=True, slots=True)
class Encoded:
    """Vectors of unit length, shape `(texts, dimensions)`, and what they took."""

    vectors: FloatArray
    usage: Usage


class HostedEncoder:
    """Turns texts into vectors of unit length. Raises `graph.errors.ModelFault` and nothing else.

    Attributes:
        name: its name in the settings.
        model: as its server calls it.
        route: under which its tries are remembered and billed.
        stored_as: under which its vectors are stored. It changes with all that changes a passage's vector.
    """

    def __init__(
        self,
        name: str,
        *,
        model: str,
        api_key: SecretStr | None = None,
        base_url: str | None = None,
        question_prefix: str = "",
        passage_prefix: str = "",
        own: bool = False,
        timeout_s: float = 5.0,
    ) -> None:
        """Connects to nothing yet.

        Args:
            name: what Parley calls it.
            question_prefix: what the model wants to stand before a question; `passage_prefix` before a passage.
            own: whether its server is on the own network.
            timeout_s: for a question. Passages may take ten times as long.
        """
        self.name, self.model = name, model
        self.route = encoder_route(name)
        made_by = "\0".join((base_url or "", model, passage_prefix))
        self.stored_as = f"{name}@{hashlib.sha256(made_by.encode()).hexdigest()[:FINGERPRINT_CHARS]}"
        self._rung: Rung = "local" if own else "hosted"
        self._prefixes = {True: question_prefix, False: passage_prefix}
        self._timeout_s = timeout_s
        self._client = AsyncOpenAI(
            api_key=api_key.get_secret_value() if api_key else NO_KEY,
            base_url=base_url,
            max_retries=0,
            http_client=bounded_client(httpx2.Timeout(timeout_s, connect=CONNECT_S)),
        )

    async def encode(self, texts: Sequence[str], *, question: bool = False) -> Encoded:
        """Return one vector for each text."""
        began_at, began = datetime.now(UTC), time.perf_counter()
        prefixed = [self._prefixes[question] + text for text in texts]
        try:
            given = await self._client.embeddings.create(
                model=self.model,
                input=prefixed,
                encoding_format="float",
                timeout=self._timeout_s if question else 10 * self._timeout_s,
            )
            rows = [each.embedding for each in sorted(given.data, key=lambda each: each.index)]
        except Exception as error:  # noqa: BLE001 - whatever the client raises is translated in one place
            raise translate(error) from None
        try:
            vectors = np.asarray(rows, dtype=np.float64)
        except (TypeError, ValueError):
            raise ServerFault("The encoder's server sent vectors of different lengths.") from None
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise ServerFault("The encoder's server sent other vectors than it was asked for.")
        largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
        if not largest.all():
            raise ServerFault("The encoder's server sent a vector without a direction.")
        counted = given.usage.prompt_tokens if given.usage else 0  # not every server counts
        usage = Usage(
            model=self.model,
            rung=self._rung,
            input_tokens=counted or sum(map(len, prefixed)) // CHARS_PER_TOKEN,
            output_tokens=0,
            estimated=not counted,
            route=self.route,
            outcome=ENCODED,
            began_at=began_at,
            duration_ms=(time.perf_counter() - began) * 1000,
        )
        scaled = vectors / largest  # first, because the squares of large numbers are no numbers
        lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
        return Encoded(np.asarray(scaled / lengths, dtype=np.float32), usage)

    def not_used(self, why: str, began_at: datetime | None = None) -> Usage:
        """The line of a try that brought nothing; `began_at` is None when it was not asked at all."""
        took_ms = (datetime.now(UTC) - began_at).total_seconds() * 1000 if began_at else 0.0
        return Usage(
            self.model, self._rung, 0, 0, route=self.route, outcome=why, began_at=began_at, duration_ms=took_ms
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()
