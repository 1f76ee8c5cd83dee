"""How messages and the steps behind them look to Chainlit: the same live and when a conversation is opened again."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from chainlit.step import StepDict
from chainlit.types import FeedbackDict

from graph.events import Step

RUN = "on_message"
"""Chainlit shows nothing of a step of this name but its children, and hangs the thumbs on it."""
_RUN_PREFIX = "run-"

_DONE = {
    "screen": "Checked the message",
    "classify": "Understood the question",
    "recall": "Looked among earlier answers",
    "act": "Used the tools",
    "carry_out": "Did what was agreed",
    "retrieve": "Looked in the documents",
    "answer": "Wrote an answer",
    "check": "Held the answer against its sources",
    "reply": "Replied",
    "hand_over": "Asked for a person",
    "refuse": "Declined",
}


def now() -> datetime:
    """The moment."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """A time as Chainlit's page reads it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def run_id(answer_id: str | UUID) -> str:
    """The id of the run that led to an answer. Feedback comes back under it."""
    return f"{_RUN_PREFIX}{answer_id}"


def answer_of_run(given: str) -> UUID | None:
    """The answer that a run led to, or that is named itself; None for anything else."""
    try:
        return UUID(given.removeprefix(_RUN_PREFIX))
    except ValueError:
        return None


def _step(
    id_: str,
    thread_id: str,
    parent_id: str | None,
    type_: str,
    name: str,
    output: str,
    began: datetime,
    ended: datetime | None,
) -> StepDict:
    return StepDict(
        id=id_,
        threadId=thread_id,
        parentId=parent_id,
        type=type_,  # type: ignore[typeddict-item]  # Chainlit's literal is not exported
        name=name,
        input="",
        output=output,
        createdAt=stamp(began),
        start=stamp(began),
        end=stamp(ended) if ended else None,
        isError=False,
        streaming=False,
        waitForAnswer=False,
        showInput=False,
        defaultOpen=False,
        autoCollapse=False,
        metadata={},
        tags=None,
        language=None,
        command=None,
        modes=None,
        generation=None,
    )


def visitor_step(message_id: str, thread_id: str, who: str, text: str, moment: datetime) -> StepDict:
    """What a visitor wrote."""
    return _step(message_id, thread_id, None, "user_message", who, text, moment, moment)


def run_step(
    answer_id: str,
    thread_id: str,
    message_id: str,
    began: datetime,
    ended: datetime | None,
    feedback: FeedbackDict | None = None,
) -> StepDict:
    """What holds a turn's steps and its answer together."""
    step = _step(run_id(answer_id), thread_id, message_id, "run", RUN, "", began, ended)
    if feedback:
        step["feedback"] = feedback
    return step


def trail_step(
    answer_id: str, thread_id: str, author: str, steps: Iterable[Step], began: datetime, ended: datetime | None
) -> StepDict:
    """The agent's steps, folded under one line that says what it did last or, at the end, what matters most."""
    steps = list(steps)
    shown = next((step for step in steps if step.name == "retrieve"), steps[-1])
    details = "\n".join(
        f"- {_DONE.get(step.name, step.name)}{f': {step.detail}' if step.detail else ''} · {_duration(step)}"
        for step in steps
    )
    step = _step(f"trail-{answer_id}", thread_id, run_id(answer_id), "tool", _title(shown), details, began, ended)
    step["metadata"] = {"avatarName": author}
    return step


def answer_step(
    answer_id: str,
    thread_id: str,
    author: str,
    text: str,
    moment: datetime,
    *,
    error: bool = False,
    parent: Literal["run"] | None = "run",
) -> StepDict:
    """An answer, or a sentence about why there is none."""
    parent_id = run_id(answer_id) if parent else None
    step = _step(answer_id, thread_id, parent_id, "assistant_message", author, text, moment, moment)
    step["isError"] = error
    return step


def _title(step: Step) -> str:
    found = f": {step.detail.split(',')[0]}" if step.name == "retrieve" and step.detail else ""
    return f"{_DONE.get(step.name, step.name)}{found}"


def _duration(step: Step) -> str:
    return f"{step.duration_ms / 1000:.1f} s" if step.duration_ms >= 1000 else f"{step.duration_ms:.0f} ms"
