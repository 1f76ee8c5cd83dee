"""A finder of personal data for tests that plant it, and the configuration of their shop."""

from typing import Any

from app.db.sites import configure_site, site_by_name
from app.wiring import Services
from graph.context import PersonalSpan


class Knows:
    """Finds the values that it was given, wherever they stand."""

    def __init__(self, **values: str) -> None:
        """Take values by type."""
        self._values = values

    def find(self, text: str) -> list[PersonalSpan]:
        """Return the spans."""
        spans = []
        for type_, value in self._values.items():
            at = text.find(value)
            while at >= 0:
                spans.append(PersonalSpan(type_, at, at + len(value), 1.0))
                at = text.find(value, at + len(value))
        return sorted(spans, key=lambda span: span.start)


async def configure(services: Services, **content: Any) -> None:
    """Give the shop a configuration."""
    async with services.sessions.begin() as session:
        site = await site_by_name(session, "shop")
        assert site
        assert await configure_site(session, "shop", content, version=site.version)
