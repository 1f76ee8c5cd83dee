"""A site's own intents: trained, compared with those in use, stored as a version, and read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.intents import add_intent_version, corrections, intent_version, intents_in_use, use_intents
from app.db.tables import IntentVersion, Site
from graph.context import Encoder, IntentClassifier
from graph.errors import ParleyError
from graph.intents.load import IntentSet, load_tables, read_intents
from graph.intents.starter import STARTER, starter_intents

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
        Worse: by more than chance explains, held-out examples that those in use have, too, are judged worse than by
            them, or the gate stops fewer out of scope or lets fewer through than theirs.
    """
    from graph.intents.train import train

    async with sessions() as session:
        added = await corrections(session, site.id)
        before = await intent_version(session, site.id, site.intents_version) if site.intents_version else None
    content = load_tables(file) if file else before.content if before else load_tables(STARTER)
    wanted = read_intents(content, where=str(file) if file else "the intents in use")
    trained = train(wanted, encoder, added)
    if not store:
        return NewVersion(None, trained.report)
    reasons = [] if anyway else _worse(before, encoder, added, wanted, trained)
    if reasons:
        raise Worse(
            f"These intents are worse than {f'version {before.number}' if before else 'the starter set'}, which stays "
            f"in use: {'; '.join(reasons)}. Correct the examples that "
            "`parley intents train --try` shows, or give --anyway."
        )
    async with sessions.begin() as session:
        number = await add_intent_version(session, site.id, **_values(content, encoder, trained))
        await use_intents(session, site.id, number)
    return NewVersion(number, trained.report)


def _worse(
    before: IntentVersion | None,
    encoder: Encoder,
    added: Sequence[tuple[str, str]],
    wanted: IntentSet,
    trained: "Trained",
) -> list[str]:
    """In what trained intents are worse than those in use, as parts of a sentence."""
    from graph.intents.train import Report, let_through, stopped, train, worse

    used = _set_of(before) if before else starter_intents()
    if before and before.held_out and before.encoder == encoder.name:
        right: Sequence[bool] = before.held_out
        report = Report.from_stored(before.report)
    else:  # as the servers use them: trained for the encoder that is installed
        again = train(used, encoder, added)
        right, report = again.right, again.report
    reasons = []
    if compared := worse((used, right), (wanted, trained.right)):
        shared, then, now = compared
        reasons.append(f"of the {shared} held-out examples that both have, {now} are judged right and were {then}")
    if not used.gate:
        return reasons
    stops, stopped_before = stopped(trained.report, as_before=report), stopped(report)
    if stops.clearly_below(stopped_before):
        reasons.append(f"the gate stops {stops} examples out of scope and stopped {stopped_before}")
    lets, let_before = let_through(trained.report), let_through(report)
    if lets.clearly_below(let_before):
        reasons.append(f"the gate lets {lets} known messages through and let {let_before}")
    return reasons


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
