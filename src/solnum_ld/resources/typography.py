"""How numbers, dates and sizes are written for readers of French and of English (data keep their own forms)."""

from __future__ import annotations

import re

_MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "en": "January February March April May June July August September October November December".split(),
}
_DATE = re.compile(r"(-?\d{4})-(\d\d)-(\d\d)(?:T(\d\d:\d\d).*|Z|[+-]\d\d:\d\d)?\Z")
_DECIMAL = re.compile(r"[+-]?\d+\.\d+\Z")


def thousands(number: int, language: str) -> str:
    """Return a whole number as a reader of ``language`` writes it.

    >>> thousands(1234567, "en")
    '1,234,567'
    """
    return f"{number:,}".replace(",", "\u202f") if language == "fr" else f"{number:,}"


def number_text(lexical: str, language: str) -> str:
    """Return the lexical form of a number with the decimal mark of a language; whole numbers may be codes and stay.

    >>> number_text("43.29695", "fr"), number_text("2011", "fr")
    ('43,29695', '2011')
    """
    return lexical.replace(".", ",") if language == "fr" and _DECIMAL.match(lexical) else lexical


def date_text(lexical: str, language: str) -> str:
    """Return a date as it is read aloud; what is no date stays as it is.

    >>> date_text("2026-11-01", "fr"), date_text("2026-11-24", "en"), date_text("bientôt", "fr")
    ('1er novembre 2026', '24 November 2026', 'bientôt')
    """
    found = _DATE.match(lexical)
    if not found or not 1 <= int(found[2]) <= 12:
        return lexical
    day = str(int(found[3]))
    if language == "fr" and day == "1":
        day = "1er"
    text = f"{day} {_MONTHS['fr' if language == 'fr' else 'en'][int(found[2]) - 1]} {found[1]}"
    return f"{text}, {found[4]}" if found[4] else text


def size_text(size: int, language: str) -> str:
    """Return a number of bytes as a file manager shows it.

    >>> size_text(812, "fr"), size_text(15_400, "fr"), size_text(2_500_000, "en")
    ('812 octets', '15,4 Ko', '2.5 MB')
    """
    if size < 1000:
        return f"{size} {'octets' if language == 'fr' else 'bytes'}"
    units = ("Ko", "Mo", "Go") if language == "fr" else ("kB", "MB", "GB")
    power = 1 if size < 1_000_000 else 2 if size < 1_000_000_000 else 3
    text = f"{size / 1000**power:.1f}".removesuffix(".0")
    return f"{text.replace('.', ',') if language == 'fr' else text} {units[power - 1]}"
