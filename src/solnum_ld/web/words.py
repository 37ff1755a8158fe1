"""The words of the pages: gettext catalogues (``locales/fr.po``, ``en.po``), read once. A key is not itself a word."""

from __future__ import annotations

import gettext
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import polib

LANGUAGES = ("fr", "en")


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return every word of a language by its key."""
    return {entry.msgid: entry.msgstr for entry in _file(language) if entry.msgstr}


@cache
def _file(language: str) -> polib.POFile:
    return polib.pofile((files("solnum_ld.web") / "locales" / f"{language}.po").read_text("utf-8"))


@cache
def _plural(language: str) -> Callable[[int], int]:
    return gettext.c2py(_file(language).metadata["Plural-Forms"].rpartition("plural=")[2].rstrip(";"))


def is_one(count: int, language: str) -> bool:
    """Tell whether a language counts so many things in the singular, by ``Plural-Forms`` of its catalogue.

    >>> is_one(0, "fr"), is_one(0, "en"), is_one(1, "en"), is_one(2, "fr")
    (True, False, True, False)
    """
    return not _plural(language)(count)


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
