"""What a visitor who wants a person is told about opening hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.sites.config import DAYS, Hours


@dataclass(frozen=True, slots=True)
class Reachable:
    """Whether people are there now (None: no hours are set), and the sentences that say so."""

    open_now: bool | None
    text: str


def reachable(hours: Hours, now: datetime) -> Reachable:
    """Say when people are there, and where else they can be reached.

    Args:
        now: with a time zone.
    """
    elsewhere = f" You can also reach us at {hours.contact}." if hours.contact else ""
    if not any(hours.week):
        return Reachable(None, f"Somebody will read this conversation.{elsewhere}")
    local = now.astimezone(ZoneInfo(hours.timezone))
    today = hours.week[local.weekday()]
    clock = local.strftime("%H:%M")
    if today and today[:5] <= clock < today[6:]:
        return Reachable(True, f"We are there until {today[6:]} today ({hours.timezone}).{elsewhere}")
    for ahead in range(8):
        day = local + timedelta(days=ahead)
        opening = hours.week[day.weekday()]
        if opening and (ahead or clock < opening[:5]):
            when = "today" if ahead == 0 else "tomorrow" if ahead == 1 else f"on {DAYS[day.weekday()].capitalize()}"
            return Reachable(
                False, f"We are not there just now; we are back {when} at {opening[:5]} ({hours.timezone}).{elsewhere}"
            )
    raise AssertionError("a week with opening hours has a next one")
