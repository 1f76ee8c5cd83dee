"""Where the graph saves its state while a turn runs: encrypted, with a key that only this process has ever had.

A turn is never resumed from what another process saved: it is asked anew (see `app.live.turns`). What a process leaves
behind when it dies can be read by nobody, and is removed a day later.
"""

import os
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from app.vault.sealing import KEY_BYTES, DataKey
from graph.state import KEPT_TYPES

_NAME, _PLACE = "aes-gcm", "checkpoints"


@dataclass(frozen=True, slots=True)
class Held:
    """A text that the saver would otherwise write among the plain values of a checkpoint."""

    text: str


class ProcessCipher:
    """Encrypts with a key that is made with it and never leaves it."""

    def __init__(self) -> None:
        self._key = DataKey(uuid4(), os.urandom(KEY_BYTES))

    def encrypt(self, plaintext: bytes) -> tuple[str, bytes]:
        """Encrypt; return the cipher's name with it."""
        return _NAME, self._key.seal(_PLACE, plaintext)

    def decrypt(self, ciphername: str, ciphertext: bytes) -> bytes:
        """Decrypt.

        Raises:
            Unreadable: another process wrote it.
        """
        return self._key.open(_PLACE, ciphertext)


class SealedSaver(AsyncPostgresSaver):
    """Saves checkpoints of which nothing that was said can be read."""

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint."""
        values = {name: Held(value) if isinstance(value, str) else value for name, value in _values(checkpoint)}
        return await super().aput(config, {**checkpoint, "channel_values": values}, metadata, new_versions)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Load a checkpoint of this process."""
        found = await super().aget_tuple(config)
        if found is None:
            return None
        checkpoint = found.checkpoint
        values = {name: value.text if isinstance(value, Held) else value for name, value in _values(checkpoint)}
        return found._replace(checkpoint={**checkpoint, "channel_values": values})


def checkpoint_serializer() -> EncryptedSerializer:
    """Writes encrypted, and reads back nothing but plain values and the types of the graph's own state."""
    return EncryptedSerializer(ProcessCipher(), JsonPlusSerializer(allowed_msgpack_modules=(*KEPT_TYPES, Held)))


def _values(checkpoint: Checkpoint) -> Any:
    return checkpoint["channel_values"].items()
