import pytest

from graph.knowledge.plain import without_inner_links


@pytest.mark.parametrize(
    ("written", "left"),
    [
        pytest.param("See [older backups](privacy.md) first.", "See older backups first.", id="another page"),
        pytest.param("[Here](#below) and [there](/docs/a)", "Here and there", id="places of the same website"),
        pytest.param("[Docs](https://example.com/a)", "[Docs](https://example.com/a)", id="an address stays"),
        pytest.param("![Plan](plan.png)", "![Plan](plan.png)", id="a picture is no link"),
        pytest.param("Cited [1] (twice)", "Cited [1] (twice)", id="a citation is none"),
    ],
)
def test_links_that_lead_nowhere_outside_become_their_words(written: str, left: str) -> None:
    assert without_inner_links(written) == left
