"""Names of people: after words that announce one, and as the language model sees them."""

import re
from collections.abc import Iterator

from graph.context import PersonalSpan

_UPPER = r"[A-ZÀ-ÖØ-ÞŠŽČ][\w'’-]{0,29}\w"
_ANY = r"[^\W\d_](?:[\w'’-]{0,29}\w)?"
_TITLES = r"(?:mr|mrs|ms|miss|dr|prof|ing|dipl|herr|frau|sra?|srta|m|mme|mlle|sig|dott|dra|dhr|mevr)"
_TITLE = rf"(?:{_TITLES}\b\.?(?:-ing\.)? ){{0,2}}"
_CUES = (
    r"(?:my name is|my name's|name:|account holder(?: is)?|cardholder(?: is)?|people call me|calls? me|maiden name is"
    r"|ich heiße|mein name ist|je m'appelle|me llamo|mi nombre es|mi chiamo|mijn naam is|ik heet|chamo-me"
    r"|(?:o )?meu nome é|kontoinhaber(?:in)?|titulaire|titular|intestatario|rekeninghouder)"
)
_END = (
    r"(?=\s{0,3}(?:[.,;:!?\n]|$"
    r"|\b(?:and|und|et|y|e|en|from|here|but|i|ich|je|my|with|speaking)\b))"
)
_ANNOUNCED = re.compile(
    rf"\b{_CUES}[\s:]{{1,3}}({_TITLE}{_ANY}(?: {_ANY}){{0,4}}?){_END}",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\b(?:[Ii]['’]m|[Ii] am|[Tt]his is|[Ii]ch bin|[Ss]oy|[Jj]e suis|[Ss]ono)"
    rf"\s{{1,3}}({_UPPER}(?: {_UPPER}){{0,2}})(?! ?\d)"
)
_TITLED = re.compile(
    rf"\b((?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Sra?|Srta|Mme|Mlle|Sig)\.? {_UPPER}(?: {_UPPER}){{0,2}})"
)
_SIGNED = re.compile(
    r"\b(?:thanks|regards|thank you|cheers|sincerely|danke|grüße|merci|cordialement|gracias|saludos|grazie|saluti"
    rf"|bedankt|groeten|obrigad[oa]|cumprimentos)[.,!]\s{{0,4}}({_ANY}(?: {_ANY}){{0,2}})\s{{0,2}}[.!]?\s{{0,4}}\Z",
    re.IGNORECASE,
)
_PRODUCTS = (
    "ai alexa android api ask azure bot chainlit chatgpt chrome claude csv docker drupal excel firefox gemini github "
    "gitlab google analytics gmail grafana html iban ios javascript jira json kubernetes langgraph linux llama mac "
    "magento matomo mysql notion openai outlook parley paypal plausible postgres postgresql presidio python react "
    "redis safari salesforce shopify siri slack sql stripe teams telegram url visa whatsapp widget windows wordpress "
    "wix youtube zapier zendesk zip zoom"
)
_OTHER_WORDS = (
    "account agent bye card customer cookie email euro hello hey hi invoice order thanks afraid sorry not sure happy "
    "unable trying having using looking back later again now asap when if on at not wrong missing"
)
_NOT_NAMES = frozenset(_PRODUCTS.split()) | frozenset(_OTHER_WORDS.split())


def announced(text: str) -> Iterator[PersonalSpan]:
    """Yield names that stand after words such as "my name is", after a title, or as a signature."""
    for score, pattern in ((0.95, _ANNOUNCED), (0.75, _SAID), (0.8, _TITLED), (0.7, _SIGNED)):
        for match in pattern.finditer(text):
            if not _NOT_NAMES & set(match.group(1).lower().split()):
                yield PersonalSpan("PERSON", match.start(1), match.end(1), score)


def believable(name: str) -> bool:
    """Whether what the model took for a person may be one: capitalised words, no digits, no product."""
    words = name.replace("-", " ").split()
    return (
        bool(words)
        and all(word[:1].isupper() or len(word) <= 3 for word in words)
        and not any(character.isdigit() or character in "@/_<>[]{}=:;?!|*`" for character in name)
        and not (len(words) == 1 and (name.isupper() or len(name) < 3))
        and not _NOT_NAMES & {word.lower().rstrip("'s") for word in words}
        | _NOT_NAMES & {word.lower() for word in words}
    )
