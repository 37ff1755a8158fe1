"""The words of the pages: gettext catalogues (``locales/fr.po``, ``en.po``), read once. A key is not itself a word."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import polib

LANGUAGES = ("fr", "en")


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return every word of a language by its key."""
    text = (files("solnum_ld.web") / "locales" / f"{language}.po").read_text("utf-8")
    return {entry.msgid: entry.msgstr for entry in polib.pofile(text) if entry.msgstr}


def word(key: str, language: str, **values: object) -> str:
    """Return a word in ``fr`` or ``en``, with ``values`` in their places; a key without a word is a KeyError.

    >>> word("home", "fr"), word("version_of", "en", version="1.0")
    ('Accueil', 'Data, version 1.0')
    """
    text = catalogue("fr" if language == "fr" else "en")[key]
    return text % values if values else text


def has_word(key: str) -> bool:
    """Tell whether the catalogues have this key."""
    return key in catalogue("fr")
