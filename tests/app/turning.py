"""What the tests of a turn share: a shop that is asked, and looks into what was kept."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.sealed import opened
from app.db.tables import Message
from app.turn_request import TurnRequest
from app.turns import run_turn
from app.wiring import Services
from graph.context import ModelRoute, PersonalSpan
from graph.events import Event

Sessions = async_sessionmaker[AsyncSession]
REFUNDS = "# Refunds\n\nRefunds are paid within 14 days of your request. They go to the card that you paid with.\n"
QUESTION = "How long until refunds are paid?"
GOOD = "Refunds are paid within 14 days of your request [1]."


async def texts(session: AsyncSession, query: Select[Any], name: str = "text") -> list[str]:
    """The clear texts of a column of the rows that a query finds."""
    return [getattr(row, name) for row in await opened(session, (await session.scalars(query)).all())]


class Addresses:
    """Takes every word with an @ for personal data."""

    def find(self, text: str) -> list[PersonalSpan]:
        """Return the spans."""
        words, spans, start = text.split(" "), [], 0
        for word in words:
            if "@" in word:
                spans.append(PersonalSpan("EMAIL", start, start + len(word), 1.0))
            start += len(word) + 1
        return spans


class Broken:
    """A guard that cannot run."""

    def find(self, text: str) -> list[PersonalSpan]:
        """Fail."""
        raise RuntimeError("model gone")


async def ask(services: Services, request: TurnRequest, *models: ModelRoute) -> list[Event]:
    used = replace(services, models=models) if models else services
    return [event async for event in run_turn(used, request)]


async def count(sessions: Sessions, table: type) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def answers(services: Services, conversation: UUID) -> list[Message]:
    async with services.sessions() as session:
        found = await session.scalars(
            select(Message)
            .where(Message.conversation_id == conversation, Message.role == "assistant")
            .order_by(Message.created_at)
        )
        return list(await opened(session, found.all()))
