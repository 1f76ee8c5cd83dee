"""A site's own intents: trained, compared with those in use, stored as a version, and read back."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.intents import add_intent_version, corrections, intent_version, intents_in_use, use_intents
from app.db.tables import IntentVersion, Site
from graph.context import Encoder, IntentClassifier
from graph.errors import ParleyError
from graph.intents.load import IntentSet, load_tables, read_intents
from graph.intents.starter import STARTER

if TYPE_CHECKING:
    from graph.intents.train import Report, Trained

# What computes is imported where it is used: it brings numpy's linear algebra, which not every command needs.


class Worse(ParleyError):
    """The new intents judge the old ones' examples worse."""


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What came of a training. `number` is None when nothing was to be stored."""

    number: int | None
    report: "Report"


def classifier_of(stored: IntentVersion, encoder: Encoder) -> IntentClassifier:
    """The classifier of a stored version.

    Trains anew, for seconds, when its head is not for this encoder or another version of Parley wrote it.
    """
    from graph.intents.choose import head_of
    from graph.intents.classifier import HeadClassifier

    wanted = _set_of(stored)
    if stored.head is None or stored.encoder != encoder.name or (head := head_of(stored.head)) is None:
        return HeadClassifier.learn(wanted, encoder)
    return HeadClassifier(wanted, head, encoder, gate=stored.gate)


async def wanted_by(session: AsyncSession, site_id: int) -> IntentSet:
    """The intents that a site uses."""
    content = await intents_in_use(session, site_id)
    return (
        read_intents(content, where="the stored intents") if content else read_intents(load_tables(STARTER), where="")
    )


async def train_site(
    sessions: async_sessionmaker[AsyncSession],
    site: Site,
    encoder: Encoder,
    file: Path | None,
    *,
    anyway: bool = False,
    store: bool = True,
) -> NewVersion:
    """Train a site's intents with what staff corrected, and use them from now on.

    Args:
        file: the intents; without one, those in use, with the corrections that have come since.
        anyway: use them even if they are worse.
        store: whether to keep the result, or only report it.

    Raises:
        ConfigError: the file cannot be used.
        Worse: held-out examples that the version in use has, too, are judged worse than by it.
    """
    from graph.intents.train import train, worse

    async with sessions() as session:
        added = await corrections(session, site.id)
        before = await intent_version(session, site.id, site.intents_version) if site.intents_version else None
    content = load_tables(file) if file else before.content if before else load_tables(STARTER)
    wanted = read_intents(content, where=str(file) if file else "the intents in use")
    trained = train(wanted, encoder, added)
    if not store:
        return NewVersion(None, trained.report)
    if before and before.held_out and before.encoder == encoder.name and not anyway:
        compared = worse((_set_of(before), before.held_out), (wanted, trained.right))
        if compared:
            shared, then, now = compared
            raise Worse(
                f"These intents are worse than version {before.number}, which stays in use: of the {shared} held-out "
                f"examples that both have, {now} are judged right and were {then}. Correct the examples that "
                "`parley intents train --try` shows, or give --anyway."
            )
    async with sessions.begin() as session:
        number = await add_intent_version(session, site.id, **_values(content, encoder, trained))
        await use_intents(session, site.id, number)
    return NewVersion(number, trained.report)


def _set_of(stored: IntentVersion) -> IntentSet:
    return read_intents(stored.content, where=f"version {stored.number} of the intents")


def _values(content: dict[str, Any], encoder: Encoder, trained: "Trained") -> dict[str, Any]:
    return {
        "content": content,
        "encoder": encoder.name,
        "head": trained.head.to_bytes(),
        "gate": trained.gate,
        "report": trained.report.stored(),
        "held_out": list(trained.right),
    }
