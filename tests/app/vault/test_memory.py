"""How long unwrapped keys serve on when the master key is gone or away."""

from dataclasses import dataclass, replace
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.db.pseudonyms import store_pseudonyms
from app.db.sites import ensure_site
from app.turn_request import TurnRequest
from app.vault.master import LocalMaster, MasterDenied, MasterUnreachable
from app.vault.memory import CONFIRM_S, RETRY_S, SERVES_S, Memory
from app.vault.sealing import DataKey
from app.vault.vault import Vault
from app.wiring import Services
from graph.errors import StorageDown
from graph.events import Failed
from tests.app.turning import ask
from tests.app.vault.test_vault import VALUE, read, visitor


@dataclass
class Service(LocalMaster):
    """A master key that can be switched off. `asked` counts how often it was asked to unwrap."""

    fault: MasterUnreachable | None = None
    asked: int = 0

    def __post_init__(self) -> None:
        super().__init__("kept", b"m" * 32)

    def unwrap(self, wrapped: bytes, place: str) -> bytes:
        self.asked += 1
        if self.fault:
            raise self.fault
        return super().unwrap(wrapped, place)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def kept() -> tuple[Memory, Service, Clock, DataKey]:
    """A memory that holds the key of a site and of a visitor."""
    service, clock = Service(), Clock()
    memory = Memory(service, clock)
    site, person = DataKey(uuid4(), b"s" * 32), DataKey(uuid4(), b"v" * 32)
    memory.keep_site(site, service.wrap(site.key, "here"), "here")
    memory.keep_visitor(person)
    return memory, service, clock, person


async def test_the_master_key_is_asked_again_after_an_hour_and_not_before() -> None:
    memory, service, clock, person = await kept()
    clock.now += CONFIRM_S - 1
    await memory.confirm()
    assert service.asked == 0
    clock.now += 1
    await memory.confirm()
    await memory.confirm()
    assert service.asked == 1
    assert memory.visitor(person.id) == person


async def test_keys_serve_on_for_a_day_while_the_service_is_away() -> None:
    memory, service, clock, person = await kept()
    service.fault = MasterUnreachable()
    until = clock.now + SERVES_S
    clock.now += CONFIRM_S
    while clock.now < until:
        await memory.confirm()
        assert memory.visitor(person.id) == person
        clock.now += RETRY_S
    assert service.asked == (SERVES_S - CONFIRM_S) // RETRY_S
    await memory.confirm()
    assert memory.visitor(person.id) is None
    assert not memory.sites


async def test_a_service_that_is_back_in_time_gives_another_day() -> None:
    memory, service, clock, person = await kept()
    service.fault = MasterUnreachable()
    clock.now += SERVES_S - 1
    await memory.confirm()
    service.fault = None
    clock.now += RETRY_S
    await memory.confirm()
    service.fault = MasterUnreachable()
    clock.now += SERVES_S - 1
    await memory.confirm()
    assert memory.visitor(person.id) == person


async def test_keys_are_dropped_as_soon_as_the_service_says_no() -> None:
    memory, service, clock, person = await kept()
    service.fault = MasterDenied()
    clock.now += CONFIRM_S
    await memory.confirm()
    assert memory.visitor(person.id) is None
    assert not memory.sites


async def test_a_visitor_is_told_to_come_back_and_then_is_answered(
    engine: AsyncEngine, services: Services, request_: TurnRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, clock = Service(), Clock()
    vault = Vault(service)
    monkeypatch.setattr(vault, "_memory", Memory(service, clock))
    sessions = async_sessionmaker(engine, expire_on_commit=False, info=vault.info)
    _, conversation_id = await visitor(sessions)
    running = replace(services, sessions=sessions)

    service.fault = MasterDenied("The master key is disabled.")
    clock.now += CONFIRM_S
    events = await ask(running, replace(request_, text="I am kim@example.org , refunds?"))
    assert isinstance(events[-1], Failed)
    assert events[-1].text == str(StorageDown())
    with pytest.raises(MasterDenied):
        await read(sessions, conversation_id)

    service.fault = None
    assert await read(sessions, conversation_id) == {"[EMAIL_1]": VALUE}


async def test_a_key_that_would_not_be_unwrapped_again_is_not_used(engine: AsyncEngine) -> None:
    service = Service()
    sessions = async_sessionmaker(engine, expire_on_commit=False, info=Vault(service).info)
    service.fault = MasterDenied("It may only encrypt.")
    with pytest.raises(MasterDenied, match="only encrypt"):
        await visitor(sessions)

    service.fault = None
    _, conversation_id = await visitor(sessions)
    async with sessions.begin() as session:
        site = await ensure_site(session, "shop")
        await store_pseudonyms(session, conversation_id, site.id, {"[EMAIL_2]": "lee@example.org"})
    assert len(await read(sessions, conversation_id)) == 2
