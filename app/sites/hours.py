"""What a visitor who wants a person is told about opening hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.sites.config import Hours
from graph.replies import FALLBACK, said


@dataclass(frozen=True, slots=True)
class Reachable:
    """Whether people are there now (None: no hours are set), and the sentences that say so."""

    open_now: bool | None
    text: str


def reachable(hours: Hours, now: datetime, language: str = FALLBACK) -> Reachable:
    """Say when people are there, and where else they can be reached.

    Args:
        now: with a time zone.
        language: of the visitor, such as "de".
    """
    elsewhere = f" {said('people.elsewhere', language, contact=hours.contact)}" if hours.contact else ""
    if not any(hours.week):
        return Reachable(None, said("people.read_later", language) + elsewhere)
    local = now.astimezone(ZoneInfo(hours.timezone))
    today = hours.week[local.weekday()]
    clock = local.strftime("%H:%M")
    if today and today[:5] <= clock < today[6:]:
        there = said("people.there", language, until=today[6:], timezone=hours.timezone)
        return Reachable(True, there + elsewhere)
    soon, next_day, *weekdays = said("people.days", language).split("|")
    for ahead in range(8):
        day = local + timedelta(days=ahead)
        opening = hours.week[day.weekday()]
        if opening and (ahead or clock < opening[:5]):
            when = soon if ahead == 0 else next_day if ahead == 1 else weekdays[day.weekday()]
            away = said("people.away", language, when=when, at=opening[:5], timezone=hours.timezone)
            return Reachable(False, away + elsewhere)
    raise AssertionError("a week with opening hours has a next one")
