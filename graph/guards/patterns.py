"""What personal data looks like when its form gives it away, in seven languages.

Every repetition is bounded, so that no text, however it is made, takes long to look through.
"""

import ipaddress
import re
from collections.abc import Iterator

from graph.context import PersonalSpan
from graph.guards.addresses import ADDRESSES

_I = re.IGNORECASE
_LINK = r"[\s:=]{0,3}(?:\s?(?:is|was|lautet|ist|est|es|è|é|er|:|=):?\s{1,2})?"
_IBAN_CHARS = {
    "AT": 20, "BE": 16, "CH": 21, "CZ": 24, "DE": 22, "DK": 18, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "IE": 22,
    "IT": 27, "LU": 20, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "SE": 24,
}  # fmt: skip

_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.[a-z]{2,24}\b", _I)
_NOT_LOCAL = r"(?:look|log|sign|arrive|here|and|it|me|us|is|be|account|mail|email)"
_SPOKEN_EMAIL = re.compile(
    rf"\b(?!{_NOT_LOCAL}\b)[\w.+-]{{3,64}}\s?[(\[]?\b(?:at|arroba|chez|ät|bei)\b[)\]]?\s?"
    r"[\w-]{3,63}\s?(?:\.|[(\[]?\b(?:dot|punkt|punto|point|ponto|punt)\b[)\]]?)\s?"
    r"(?:com|net|org|de|fr|es|it|nl|pt|co\.uk|io)\b",
    _I,
)
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){11,18}(?![\w-])")
_CARD_GROUPS = re.compile(r"\d{4}([ -])\d{4}\1\d{4}\1\d{1,4}|\d{4}([ -])\d{6}\2\d{4,5}")
_CARD_WORD = re.compile(r"\b(?:credit|debit|card|visa|mastercard|amex|karte|tarjeta|carte|carta|kaart|cart[aã]o)", _I)
_IBAN = re.compile(r"(?<!\w)[a-z]{2}\d{2}(?=[ -]?[a-z0-9]{2})", _I)
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)")
_IPV6 = re.compile(r"(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", _I)
_PHONE = re.compile(r"(?<![\w.@#/-])(?:\+|00)?\(?\d[\d ().\-/]{5,20}\d(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w@-])", _I)
_PHONE_WORD = re.compile(
    r"\b(?:phone|call|tel|telefon|ring|reach|mobile|cell|whatsapp|text me|number is|fax"
    r"|ruf|anruf|handy|ll[aá]m|tel[eé]fono|m[oó]vil|appel|portable|chiam|cellulare"
    r"|bel(?= )|bellen|mobiel|lig(?:ar|ue)|telem[oó]vel)",
    _I,
)
_ORDER_WORD = re.compile(
    r"\b(?:order|invoice|ticket|tracking|parcel|package|shipment|ref|reference|sku|serial|version|bestell|rechnung"
    r"|sendung|paket|pedido|env[ií]o|factura|commande|facture|colis|ordine|pacco|fattura|bestelling|pakket|encomenda"
    r"|fatura)\w{0,12}[\s:#.no°]{0,8}$",
    _I,
)
_PHONE_SHAPE = re.compile(
    r"^(?:\(\d{2,5}\)[ .-]?\d|\d{3}[-. ]\d{3}[-. ]\d{4}|0\d{1,4}[ /.-]\d{2,}|0\d{9,10}$|(?:\d\d[ .-]){4}\d\d$)"
)
_PASSWORD_WORD = r"(?:password|passwort|kennwort|contraseña|mot de passe|wachtwoord|senha|passcode)"  # noqa: S105 - a word
_SECRET = re.compile(
    rf"\b{_PASSWORD_WORD}{_LINK}(?=\S{{0,40}}[\d\W_])(?=\S{{0,40}}\w)(\S{{6,40}}?)(?=[.,;!?]?(?:\s|$))", _I
)
_AFTER = ".,:;!?)"
"""Marks that end a sentence, not a password."""
_KEY = re.compile(r"\b(?:sk-[\w-]{16,200}|AKIA[A-Z0-9]{16}|gh[pousr]_\w{30,255}|xox[abp]-[\w-]{10,200})")
_USER_WORD = (
    r"(?:user ?name|user|login|benutzer(?:name)?|usuario|identifiant|utente|gebruiker(?:snaam)?|utilizador|usuário)"
)
_USER = re.compile(
    rf"\b{_USER_WORD}{_LINK}(?:([\w.-]{{0,30}}\d[\w.-]{{0,30}}\w)"
    rf"|([\w.-]{{4,40}})(?=,?\s{{1,3}}(?:(?:and|und|y|et|e|en)\s)?{_PASSWORD_WORD}))\b",
    _I,
)
_BIRTH_WORD = (
    r"(?:\bborn(?: on)?|date of birth|\bdob|birthday|birth ?date|geboren(?: am)?|geburtsdatum|nacimiento|nac[ií]d?[oa]?"
    r"|née? le|naissance|nat[oa] il|nascita|geboortedatum|nascimento|nascid[oa] (?:em|a))"
)
_BIRTH = re.compile(
    rf"{_BIRTH_WORD}[\s:=]{{0,3}}(?:is|ist|es|est|è|é|op|el|il)?\s{{0,3}}"
    r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"
    r"|\d{1,2}(?:st|nd|rd|th|\.)?(?: de)? [a-zà-ÿ]{3,10}(?: de)?,? \d{4}"
    r"|[a-z]{3,9} \d{1,2},? \d{4})",
    _I,
)
# In order: American, Brazilian, Italian, Spanish, British, French.
_IDS = re.compile(
    r"(?<![\w-])(?:\d{3}-\d{2}-\d{4}|\d{3}\.\d{3}\.\d{3}-\d{2}|[a-z]{3} ?[a-z]{3} ?\d{2}[a-z]\d{2} ?[a-z]\d{3}[a-z]"
    r"|(?:[xyz]-?)?\d{7,8}-?[a-z]|[a-z]{2} ?\d{2} ?\d{2} ?\d{2} ?[a-d]"
    r"|[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[ab]) ?\d{3} ?\d{3}(?: ?\d{2})?)(?![\w-])",
    _I,
)
_ID_NAME = (
    r"(?:ssn|social security|national id|passport|nif|dni|nie|cpf|bsn|niss|nino|ni number|national insurance|tax id"
    r"|steuer-?(?:id(?:entifikations)?-?)?(?:nummer|nr\.?)?|(?:sozial|renten)versicherungsnummer"
    r"|(?:personal)?ausweis(?:nummer|-?nr\.?)?|reisepass(?:nummer)?|passeport|pasaporte|passaporte|passaporto|paspoort"
    r"|burgerservicenummer|contribuinte|seguran[çc]a social|seguridad social|codice fiscale|s[ée]curit[ée] sociale"
    r"|driving licen[cs]e|driver'?s licen[cs]e)"
)
_DATE = r"\d{1,2}[ ./-]\d{1,2}[ ./-]\d{4}(?!\d)"
# In groups of digits and capitals, or in one piece; it ends with neither a space nor a mark.
_ID_WORD = re.compile(
    rf"\b{_ID_NAME}\b[^\n\d]{{0,24}}?(?<![\w.-])("
    rf"(?!{_DATE})(?=(?:[^\d\n]{{0,3}}\d){{6}})(?-i:[A-Z]{{0,3}})\d{{1,8}}(?-i:[A-Z]?)"
    r"(?:[ .-](?:\d{1,8}(?-i:[A-Z]?)|(?-i:[A-Z])\d{0,4})){1,6}(?![\w-])"
    r"|(?=[\w-]{0,16}\d)[a-z0-9](?:[.-]?[a-z0-9]){5,16})",
    _I,
)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,64}:[^\s/@]{1,128}@\S{1,300}", _I)

ANNOUNCED = 0.88
"""What a word or a form of its own names surely: more than a net may say, less than a number's own `+`."""

_FORMS = (
    ("URL", 1.0, _URL),
    ("EMAIL", 1.0, _EMAIL),
    ("EMAIL", 0.7, _SPOKEN_EMAIL),
    ("PASSWORD", 0.9, _SECRET),
    ("PASSWORD", 0.95, _KEY),
    ("USERNAME", 0.7, _USER),
    ("DATE_OF_BIRTH", 0.9, _BIRTH),
    ("NATIONAL_ID", ANNOUNCED, _IDS),
    ("NATIONAL_ID", ANNOUNCED, _ID_WORD),
    *(("ADDRESS", 0.65, address) for address in ADDRESSES),
)


def found_by_form(text: str) -> Iterator[PersonalSpan]:
    """Yield spans whose form or whose neighbouring words make them personal data. They may overlap."""
    for type_, score, pattern in _FORMS:
        for match in pattern.finditer(text):
            group = match.lastindex or 0
            if type_ != "PASSWORD" or not match.group(group).rstrip(_AFTER).isalpha():
                yield PersonalSpan(type_, match.start(group), match.end(group), score)
    yield from _cards(text)
    yield from _ibans(text)
    yield from _addresses_of_machines(text)
    yield from _phones(text)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1)."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def iban_checks(iban: str) -> bool:
    """Whether the two check digits are right (ISO 13616)."""
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def ordered(text: str, start: int) -> bool:
    """Whether the number at `start` is announced as that of an order, a parcel, an invoice or the like."""
    before = text[max(0, start - 60) : start]
    return bool(_ORDER_WORD.search(re.sub(r"[\dA-Z]{1,20}-(?:\d{1,20}-)?\Z", "", before)))


def _cards(text: str) -> Iterator[PersonalSpan]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        near = _CARD_WORD.search(text, max(0, match.start() - 50), match.end() + 30)
        if ordered(text, match.start()):
            continue
        if luhn(digits) and digits[0] in "23456":
            yield PersonalSpan("CREDIT_CARD", match.start(), match.end(), 1.0)
        elif near or _CARD_GROUPS.fullmatch(match.group()):
            yield PersonalSpan("CREDIT_CARD", match.start(), match.end(), 0.7)


def _ibans(text: str) -> Iterator[PersonalSpan]:
    for match in _IBAN.finditer(text):
        wanted = _IBAN_CHARS.get(match.group()[:2].upper())
        if wanted is None:
            continue
        whole = re.compile(rf"[a-z0-9](?:[ -]?[a-z0-9]){{{wanted - 1}}}(?![a-z0-9])", _I).match(text, match.start())
        if whole is None:
            continue
        sound = iban_checks(re.sub(r"[ -]", "", whole.group()).upper())
        if sound or re.search(r"\d{8}|\d{4} \d{4}", whole.group()):
            yield PersonalSpan("IBAN", whole.start(), whole.end(), 1.0 if sound else 0.75)


def _addresses_of_machines(text: str) -> Iterator[PersonalSpan]:
    for match in [*_IPV4.finditer(text), *_IPV6.finditer(text)]:
        try:
            address = ipaddress.ip_address(match.group())
        except ValueError:
            continue
        version = re.search(r"(?:version|v\.?) ?$", text[max(0, match.start() - 10) : match.start()], _I)
        if not (address.is_loopback or address.is_unspecified or version):
            yield PersonalSpan("IP", match.start(), match.end(), 0.9)


def _phones(text: str) -> Iterator[PersonalSpan]:
    for match in _PHONE.finditer(text):
        number = match.group()
        digits = len(re.sub(r"\D", "", re.split(r"x|ext", number, flags=_I)[0]))
        before = text[max(0, match.start() - 40) : match.start()]
        if (
            not 7 <= digits <= 15
            or ordered(text, match.start())
            or re.fullmatch(r"\d{4}-\d\d-\d\d|\d\d?[./]\d\d?[./]\d{4}", number)
        ):
            continue
        if number.startswith(("+", "00")):
            yield PersonalSpan("PHONE", match.start(), match.end(), 0.9)
        elif _PHONE_SHAPE.match(number) or _PHONE_WORD.search(before):
            yield PersonalSpan("PHONE", match.start(), match.end(), 0.7)
