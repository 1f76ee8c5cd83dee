import pytest

from graph.errors import (
    ContentRefused,
    ContextExceeded,
    KeyRefused,
    ModelFault,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    ServerFault,
    StreamCut,
    TooSlow,
    Unreachable,
)
from graph.models.breaker import FIRST_S, KEY_S, LONGEST_S, MOST_S, QUOTA_S, counts, pause_s


@pytest.mark.parametrize(
    ("fault", "failures", "pause"),
    [
        pytest.param(QuotaExhausted(), 1, QUOTA_S, id="over quota, nobody knows how long"),
        pytest.param(QuotaExhausted(retry_after_s=90), 1, 90, id="over quota until its reset"),
        pytest.param(QuotaExhausted(retry_after_s=1e9), 1, MOST_S, id="over quota for ever"),
        pytest.param(RateLimited(retry_after_s=3600), 1, 3600, id="asked to come back in an hour"),
        pytest.param(KeyRefused(), 1, KEY_S, id="key refused"),
        pytest.param(ServerFault(), 1, None, id="failed once"),
        pytest.param(StreamCut(), 2, None, id="cut twice"),
        pytest.param(ServerFault(), 3, FIRST_S, id="failed three times"),
        pytest.param(TooSlow(), 4, FIRST_S * 1.5, id="and again"),
        pytest.param(Unreachable(), 99, LONGEST_S, id="gone for long"),
    ],
)
def test_a_route_is_left_alone_as_long_as_its_faults_ask_for(
    fault: ModelFault, failures: int, pause: float | None
) -> None:
    assert counts(fault)
    assert pause_s(fault, failures) == pause


@pytest.mark.parametrize("fault", [RequestRefused(), ContextExceeded(), ContentRefused(), ModelFault()])
def test_what_a_single_request_did_wrong_says_nothing_about_the_route(fault: ModelFault) -> None:
    assert not counts(fault)
