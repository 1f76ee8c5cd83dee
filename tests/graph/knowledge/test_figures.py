"""Figures and dates as they are compared, however they are written."""

import pytest

from graph.knowledge.figures import canonical, same_quantities


@pytest.mark.parametrize(
    ("language", "text", "written"),
    [
        ("en", "forty-five minutes and seventeen hundred guests", "45 minutes and 1700 guests"),
        ("en", "two thousand three hundred and five", "2305"),
        ("en", "2.5 million, $5m, two billion", "2500000, $5000000, 2000000000"),
        ("en", "minus twenty degrees, ten minus 5", "-20 degrees, 10 minus 5"),
        ("en", "two thirds of it, half of it, a quarter of it", "66.67 % of it, 50 % of it, 25 % of it"),
        ("en", "half past ten, each quarter, half an hour", "half past 10, each quarter, 30 minutes"),
        ("en", "the second reminder, ten seconds, per second", "the 2th reminder, 10 seconds, per second"),
        ("en", "the twenty-first visit, the 3rd key", "the 21th visit, the 3th key"),
        ("en", "no one may, one of them", "no one may, one of them"),
        ("de", "fünfundzwanzig, zweihundertfünfzig, eintausendzweihundert", "25, 250, 1200"),
        ("de", "2,5 Mio. Euro, die zweite Mahnung, ein Drittel", "2500000 Euro, die 2th Mahnung, 33.33 %"),
        ("fr", "quatre-vingt-dix-neuf, soixante et onze, deux mille trois cent quatre", "99, 71, 2304"),
        ("fr", "10 pour cent, trois quarts", "10 %, 75 %"),
        ("es", "veintiún días, treinta y cinco, quinientos diez", "21 días, 35, 510"),
        ("it", "ventotto, duemilatrecento, due milioni", "28, 2300, 2000000"),
        ("nl", "tweeëndertig, honderdvijftig, derde", "32, 150, 3th"),
        ("pt", "quarenta e oito, duzentos e cinquenta, sexta-feira", "48, 250, sexta-feira"),
        (
            "en",
            "5 March 2024, March 5th, 2024, Mar 5, the 5th of March",
            "2024-03-05, 2024-03-05, --03-05, the --03-05",
        ),
        ("en", "05.03.2024, 11/30/2025, 30/11/2025, March 2027", "2024-03-05, 2025-11-30, 2025-11-30, 2027-03"),
        ("en", "05/03/2024", "05/03/2024"),
        ("fr", "le 1er mai 2025, 12/08/2025", "le 2025-05-01, 2025-08-12"),
        ("es", "el 24 de diciembre de 2025", "el 2025-12-24"),
    ],
)
def test_numbers_and_dates_have_one_form(language: str, text: str, written: str) -> None:
    assert canonical(text, language) == written
    assert canonical(written, language) == written


@pytest.mark.parametrize(
    ("claim", "source", "same"),
    [
        ("within 30 days", "within thirty days", True),
        ("within sixty days", "within thirty days", False),
        ("-5 °C", "minus five degrees", True),
        ("5 °C", "-5 °C", False),
        ("in March 2024", "on 5 March 2024", True),
        ("in 2024", "on 5 March 2024", True),
        ("on 5 March 2024", "on 5 March", False),
        ("2024-05-03", "2024-03-05", False),
        ("on Fridays", "on monday and friday", True),
        ("on friday", "on Monday", False),
        ("the third reminder", "the second reminder and three letters", False),
        ("25 %", "a quarter of it", True),
        ("1.200 dollars", "1,200 dollars", True),
    ],
)
def test_figures_agree(claim: str, source: str, same: bool) -> None:
    assert same_quantities(claim, source) is same
