import pytest

from graph.knowledge.address import address_of

PAGE = "https://www.shop.example/help/refunds"


@pytest.mark.parametrize(
    ("url", "page", "text", "address"),
    [
        pytest.param(None, 3, "Refunds are paid.", None, id="no address"),
        pytest.param(f"{PAGE}.pdf", 3, "Refunds are paid.", f"{PAGE}.pdf#page=3", id="a page of a PDF"),
        pytest.param(
            PAGE,
            None,
            "Refunds are paid within 14 days of your request. They go to the card.",
            f"{PAGE}#:~:text=Refunds%20are%20paid%20within%2014%20days%20of%20your",
            id="its first words",
        ),
        pytest.param(
            PAGE,
            None,
            "| a | b |\n|---|---|\n\n## Fees\n\n- **No fee**, [as ever](/x), on `first-class` parcels.",
            f"{PAGE}#:~:text=No%20fee%2C%20as%20ever%2C%20on%20first%2Dclass%20parcels",
            id="of the first line that is no table and no heading",
        ),
        pytest.param(PAGE, None, "```\nparley serve now please\n```\nYes.", PAGE, id="code only"),
        pytest.param(
            PAGE,
            None,
            "Oui : « à l'été »",
            f"{PAGE}#:~:text=Oui%20%3A%20%C2%AB%20%C3%A0%20l%27%C3%A9t%C3%A9",
            id="French",
        ),
        pytest.param(f"{PAGE}#fees", None, "There is no fee.", f"{PAGE}#fees", id="an address that says where"),
        pytest.param("mailto:a@example.org", None, "There is no fee.", "mailto:a@example.org", id="no page"),
    ],
)
def test_a_passage_is_opened_where_it_stands(url: str | None, page: int | None, text: str, address: str | None) -> None:
    assert address_of(url, page, text) == address
