"""The words of the pages: every key that a template or the code asks for exists in both languages, and no other."""

from __future__ import annotations

import re

import polib
import pytest

from solnum_ld.web.words import LANGUAGES, word
from support import ROOT

WEB = ROOT / "src" / "solnum_ld" / "web"
PLACES = re.compile(r"%\((\w+)\)s")
PLURALS = {"violations", "warnings", "infos"}
BUILT = re.compile(r"\d{3}(_text)?\Z|inverse_")
"""Keys that are put together: by status, by property."""


def entries(language: str) -> dict[str, str]:
    """Return the catalogue of a language as translators see it."""
    found = polib.pofile(str(WEB / "locales" / f"{language}.po"))
    assert len({entry.msgid for entry in found}) == len(found)
    return {entry.msgid: entry.msgstr for entry in found}


def asked_for() -> set[str]:
    """Return every key that is written out in a template or in the code."""
    templates = "\n".join(path.read_text("utf-8") for path in WEB.rglob("*.html"))
    code = "\n".join(path.read_text("utf-8") for path in WEB.glob("*.py"))
    return {*re.findall(r"\bw\(\s*'([^']+)'[,)]", templates), *re.findall(r"\bword\(\s*\"([^\"{}]+)\"", code)}


def test_both_catalogues_have_the_same_keys_and_no_empty_word() -> None:
    french, english = entries("fr"), entries("en")
    assert french.keys() == english.keys()
    assert [key for catalogue in (french, english) for key, text in catalogue.items() if not text.strip()] == []


def test_every_key_that_is_asked_for_is_there() -> None:
    assert asked_for() - entries("fr").keys() == set()


def test_no_key_is_left_over() -> None:
    text = "\n".join(path.read_text("utf-8") for path in WEB.rglob("*") if path.suffix in {".html", ".py"})
    unused = [
        key
        for key in entries("fr")
        if f"'{key}'" not in text and f'"{key}"' not in text and not BUILT.match(key) and key not in PLURALS
    ]
    assert unused == []


def test_what_is_filled_in_is_the_same_in_both_languages() -> None:
    english = entries("en")
    different = [k for k, t in entries("fr").items() if set(PLACES.findall(t)) != set(PLACES.findall(english[k]))]
    assert different == []


def test_french_has_its_spaces_and_apostrophes() -> None:
    wrong = [
        text for text in entries("fr").values() if re.search(r"[^\s\u00a0\u202f] ?[;!?»]|«[^\u00a0\u202f]|'", text)
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_key_without_a_word_is_an_error_not_an_empty_page(language: str) -> None:
    with pytest.raises(KeyError):
        word("no such key", language)
