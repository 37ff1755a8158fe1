"""Sentences for people in their language. The English sentence is the key, as in gettext; what varies in it stands as %(name)s.

A sentence is written where it arises, in English, with its values in it; here its template is found again, so that no code
holds two languages and what a machine reads stays the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

import polib

_WORD = re.compile(r"\w")
_PLACE = re.compile(r"%\((\w+)\)s")


def in_language(sentence: str, language: str) -> str:
    """Return a sentence in a language; as it is when there is no translation.

    >>> in_language("Rename it.", "fr"), in_language("Rename it.", "en")
    ('Renommez-le.', 'Rename it.')
    """
    if language != "fr" or not sentence:
        return sentence
    plain, templates = _catalogue()
    if sentence in plain:
        return plain[sentence]
    for pattern, translation in templates:
        match = pattern.fullmatch(sentence)
        if match:
            values = {name: plain.get(value, value) for name, value in match.groupdict().items()}
            return translation % values
    return sentence


def listed(tokens: Iterable[str], language: str) -> str:
    """Return tokens as a list for people: what is punctuation itself stands between quotation marks.

    >>> listed(["}", ",", "FILTER", "variable"], "en")
    '“}”, “,”, FILTER, variable'
    """
    opening, closing = ("«\u00a0", "\u00a0»") if language == "fr" else ("“", "”")
    said = (in_language(token, language) for token in tokens)
    return ", ".join(token if _WORD.search(token) else f"{opening}{token}{closing}" for token in said)


@lru_cache(maxsize=1)
def _catalogue() -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Return the sentences without places, and the templates of those with some, the most particular first."""
    text = (files("solnum_ld") / "locales" / "fr.po").read_text("utf-8")
    entries = {entry.msgid: entry.msgstr for entry in polib.pofile(text) if entry.msgstr}
    plain = {sentence: said for sentence, said in entries.items() if not _PLACE.search(sentence)}
    templates = [sentence for sentence in entries if _PLACE.search(sentence)]
    templates.sort(key=lambda sentence: (-len(_PLACE.sub("", sentence)), sentence))
    return plain, [(_pattern(sentence), entries[sentence]) for sentence in templates]


def _pattern(template: str) -> re.Pattern[str]:
    parts = _PLACE.split(template)
    places: list[str] = []
    text = ""
    for number, part in enumerate(parts):
        if number % 2 == 0:
            text += re.escape(part)
        elif part in places:
            text += f"(?P={part})"
        else:
            places.append(part)
            text += f"(?P<{part}>.*?)"
    return re.compile(text, re.DOTALL)
