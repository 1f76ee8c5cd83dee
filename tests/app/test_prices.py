from decimal import Decimal

import pytest

from app.prices import priced
from app.settings import Settings
from app.settings_models import Embedder, Model
from graph.events import Usage

OWN = Model(name="large", input_usd=Decimal("1.25"), output_usd=Decimal(10))
SEARCH = Embedder(name="large", input_usd=Decimal("0.02"))
SETTINGS = Settings(models=(OWN,), embeddings=(SEARCH,))


@pytest.mark.parametrize(
    ("used", "cost"),
    [
        pytest.param(Usage("x", "hosted", 1000, 100, route="large"), Decimal("0.00225"), id="as the settings say"),
        pytest.param(Usage("x", "hosted", 1000, 0, route="embedding:large"), Decimal("0.00002"), id="an encoder's"),
        pytest.param(Usage("smollm2", "local", 1000, 100, route="smollm2"), Decimal(0), id="on the own machine"),
        pytest.param(Usage("large", "hosted", 0, 0, route="large"), Decimal(0), id="passed over"),
        pytest.param(Usage("nobody-knows", "hosted", 1, 1, route="nobody-knows"), None, id="unknown"),
    ],
)
def test_a_try_costs_what_its_tokens_cost(used: Usage, cost: Decimal | None) -> None:
    assert priced(used, SETTINGS).cost_usd == cost


def test_a_listed_model_costs_more_for_more_tokens() -> None:
    once = priced(Usage("gpt-5-mini-2025-08-07", "hosted", 1000, 100, route="gpt"), SETTINGS).cost_usd
    twice = priced(Usage("gpt-5-mini-2025-08-07", "hosted", 2000, 200, route="gpt"), SETTINGS).cost_usd

    assert once is not None
    assert twice == 2 * once > 0
