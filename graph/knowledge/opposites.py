"""Words that say the opposite of each other, and strong words, by language.

A row of `_SAME` means one thing in all languages, so that it also compares an answer with passages in another language.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from graph.knowledge.denials import prefixed

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
Pair = tuple[re.Pattern[str], re.Pattern[str]]

_ENGLISH: tuple[tuple[str, str], ...] = (
    (r"more(?! than)", r"(?:less|fewer)(?! than)"),
    (r"public(?:ly)?", r"private(?:ly)?"),
    (r"add(?:s|ed|ing)?", r"remove[sd]?|removing"),
    (r"upload(?:s|ed)?", r"download(?:s|ed)?"),
    (r"import(?:s|ed)?", r"export(?:s|ed)?"),
    (r"upgrade[sd]?|upgrading", r"downgrade[sd]?|downgrading"),
    (r"valid", r"invalid|expired"),
    (r"possible", r"impossible"),
    (r"returnable", r"non-?returnable"),
)
_SAME: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "at most": {
        "en": (
            r"up to|at most|no more than|maximum|until(?= \d)|within(?= \d)",
            r"at least|no less than|minimum|or more",
        ),
        "de": (r"höchstens|maximal|bis zu|nicht mehr als|innerhalb", r"mindestens|wenigstens|minimum"),
        "fr": (r"au plus|au maximum|jusqu['’]à|pas plus de", r"au moins|au minimum"),
        "es": (r"como máximo|hasta|no más de", r"al menos|como mínimo|por lo menos"),
        "it": (r"al massimo|fino a|non più di", r"almeno|come minimo"),
        "nl": (r"hoogstens|maximaal|tot en met|niet meer dan", r"minstens|minimaal|ten minste"),
        "pt": (r"no máximo|até|não mais de", r"pelo menos|no mínimo"),
    },
    "above": {
        "en": (
            r"above|over(?= \d)|more than|exceed\w*|older|beyond|higher|greater|rises?|warmer",
            r"below|under(?= \d)|less than|fewer than|younger|lower|falls?|drops?|colder",
        ),
        "de": (
            r"über(?= \d)|oberhalb|mehr als|älter|höher|wärmer",
            r"unter(?= \d)|unterhalb|weniger als|jünger|niedriger|kälter",
        ),
        "fr": (r"plus de|au-dessus|supérieure?s?", r"moins de|au-dessous|inférieure?s?"),
        "es": (r"más de|por encima|superior(?:es)?|mayor(?:es)?", r"menos de|por debajo|inferior(?:es)?|menor(?:es)?"),
        "it": (r"più di|oltre|superiore|sopra", r"meno di|inferiore|sotto"),
        "nl": (r"meer dan|boven|hoger|ouder", r"minder dan|onder|lager|jonger"),
        "pt": (r"mais de|acima|superior(?:es)?", r"menos de|abaixo|inferior(?:es)?"),
    },
    "before": {
        "en": (r"before|prior to|ahead of", r"after|afterwards|following"),
        "de": (r"vor|bevor|vorher", r"nach|nachdem|danach|nachher"),
        "fr": (r"avant", r"après"),
        "es": (r"antes", r"después|tras"),
        "it": (r"prima", r"dopo"),
        "nl": (
            r"vóór|voor(?= (?:\d|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag))|voordat",
            r"na|nadat|daarna",
        ),
        "pt": (r"antes", r"depois|após"),
    },
    "until": {
        "en": (r"until|till", r"from(?= (?:\d|--\d|\w+day\b))|since|starting|as of|after"),
        "de": (r"bis", r"ab|seit|nach|nachdem"),
        "fr": (r"jusqu['’](?:à|au|aux|en)", r"dès|depuis|à partir|après"),
        "es": (r"hasta", r"desde|a partir|después"),
        "it": (r"fino a[l]?", r"da[l]?(?= \d)|a partire|dopo"),
        "nl": (r"tot", r"vanaf|sinds|na|nadat"),
        "pt": (r"até", r"desde|a partir|depois|após"),
    },
    "free": {
        "en": (r"free|complimentary|no charge|without charge|costs? nothing", r"(?:for|has) a fee|chargeable|paid"),
        "de": (r"kostenlos\w*|kostenfrei\w*|gratis|umsonst|unentgeltlich", r"kostenpflichtig\w*|gebührenpflichtig\w*"),
        "fr": (r"gratuit(?:e|s|es|ement)?", r"payante?s?"),
        "es": (r"gratis|gratuit[oa]s?|gratuitamente", r"de pago"),
        "it": (r"gratis|gratuit[oaie]|gratuitamente", r"a pagamento"),
        "nl": (r"gratis|kosteloos|kosteloze", r"betaalde?|tegen betaling"),
        "pt": (r"grátis|gratuit[oa]s?|gratuitamente", r"pag[oa]s?"),
    },
    "included": {
        "en": (r"include[sd]?|included|including", r"exclude[sd]?|excluding|separately"),
        "de": (
            r"enthalten|inbegriffen|inklusive|einschließlich|eingeschlossen",
            r"ausgeschlossen|ausgenommen|zuzüglich|exklusive|separat",
        ),
        "fr": (r"inclus(?:e|es)?|compris(?:e|es)?|inclut", r"exclu(?:e|s|es)?|hors|séparément"),
        "es": (r"incluid[oa]s?|incluyen?|incluye", r"excluid[oa]s?|excluyen?|aparte"),
        "it": (r"inclus[oaie]|compres[oaie]|include", r"esclus[oaie]|esclude|separatamente"),
        "nl": (r"inbegrepen|inclusief|omvat", r"uitgesloten|exclusief|apart"),
        "pt": (r"incluíd[oa]s?|inclui|incluem", r"excluíd[oa]s?|exclui|excluem|à parte"),
    },
    "allowed": {
        "en": (r"allow(?:s|ed)?|permitted|admitted", r"forbid(?:s|den)?|prohibit(?:s|ed)?|disallow(?:s|ed)?"),
        "de": (r"erlaubt|gestattet|zulässig|zugelassen", r"verboten|untersagt|unzulässig"),
        "fr": (r"autorisée?s?|permise?s?|permis|admise?s?", r"interdite?s?|défendue?s?"),
        "es": (r"permitid[oa]s?|autorizad[oa]s?|admitid[oa]s?|permiten?", r"prohibid[oa]s?|prohíben?"),
        "it": (r"permess[oaie]|consentit[oaie]|ammess[oaie]|autorizzat[oaie]", r"vietat[oaie]|proibit[oaie]"),
        "nl": (r"toegestaan|toegelaten", r"verboden"),
        "pt": (r"permitid[oa]s?|autorizad[oa]s?|admitid[oa]s?", r"proibid[oa]s?"),
    },
    "open": {
        "en": (r"open", r"closed"),
        "de": (r"geöffnet|offen", r"geschlossen"),
        "fr": (r"ouverte?s?", r"fermée?s?"),
        "es": (r"abiert[oa]s?", r"cerrad[oa]s?"),
        "it": (r"apert[oaie]", r"chius[oaie]"),
        "nl": (r"open|geopend", r"gesloten"),
        "pt": (r"abert[oa]s?", r"fechad[oa]s?|encerrad[oa]s?"),
    },
    "accept": {
        "en": (r"accept(?:s|ed)?", r"reject(?:s|ed)?|refuse[sd]?|decline[sd]?"),
        "de": (r"akzeptiert|akzeptieren|angenommen|annehmen", r"abgelehnt|ablehnen|verweigert"),
        "fr": (r"acceptée?s?|accepte|acceptons|acceptent", r"refusée?s?|refuse|rejetée?s?"),
        "es": (r"aceptad[oa]s?|aceptan?|aceptamos", r"rechazad[oa]s?|rechazan?"),
        "it": (r"accettat[oaie]|accetta|accettiamo", r"rifiutat[oaie]|rifiuta|respint[oaie]"),
        "nl": (r"geaccepteerd|accepteren|accepteert|aanvaard", r"geweigerd|afgewezen"),
        "pt": (r"aceit[oa]s?|aceite|aceitamos|aceitam", r"recusad[oa]s?|rejeitad[oa]s?"),
    },
    "enabled": {
        "en": (r"enabled?|enables|enabling|on(?=[,.;]|$)", r"disabled?|disables|disabling|off(?=[,.;]|$)"),
        "de": (r"aktiviert|eingeschaltet|aktivieren", r"deaktiviert|ausgeschaltet|deaktivieren"),
        "fr": (r"activée?s?|activer", r"désactivée?s?|désactiver"),
        "es": (r"activad[oa]s?|activar", r"desactivad[oa]s?|desactivar"),
        "it": (r"attivat[oaie]|attivare|attiv[oaie]", r"disattivat[oaie]|disattivare"),
        "nl": (r"ingeschakeld|geactiveerd", r"uitgeschakeld|gedeactiveerd"),
        "pt": (r"ativad[oa]s?|ativar", r"desativad[oa]s?|desativar"),
    },
    "starts": {
        "en": (r"start(?:s|ed)?|begin(?:s)?", r"stop(?:s|ped)?|end(?:s|ed)?"),
        "de": (r"beginnt|beginnen|startet", r"endet|enden|aufhört"),
        "fr": (r"commencent?|débute(?:nt)?", r"termine(?:nt)?|finit|prend fin"),
        "es": (r"empiezan?|comienzan?", r"terminan?|acaban?|finalizan?"),
        "it": (r"inizia(?:no)?|comincia(?:no)?", r"finisce|termina(?:no)?"),
        "nl": (r"begint|beginnen|start", r"eindigt|eindigen|stopt"),
        "pt": (r"começam?|iniciam?", r"terminam?|acabam?"),
    },
    "increase": {
        "en": (r"increase[sd]?|raise[sd]?|grow(?:s)?", r"decrease[sd]?|reduce[sd]?|shrink(?:s)?"),
        "de": (r"steigt|steigen|erhöht|erhöhen", r"sinkt|sinken|gesenkt|reduziert"),
        "fr": (r"augmentent?", r"diminuent?|baissent?"),
        "es": (r"aumentan?|suben?", r"disminuyen?|bajan?"),
        "it": (r"aumenta(?:no)?", r"diminuisc(?:e|ono)"),
        "nl": (r"stijgt|verhoogd", r"daalt|verlaagd"),
        "pt": (r"aumentam?|sobem?", r"diminuem?|baixam?"),
    },
    "morning": {
        "en": (r"morning", r"evening"),
        "de": (r"morgens|vormittags?", r"abends?|nachmittags?"),
        "fr": (r"matin", r"soir"),
        "es": (r"por la mañana", r"por la tarde|por la noche"),
        "it": (r"mattin[oa]", r"sera"),
        "nl": (r"ochtends?|morgens", r"avonds?"),
        "pt": (r"manhã", r"tarde|noite"),
    },
    "weekday": {
        "en": (r"weekdays?", r"weekends?"),
        "de": (r"werktags?|wochentags?|werktagen", r"wochenenden?"),
        "fr": (r"en semaine|jours ouvrables", r"week-ends?"),
        "es": (r"entre semana|días laborables", r"fin(?:es)? de semana"),
        "it": (r"giorni feriali|feriali", r"fine settimana|weekend"),
        "nl": (r"doordeweeks|werkdagen", r"weekend(?:en)?"),
        "pt": (r"dias úteis", r"fins? de semana"),
    },
    "winter": {
        "en": (r"winter", r"summer"),
        "de": (r"winters?", r"sommers?"),
        "fr": (r"hiver", r"été(?= |$)"),
        "es": (r"invierno", r"verano"),
        "it": (r"inverno", r"estate"),
        "nl": (r"winter", r"zomer"),
        "pt": (r"inverno", r"verão"),
    },
    "first": {
        "en": (r"first|1th", r"last"),
        "de": (r"erste[rnsm]?|1th", r"letzte[rnsm]?"),
        "fr": (r"premi(?:er|ère)s?|1th", r"derni(?:er|ère)s?"),
        "es": (r"primer[oa]?s?|1th", r"últim[oa]s?"),
        "it": (r"prim[oaie]|1th", r"ultim[oaie]"),
        "nl": (r"eerste|1th", r"laatste"),
        "pt": (r"primeir[oa]s?|1th", r"últim[oa]s?"),
    },
    "online": dict.fromkeys(LANGUAGES, (r"online", r"offline")),
    "kept": {
        "en": (r"kept|keeps?|stays?|remains?|retained?|stored", r"deleted?|deletes|removed?|erased?"),
        "de": (r"aufbewahrt|behalten|bleibt|bleiben|gespeichert", r"gelöscht|entfernt|löschen"),
        "fr": (r"conservée?s?|gardée?s?|reste(?:nt)?|stockée?s?", r"supprimée?s?|effacée?s?"),
        "es": (r"conservad[oa]s?|guardad[oa]s?|conservan?|permanecen?", r"eliminad[oa]s?|borrad[oa]s?|eliminan?"),
        "it": (r"conservat[oaie]|rest(?:a|ano)|riman(?:e|gono)", r"eliminat[oaie]|cancellat[oaie]"),
        "nl": (r"bewaard|behouden|blijft|blijven", r"verwijderd|gewist"),
        "pt": (r"conservad[oa]s?|guardad[oa]s?|mantid[oa]s?", r"eliminad[oa]s?|apagad[oa]s?"),
    },
}  # fmt: skip
_STRONG: Mapping[str, Mapping[str, str]] = {
    "only": {
        "en": r"only(?! a few)|exclusively|solely|nobody else|no one else|nothing else|sole",
        "de": r"nur(?! wenige)|ausschließlich|lediglich",
        "fr": r"seulement|uniquement|exclusivement|(?:ne|n['’])\s?\w+ qu(?:e|['’])",
        "es": r"sólo|solo|solamente|únicamente",
        "it": r"solo|soltanto|solamente|esclusivamente",
        "nl": r"alleen|uitsluitend|slechts",
        "pt": r"só|somente|apenas|unicamente",
    },
    "always": {
        "en": r"always|every time|at any time|any ?time|whenever|24/7|around the clock",
        "de": r"immer|jederzeit|stets|rund um die Uhr",
        "fr": r"toujours|à tout moment",
        "es": r"siempre|en cualquier momento",
        "it": r"sempre|in qualsiasi momento",
        "nl": r"altijd|te allen tijde",
        "pt": r"sempre|a qualquer momento",
    },
    "nobody": {"en": r"(?<!if )(?<!unless )(?:nobody|no one)"},
    "all": {
        "en": r"all|everyone|everybody|anyone|everything|unlimited|entire|every(?! (?:\d|time|second|minute|hour|day|"
        r"week|month|year|night|one|two))"
    },
    "at once": {
        "en": r"immediately|instantly|at once|right away|straight away|instant",
        "de": r"sofort|umgehend|unverzüglich",
        "fr": r"immédiatement|tout de suite",
        "es": r"inmediatamente|de inmediato|enseguida",
        "it": r"immediatamente|subito",
        "nl": r"onmiddellijk|meteen",
        "pt": r"imediatamente|de imediato",
    },
    "free": {
        "en": r"free|no charge|without charge|(?:pays?|costs?|charged) nothing|no fees?|no costs?|complimentary",
        "de": r"kostenlos\w*|kostenfrei\w*|gratis|umsonst|(?:kostet|kosten|zahlen|zahlt) nichts|unentgeltlich",
        "fr": r"gratuit(?:e|s|es|ement)?|sans frais",
        "es": r"gratis|gratuit[oa]s?|sin coste",
        "it": r"gratis|gratuit[oaie]|senza costi",
        "nl": r"gratis|kosteloos|kosteloze",
        "pt": r"grátis|gratuit[oa]s?|sem custos?",
    },
    "even if": {"en": r"even if|even when|regardless|no matter"},
    "guaranteed": {"en": r"guaranteed?|guarantees"},
}


def _any_of(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


@cache
def _pairs(language: str) -> Mapping[str, Pair]:
    """The opposites of a language by what they mean."""
    found = {
        name: (_any_of(rows[language][0]), _any_of(rows[language][1]))
        for name, rows in _SAME.items()
        if language in rows
    }
    if language == "en":
        found |= {one: (_any_of(one), _any_of(other)) for one, other in _ENGLISH}
    return found


@cache
def _strong(language: str) -> Mapping[str, re.Pattern[str]]:
    return {name: _any_of(rows[language]) for name, rows in _STRONG.items() if language in rows}


def beyond(claim: str, source: str, language: str = "en", written: str | None = None) -> str:
    """Which strong word of the claim ("only", "always", "free") the source does not have; empty if there is none.

    Args:
        written: the source's language, if it is another. What that has no words for is not compared.
    """
    known = _strong(written or language)
    return next(
        (
            name
            for name, kind in _strong(language).items()
            if name in known and kind.search(claim) and not known[name].search(source)
        ),
        "",
    )


def reversals(claim: str, piece: str, clause: str, language: str = "en") -> int:
    """How often the claim says the opposite word of what a piece says ("before" for "after", "used" for "unused").

    Args:
        clause: the one of the piece that the claim is about, for pieces that say both.
    """
    count = prefixed(claim, piece, language)
    for pair in _pairs(language).values():
        said, there, near = (_sides(pair, text) for text in (claim, piece, clause))
        count += sum(said) == 1 and said[::-1] in (there, near)
    return count


def opposable(text: str, language: str) -> Iterator[tuple[str, bool]]:
    """What a text says of that has an opposite, by a name that is the same in all languages, and which of the two."""
    for name, pair in _pairs(language).items():
        said = _sides(pair, text)
        if name in _SAME and sum(said) == 1:
            yield name, said[0]


def _sides(pair: Pair, text: str) -> tuple[bool, bool]:
    return bool(pair[0].search(text)), bool(pair[1].search(text))
