"""Somebody who goes through the pages for staff by their links and forms, as a browser does."""

import re
import time
from html import unescape
from uuid import UUID

import httpx
from fastapi import FastAPI

from app.db.sites import ensure_site
from app.members.passwords import hashed
from app.members.people import Role, add, set_password
from app.members.totp import code_at
from app.wiring import Services

ORIGIN = "https://parley.test"
PASSWORD = "correct horse battery"
_TOKEN = re.compile(r'name="form_token" value="(\w+)"')


class Person:
    """One browser."""

    def __init__(self, app: FastAPI, address: str = "203.0.113.9") -> None:
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=(address, 1234)),
            base_url=ORIGIN,
            headers={"Origin": ORIGIN, "Accept": "text/html"},
            follow_redirects=True,
        )
        self.page = httpx.Response(204)

    async def go(self, path: str) -> str:
        """Open a page and return what it says."""
        self.page = await self.http.get(path)
        return self.text

    async def send(self, path: str, **fields: str | list[str]) -> str:
        """Send a form of the page that is open, and return what the next one says."""
        token = _TOKEN.search(self.page.text)
        assert token, self.page.text
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', self.page.text))
        data = {name: unescape(value) for name, value in hidden.items()} | fields | {"form_token": token[1]}
        self.page = await self.http.post(path, data=data)
        return self.text

    async def sign_in(self, email: str, password: str = PASSWORD) -> str:
        """Sign in with a password."""
        await self.go("/staff/sign-in")
        return await self.send("/staff/sign-in", email=email, password=password)

    @property
    def text(self) -> str:
        """What the page says, without its tags."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.page.text)).split())

    @property
    def path(self) -> str:
        """Where the browser is."""
        return self.page.url.path

    @property
    def status(self) -> int:
        """The status of the page."""
        return self.page.status_code

    @property
    def link(self) -> str:
        """The path of the one-time link that the page shows."""
        shown = re.search(rf"{ORIGIN}(/staff/(?:welcome|password)/[\w-]+)", self.text)
        assert shown, self.text
        return shown[1]


async def member(services: Services, email: str, role: Role = "staff", *sites: str) -> UUID:
    """Add a member with the password of the tests."""
    async with services.sessions.begin() as session:
        for site in sites:
            await ensure_site(session, site)
        member_id = await add(session, email, email.partition("@")[0].capitalize(), role, sites)
        await set_password(session, member_id, await hashed(PASSWORD))
    return member_id


def code_now(secret: bytes, steps: int = 0) -> str:
    """The code that an app shows now, or some steps of time later."""
    return code_at(secret, int(time.time()) // 30 + steps)
