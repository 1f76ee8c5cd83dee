"""A message that is refused for what it holds, as the page shows it."""

from dataclasses import replace
from typing import Any, cast

from app.chat.runtime import Chat
from app.chat.visitor_turn import TurnOnPage
from app.members.visitors import Passwords
from app.turn_request import TurnRequest
from app.turns import run_turn
from app.wiring import Services
from tests.app.knowing import Knows, configure

CARD = "4111 1111 1111 1111"


class Emitter:
    """Remembers what the page is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        async def tell(*given: Any, **named: Any) -> None:
            self.told.append((name, *given, named))

        return tell


async def test_the_page_tells_and_offers_no_other_try(services: Services, request_: TurnRequest) -> None:
    shop = replace(services, personal_data=Knows(CREDIT_CARD=CARD))
    await configure(shop, personal_data={"card": "refuse"})
    chat = Chat(shop, run_turn, cast(Passwords, None))
    emitter = Emitter()

    await TurnOnPage(chat, cast(Any, None), cast(Any, emitter), replace(request_, text=f"My card is {CARD}.")).run()

    assert "Please do not send card numbers here." in str(emitter.told)
    assert CARD not in str(emitter.told)
    assert "retry" not in str(emitter.told)
