"""A sentence encoder behind an OpenAI-compatible address."""

from collections.abc import Sequence

import httpx2
import numpy as np
from openai import AsyncOpenAI
from pydantic import SecretStr

from graph.context import FloatArray
from graph.errors import ServerFault
from graph.models.bounds import bounded_client
from graph.models.faults import translate

NO_KEY = "none"
CONNECT_S = 5.0


class HostedEncoder:
    """Turns texts into vectors of unit length. Raises `graph.errors.ModelFault` and nothing else."""

    def __init__(
        self,
        name: str,
        *,
        model: str,
        api_key: SecretStr | None = None,
        base_url: str | None = None,
        question_prefix: str = "",
        passage_prefix: str = "",
        timeout_s: float = 5.0,
    ) -> None:
        """Connects to nothing yet.

        Args:
            name: what Parley calls it, and its vectors in the database.
            question_prefix: what the model wants to stand before a question; `passage_prefix` before a passage.
            timeout_s: for a question. Passages may take ten times as long.
        """
        self.name = name
        self._model = model
        self._prefixes = {True: question_prefix, False: passage_prefix}
        self._timeout_s = timeout_s
        self._client = AsyncOpenAI(
            api_key=api_key.get_secret_value() if api_key else NO_KEY,
            base_url=base_url,
            max_retries=0,
            http_client=bounded_client(httpx2.Timeout(timeout_s, connect=CONNECT_S)),
        )

    async def encode(self, texts: Sequence[str], *, question: bool = False) -> FloatArray:
        """Return an array of shape `(len(texts), dimensions)`."""
        try:
            given = await self._client.embeddings.create(
                model=self._model,
                input=[self._prefixes[question] + text for text in texts],
                encoding_format="float",
                timeout=self._timeout_s if question else 10 * self._timeout_s,
            )
            rows = [each.embedding for each in sorted(given.data, key=lambda each: each.index)]
        except Exception as error:  # noqa: BLE001 - whatever the client raises is translated in one place
            raise translate(error) from None
        try:
            vectors = np.asarray(rows, dtype=np.float32)
        except (TypeError, ValueError):
            raise ServerFault("The encoder's server sent vectors of different lengths.") from None
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise ServerFault("The encoder's server sent other vectors than it was asked for.")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not lengths.all():
            raise ServerFault("The encoder's server sent a vector without a direction.")
        return np.asarray(vectors / lengths, dtype=np.float32)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()
