"""Values that fill the slots of the templates: invented people, addresses and numbers of many countries.

Needs the package `faker`, which is installed for training only.
"""

import random
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

from faker import Faker

HOME = {
    "en": ("en_US", "en_GB", "en_IN", "en_IE", "en_AU", "en_CA", "en_NZ"),
    "de": ("de_DE", "de_AT", "de_CH"),
    "fr": ("fr_FR", "fr_CA", "fr_CH", "fr_BE"),
    "es": ("es_ES", "es_MX", "es_CO", "es_AR", "es_CL"),
    "it": ("it_IT",),
    "nl": ("nl_NL", "nl_BE"),
    "pt": ("pt_PT", "pt_BR"),
}
"""Where the people of a language mostly come from."""
ABROAD = (
    "cs_CZ", "da_DK", "fi_FI", "hr_HR", "hu_HU", "no_NO", "pl_PL", "ro_RO", "sk_SK", "sl_SI", "sv_SE", "tr_TR",
    "id_ID", "lt_LT", "lv_LV", "et_EE", "yo_NG", "ha_NG", "zu_ZA", "tw_GH", "en_PH", "ja_JP", "zh_CN",
)  # fmt: skip
_WORDS = tomllib.loads(Path(__file__).with_name("values.toml").read_text(encoding="utf-8"))
ROMANISED: list[str] = _WORDS["romanised"]
CITIES: list[str] = _WORDS["cities"]
COUNTRIES: list[str] = _WORDS["countries"]
PRODUCTS: list[str] = _WORDS["products"]


class Values:
    """Draws values; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._seed = seed

    def draw(self, slot: str, language: str) -> str:
        """A value for a slot."""
        return str(getattr(self, f"_{slot}")(language)).strip()

    def _fake(self, language: str, *, far: float = 0.3) -> Any:
        abroad = self.random.random() < far
        locales = (*ABROAD, *sum(HOME.values(), ())) if abroad else HOME[language]
        return _faker(self.random.choice(locales), self._seed)

    def _made(self, kind: str, language: str, *, far: float = 0.3) -> str:
        """What a generator makes; of another country, if that one has none of the kind."""
        fake = self._fake(language, far=far)
        return str(getattr(fake if hasattr(fake, kind) else _faker("en_US", self._seed), kind)())

    def _first(self, language: str) -> str:
        if self.random.random() < 0.12:
            return self.random.choice(ROMANISED)
        fake = self._fake(language, far=0.4)
        name = _latin(fake, "first_romanized_name", fake.first_name)
        return name if self.random.random() < 0.97 else name[0] + "."

    def _last(self, language: str) -> str:
        if self.random.random() < 0.08:
            return self.random.choice(ROMANISED)
        fake = self._fake(language, far=0.4)
        return _latin(fake, "last_romanized_name", fake.last_name)

    def _name(self, language: str) -> str:
        first, last, roll = self._first(language), self._last(language), self.random.random()
        if roll < 0.70:
            return f"{first} {last}"
        if roll < 0.78:
            return f"{first} {self.random.choice('ABCDEFGHJKLMNPRSTW')}. {last}"
        if roll < 0.84:
            return f"{first} {self._first(language)} {last}"
        if roll < 0.88:
            return f"{last}, {first}"
        if roll < 0.92:
            return f"{first} {last}-{self._last(language)}"
        if roll < 0.95:
            return f"{first[0]}. {last}"
        return first if roll < 0.98 else f"{first} {self.random.choice(['van', 'de', 'von', 'di', 'el', 'bin'])} {last}"

    def _street(self, language: str) -> str:
        fake, roll = self._fake(language, far=0.45), self.random.random()
        whole = str(fake.address() if roll < 0.6 else fake.street_address())
        if roll > 0.85:
            whole += ", " + str(fake.city())
        return re.sub(r"\s*\n\s*", self.random.choice(["\n", ", ", ", ", " "]), whole)

    def _streetname(self, language: str) -> str:
        return self._made("street_name", language)

    def _zip(self, language: str) -> str:
        return self._made("postcode", language, far=0.2)

    def _city(self, language: str) -> str:
        real = self.random.random() < 0.45
        return self.random.choice(CITIES) if real else self._made("city", language, far=0.4)

    def _country(self, language: str) -> str:
        if language == "en" and self.random.random() < 0.6:
            return self.random.choice(COUNTRIES)
        return str(_faker(self.random.choice(HOME[language]), self._seed).country())

    def _phone(self, language: str) -> str:
        return self._made("phone_number", language)

    def _email(self, language: str) -> str:
        fake = _faker(self.random.choice(HOME[language]), self._seed)
        return str(fake.email() if self.random.random() < 0.7 else fake.company_email())

    def _emailobf(self, language: str) -> str:
        at = self.random.choice([" at ", " (at) ", "[at]", " @ "])
        dot = self.random.choice([" dot ", ".", "(dot)", " . "])
        local, _, domain = self._email(language).partition("@")
        return local + at + domain.replace(".", dot)

    def _card(self, language: str) -> str:
        digits = str(_faker("en_US", self._seed).credit_card_number())
        group = self.random.choice(["", "", " ", "-"])
        return group.join(digits[start : start + 4] for start in range(0, len(digits), 4))

    def _iban(self, language: str) -> str:
        iban = str(_faker(self.random.choice(HOME[language]), self._seed).iban())
        spaced = " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))
        return iban if self.random.random() < 0.6 else spaced

    def _nid(self, language: str) -> str:
        return self._made("ssn", language, far=0.2)

    def _passport(self, language: str) -> str:
        return self._shape(
            self.random.choice(["AA#######", "#########", "A########", "AA######A", "A#######A", "AAAA#####"])
        )

    def _dob(self, language: str) -> str:
        fake = _faker(HOME[language][0], self._seed)
        form = self.random.choice(["%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y", "%d-%m-%y"])
        return str(fake.date_of_birth().strftime(form))

    def _user(self, language: str) -> str:
        fake = _faker(HOME[language][0], self._seed)
        name = str(fake.user_name())
        return self.random.choice([name, name + str(self.random.randint(1, 99)), name.replace(".", "_"), f"x{name}x"])

    def _pw(self, language: str) -> str:
        return str(_faker("en_US", self._seed).password(length=self.random.randint(7, 14)))

    def _ip(self, language: str) -> str:
        fake = _faker("en_US", self._seed)
        return str(fake.ipv4_public() if self.random.random() < 0.7 else fake.ipv6())

    def _url(self, language: str) -> str:
        fake = _faker(HOME[language][0], self._seed)
        return str(fake.url() if self.random.random() < 0.6 else "www." + fake.domain_name())

    def _org(self, language: str) -> str:
        return str(_faker(HOME[language][0], self._seed).company())

    def _job(self, language: str) -> str:
        return str(_faker("en_US", self._seed).job()).split(",")[0]

    def _product(self, language: str) -> str:
        return self.random.choice(PRODUCTS)

    def _order(self, language: str) -> str:
        return self._shape(self.random.choice(["#####", "#######", "###-#######-#######", "AA-####-####", "#########"]))

    def _track(self, language: str) -> str:
        return self._shape(
            self.random.choice(
                [
                    "1Z###AA##########",
                    "AA#########AA",
                    "############",
                    "AAAA##########",
                    "1Z#A##A##A##AA##A#",
                    "####################",
                ]
            )
        )

    def _sku(self, language: str) -> str:
        return self._shape(self.random.choice(["AA-####", "AAA###-AA", "#####-##", "A###"]))

    def _bic(self, language: str) -> str:
        return self._shape("AAAAAAAA")

    def _exp(self, language: str) -> str:
        return f"{self.random.randint(1, 12):02}/{self.random.randint(24, 31)}"

    def _ver(self, language: str) -> str:
        return ".".join(str(self.random.randint(0, 30)) for _ in range(self.random.randint(2, 4)))

    def _num(self, language: str) -> str:
        return str(self.random.randint(1, 99999))

    def _num3(self, language: str) -> str:
        return str(self.random.randint(2, 5))

    def _year(self, language: str) -> str:
        return str(self.random.randint(1890, 2026))

    def _year0(self, language: str) -> str:
        return f"{self.random.randint(1600, 1950)}-{self.random.randint(1951, 2020)}"

    def _amount(self, language: str) -> str:
        return self.random.choice(["€{}", "${}", "{} EUR", "£{}"]).format(f"{self.random.uniform(3, 900):.2f}")

    def _date(self, language: str) -> str:
        day, month = self.random.randint(1, 28), self.random.randint(1, 12)
        return self.random.choice([f"{day}.{month}.2026", f"2026-{month:02}-{day:02}", f"{day}/{month}/26"])

    def _shape(self, shape: str) -> str:
        letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
        kinds = {"#": "0123456789", "A": letters}
        return "".join(self.random.choice(kinds[each]) if each in kinds else each for each in shape)


@cache
def _faker(locale: str, seed: int) -> Any:
    fake = Faker(locale)
    fake.seed_instance(seed + crc32(locale.encode()))
    return fake


def _latin(fake: Any, romanized: str, otherwise: Any) -> str:
    """A name in Latin letters."""
    if hasattr(fake, romanized):
        return str(getattr(fake, romanized)())
    return str(otherwise())
