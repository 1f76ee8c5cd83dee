"""Answers that are interrupted by the death of the replica that makes them, as often as one likes.

`python -m tests.app.live.kills 100` does it a hundred times, on a database of its own, and says what came of it.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from app.db.embedded import embedded_server
from app.db.engine import make_engine
from app.db.migrate import migrate
from tests.app.live.fleet import Fleet, fleet
from tests.app.live.reader import Reader, visitor
from tests.app.live.replica import SITE, TEXT

FRESH = 20
"""Answers after which a new visitor asks: tokens go out of date."""


async def answer_for_seconds(fleet: Fleet) -> float:
    """How long an answer takes that nothing disturbs."""
    reader = fleet.reader()
    began = time.perf_counter()
    await reader.ask()
    return time.perf_counter() - began


async def killed(fleet: Fleet, after_s: float) -> Reader | None:
    """Ask, and kill the replica that answers after so long; None when it had answered by then."""
    reader = fleet.reader()
    asking = asyncio.create_task(reader.ask())
    await asyncio.sleep(after_s)
    if reader.end is not None:
        await asking
        return None
    fleet.at(fleet.balancer.last).kill()
    await asking
    return reader


async def wrong_with(fleet: Fleet, reader: Reader, text: str = TEXT) -> list[str]:
    """What is not as it should be with an answer that has come to its end."""
    found = list(reader.wrong)
    name, data = reader.end or ("nothing", {})
    if name != "done":
        return [*found, f"it ended with {name}"]
    if data["text"] != text:
        found.append(f"the answer is not whole: {data['text']}")
    if reader.text != data["text"]:
        found.append("what was shown is not the answer")
    stored = await fleet.messages(reader.conversation)
    if [(message.role, message.status) for message in stored] != [("visitor", "done"), ("assistant", "done")]:
        found.append(f"stored are {[(message.role, message.status) for message in stored]}")
    elif stored[1].text != data["text"]:
        found.append("what is stored is not the answer")
    return found


async def kill_often(fleet: Fleet, times: int, *, seed: int, told: Callable[[Reader], None] | None = None) -> list[str]:
    """Interrupt so many answers, each at a random moment; return what went wrong."""
    dice, wrong, interrupted = random.Random(seed), list[str](), 0  # noqa: S311 - to be repeatable, not secret
    lasts_s = await answer_for_seconds(fleet)
    while interrupted < times:
        reader = await killed(fleet, dice.uniform(0, lasts_s))
        await fleet.whole()
        if reader is None:
            continue
        interrupted += 1
        wrong += await wrong_with(fleet, reader)
        if told:
            told(reader)
        if interrupted % FRESH == 0:
            fleet.token = await visitor(fleet.url, SITE)
    if left := await fleet.open_answers():
        wrong.append(f"{left} answers are still open")
    return wrong


async def _main(times: int, url: str, folder: Path) -> int:
    resets = silent = 0

    def told(reader: Reader) -> None:
        nonlocal resets, silent
        resets += "reset" in reader.events
        silent += not reader.broken

    engine = make_engine(url)
    await migrate(engine)
    try:
        async with fleet(url, engine, folder) as replicas:
            wrong = await kill_often(replicas, times, seed=times, told=told)
    finally:
        await engine.dispose()
    print(f"{times} kills: {len(wrong)} wrong; {resets} answers were taken back and begun anew, {silent} unbroken")
    for each in wrong:
        print("  " + each)
    return 1 if wrong else 0


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory(prefix="parley-kills-") as home,
        embedded_server(Path(home) / "server", command="kills") as address,
        tempfile.TemporaryDirectory(prefix="parley-kills-") as documents,
    ):
        sys.exit(asyncio.run(_main(int(sys.argv[1]), address, Path(documents))))
