from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.sites.config import Hours
from app.sites.hours import reachable
from graph.replies import languages

WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday"), "09:00-17:00") | {"friday": "09:00-15:30"}
HOURS = Hours(timezone="Europe/Berlin", **WEEK)


@pytest.mark.parametrize(
    ("moment", "open_now", "says"),
    [
        pytest.param("2026-11-23T08:59", False, "back today at 09:00", id="before"),
        pytest.param("2026-11-23T09:00", True, "until 17:00 today", id="from the first minute"),
        pytest.param("2026-11-23T16:59", True, "until 17:00 today", id="to the last"),
        pytest.param("2026-11-23T17:00", False, "back tomorrow at 09:00", id="after"),
        pytest.param("2026-11-27T15:30", False, "back on Monday at 09:00", id="into the weekend"),
        pytest.param("2026-11-29T12:00", False, "back tomorrow at 09:00", id="Sunday"),
        pytest.param("2026-11-23T00:00", False, "back today at 09:00", id="midnight"),
        pytest.param("2026-03-30T09:30", True, "until 17:00 today", id="the day after the clocks changed"),
    ],
)
def test_a_visitor_is_told_when_people_are_there(moment: str, open_now: bool, says: str) -> None:
    found = reachable(HOURS, datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Berlin")))

    assert found.open_now is open_now
    assert says in found.text
    assert "Europe/Berlin" in found.text


def test_hours_are_those_of_the_sites_own_time_zone() -> None:
    at_nine_in_tokyo = datetime(2026, 11, 23, 0, 0, tzinfo=ZoneInfo("UTC"))

    assert reachable(Hours(timezone="Asia/Tokyo", monday="09:00-17:00"), at_nine_in_tokyo).open_now
    assert not reachable(Hours(timezone="UTC", monday="09:00-17:00"), at_nine_in_tokyo).open_now


def test_a_day_may_last_to_midnight() -> None:
    late = datetime(2026, 11, 23, 23, 59, tzinfo=ZoneInfo("UTC"))

    assert reachable(Hours(monday="09:00-24:00"), late).open_now


def test_without_hours_nothing_is_said_about_them_but_where_else_to_write() -> None:
    found = reachable(Hours(contact="help@example.com"), datetime(2026, 11, 23, tzinfo=ZoneInfo("UTC")))

    assert found.open_now is None
    assert found.text == "Somebody will read this conversation. You can also reach us at help@example.com."


@pytest.mark.parametrize(
    ("moment", "open_now"),
    [
        # In Berlin clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 back to 02:00 on 25 October.
        pytest.param("2026-03-29T00:59", False, id="winter time, a minute before"),
        pytest.param("2026-03-29T01:00", True, id="summer time begins"),
        pytest.param("2026-03-29T01:59", True, id="summer time, the last minute"),
        pytest.param("2026-03-29T02:00", False, id="summer time, closed"),
        pytest.param("2026-10-25T00:59", False, id="summer time, a minute before"),
        pytest.param("2026-10-25T01:00", False, id="the hour that comes twice"),
        pytest.param("2026-10-25T02:00", True, id="winter time, open"),
        pytest.param("2026-10-25T03:00", False, id="winter time, closed"),
    ],
)
def test_on_the_day_when_clocks_change_hours_are_those_on_the_clock(moment: str, open_now: bool) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("UTC"))

    assert reachable(Hours(timezone="Europe/Berlin", sunday="03:00-04:00"), now).open_now is open_now


def test_who_opens_once_a_week_is_back_in_a_week() -> None:
    after = datetime(2026, 11, 23, 18, 0, tzinfo=ZoneInfo("UTC"))

    assert "back on Monday at 09:00" in reachable(Hours(monday="09:00-17:00"), after).text


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("day", range(7))
def test_hours_are_told_in_every_language(language: str, day: int) -> None:
    moment = datetime(2026, 11, 23 + day, 18, 0, tzinfo=ZoneInfo("Europe/Berlin"))

    found = reachable(Hours(timezone="Europe/Berlin", contact="help@example.org", **WEEK), moment, language)

    assert "09:00" in found.text
    assert "help@example.org" in found.text
    assert (
        found.text == reachable(Hours(timezone="Europe/Berlin", contact="help@example.org", **WEEK), moment).text
    ) is (language == "en")
