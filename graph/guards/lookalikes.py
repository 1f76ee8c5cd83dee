"""Letters of other scripts, and rare Latin ones, that people read as plain Latin letters."""

import re
import unicodedata

_RARE = ((0x180, 0x2B0), (0x1D00, 0x1DC0), (0x2C60, 0x2C80), (0xA720, 0xA800), (0xAB30, 0xAB70))
"""Blocks of Latin letters that few languages use. Those of European languages stand before."""
_NAMED = re.compile(
    r"LATIN (SMALL|CAPITAL|LETTER SMALL CAPITAL) (?:LETTER )?(?:SCRIPT |TURNED |REVERSED |DOTLESS |BARRED )?([A-Z])"
    r"(?: WITH .+)?"
)
_LISTED = (
    # Cyrillic, Greek, Armenian and IPA
    ("аеорсухіјѕԁһкмтвнԛԝӏґАЕОРСУХІЈЅКМТВНЅ", "aeopcyxijsdhkmtbhqwlrAEOPCYXIJSKMTBHS"),
    ("ΑαεοριυκτνγΕΟΡΙΚΤΝΜΗΒΥΧΖοօսոհցզɑɡıɩ", "AaeopiuktvyEOPIKTNMHBYXZoounhgqagii"),
    ("пгшлԍҽѵԜԌՕՍՏԼՒհյքօʋ", "nrwjgevWGOUSLIhjpou"),
    # Coptic
    ("ꜱⲟⲣⲥⲁⲃⲇⲉⲏⲓⲕⲙⲛⲧⲩⲭⲱ", "sopcabdeniKmntyxw"),
    # Cherokee
    ("ᎪᏴᏟᎠᎬᎨᏀᎻᎥᎫᏦᏞᎷᏁᎾᏢᏒᎡᏚᏕᎢᏙᎳᎩᎽᏃᏆᎰ", "ABCDEFGHiJKLMNOPRRSSTVWyYZIf"),
    ("ꭺᏼꮯꭰꭼꮐꮋꭵꭻꮶꮮꮇꮑꮎꮲꮢꭱꮪꮥꭲꮩꮃꭹꮍꮓꮖ", "abcdegHijklmnoprrsstvwyyzi"),
    # Lisu
    ("ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ", "ABCDEFGHIJKLMNOPRSTUVWXYZ"),
    # Canadian syllabics and Deseret
    ("ᗅᗷᑕᗪᗴᖴᕼᒍᏓᒪᗰᑎᑭᖇᑌᐯᗯ᙭", "ABCDEFHJtLMNPRUVWX"),
    ("𐐄𐐎𐐗𐐛𐐠𐑀𐐬", "OWCLPto"),
)  # fmt: skip
_FIRST_OF_ALPHABET = (0x1F150, 0x1F170, 0x1F1E6)
"""Negative circled and squared letters, and those that make flags."""


def _table() -> dict[int, str]:
    table: dict[int, str] = {}
    for first, end in _RARE:
        for code in range(first, end):
            named = _NAMED.fullmatch(unicodedata.name(chr(code), ""))
            if named and not unicodedata.decomposition(chr(code)):
                table[code] = named[2] if named[1] == "CAPITAL" else named[2].lower()
    for first in _FIRST_OF_ALPHABET:
        table.update({first + place: chr(ord("a") + place) for place in range(26)})
    for letters, latin in _LISTED:
        table.update(zip(map(ord, letters), latin, strict=True))
    return table


LATIN = _table()
"""Latin letters by the numbers of those that look like them, for `str.translate`."""
