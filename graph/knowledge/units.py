"""Units of figures, by one name each in whatever language they are written."""

from collections.abc import Mapping

from graph.knowledge.fold import fold
from graph.knowledge.words import content_words

_SPELLINGS = {
    "second": "s sec secs second seconds sekunde sekunden seconde secondes segundo segundos secondo secondi seconden",
    "minute": "min mins minute minutes minuten minuto minutos minuti minuut",
    "hour": "h hr hrs hour hours hourly stunde stunden stündlich heure heures hora horas ora ore uur uren",
    "day": "day days daily night nights nightly tag tage tagen tages täglich nacht nächte jour jours journée día días "
    "noche noches giorno giorni notte notti dag dagen dagelijks dia dias noite noites",
    "week": "week weeks weekly woche wochen wöchentlich semaine semaines semana semanas settimana settimane weken",
    "month": "month months monthly monat monate monaten monats monatlich mois mes meses mese mesi maand maanden mês",
    "year": "year years yearly annual annually jahr jahre jahren jahres jährlich ans année années año años anno anni "
    "jaar jaren ano anos",
    "dollar": "$ usd dollar dollars dólar dólares dollari dollaro",
    "euro": "€ eur euro euros",
    "pound": "£ gbp pound pounds pfund livres libras sterline pond",
    "cent": "¢ cent cents centimes centime céntimo céntimos centesimi cêntimos",
    "crown": "crown crowns kronen couronnes coronas corone kroon coroas",
    "percent": "% percent",
    "kb": "kb kilobyte kilobytes",
    "mb": "mb megabyte megabytes",
    "gb": "gb gigabyte gigabytes",
    "tb": "tb terabyte terabytes",
    "am": "am",
    "pm": "pm",
    "degree": "° °c degree degrees grad degré degrés grado grados gradi graden grau graus",
    "fahrenheit": "°f",
    "ordinal": "th",
}
UNITS: Mapping[str, str] = {
    form: name for name, words in _SPELLINGS.items() for word in words.split() for form in (word, fold(word))
}
"""The name of each spelling, with and without accents."""
EVERY = frozenset(
    (  # noqa: SIM905 - as a list, it would take a line a word
        "a an per each every one ein eine einem einen einer pro je jede jeden un une uno una par por cada al "
        "um uma een één elke "
    ).split()
)
"""Words that make a unit one of it: "a month", "pro Tag"."""
_KINDS = {
    "time": {"second", "minute", "hour", "day", "week", "month", "year"},
    "clock": {"am", "pm"},
    "money": {"dollar", "euro", "pound", "cent", "crown"},
    "size": {"kb", "mb", "gb", "tb"},
}
_STEMS = frozenset(stem for name in UNITS for stem in content_words(name)) | frozenset(content_words("twice half"))


def kind_of(unit: str) -> str:
    """What a unit measures: two times are rivals, a time and a price are not."""
    return next((kind for kind, units in _KINDS.items() if unit in units), unit[:1])


def is_unit(stem: str) -> bool:
    """Whether a word only counts something, so that it is compared with its number."""
    return stem in _STEMS
