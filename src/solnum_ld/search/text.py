"""Words as the index compares them: without case and accents, without elision, by their French and English stems."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_ELIDED = frozenset("l d j m t s n c qu jusqu lorsqu puisqu quelqu".split())
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d"})
STOP = frozenset(
    "a à au aux avec ce ces cette dans de des du elle en et il ils la le les leur leurs ne on ou où par pas pour qu que qui sa "
    "se ses son sur un une y an and are as at by for from in is it its of on or that the their this to was were with".split()
)
"""Words too common to ask for; in French and English."""


def fold(text: str) -> str:
    """Return text without case, accents and ligatures.

    >>> fold("Cœur de l’Été")
    'coeur de l’ete'
    """
    lower = text.casefold().translate(_LIGATURES)
    if lower.isascii():
        return lower
    decomposed = unicodedata.normalize("NFKD", lower)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, word) of each word; what is elided before an apostrophe is no word.

    >>> [word for _, _, word in words("L’accès à l'internet d’aujourd’hui")]
    ['accès', 'à', 'internet', 'aujourd', 'hui']
    """
    for found in _WORD.finditer(text):
        start = found.start()
        if "'" not in found[0] and "’" not in found[0]:
            yield start, found.end(), found[0]
            continue
        for part in re.split(r"['’]", found[0]):
            end = start + len(part)
            if not (part.lower() in _ELIDED and text[end : end + 1] in {"'", "’"}):
                yield start, end, part
            start = end + 1


@lru_cache(maxsize=200_000)
def forms(word: str) -> tuple[str, ...]:
    """Return the forms by which a word is found: its French and its English stem, of the word without accents.

    >>> forms("Numériques"), forms("numerique"), forms("libraries") == forms("Libraries")
    (('numer', 'numeriqu'), ('numer', 'numeriqu'), True)
    """
    plain = fold(word)
    if len(plain) < 3 or not plain.isalpha():  # numbers and codes have no stems
        return (plain,)
    french, english = _stemmers()
    return tuple(dict.fromkeys((french.stemWord(plain), english.stemWord(plain))))


@lru_cache(maxsize=1)
def _stemmers() -> tuple[snowballstemmer.stemmer, snowballstemmer.stemmer]:
    return snowballstemmer.stemmer("french"), snowballstemmer.stemmer("english")


def indexed(text: str) -> str:
    """Return what the index holds of a text: every form of every word.

    >>> indexed("L’accès d'une")
    'acce acc une'
    """
    return " ".join(map(_indexed, _WORD.findall(text)))


def plain(text: str) -> str:
    """Return the folded words of a text, for completion."""
    return " ".join(map(_plain, _WORD.findall(text)))


@lru_cache(maxsize=200_000)
def _indexed(run: str) -> str:
    return " ".join(form for _, _, word in words(run) for form in forms(word))


@lru_cache(maxsize=200_000)
def _plain(run: str) -> str:
    return " ".join(fold(word) for _, _, word in words(run))


def marked(text: str, asked: frozenset[str], length: int = 260) -> list[tuple[str, bool]]:
    """Return a text in pieces, and whether each is a word that was asked for; long text is cut around the first one.

    >>> marked("Un atelier à Brest", frozenset({"brest"}))
    [('Un atelier à ', False), ('Brest', True)]
    """
    hits = [(start, end) for start, end, word in words(text) if asked.intersection(forms(word))]
    begin = 0
    if len(text) > length:
        first = hits[0][0] if hits else 0
        begin = max(0, first - length // 3)
        begin = text.rfind(" ", 0, begin) + 1 if begin else 0
        stop = text.find(" ", begin + length)
        text_end = stop if stop > 0 else len(text)
    else:
        text_end = len(text)
    pieces: list[tuple[str, bool]] = [("… ", False)] if begin else []
    at = begin
    for start, end in hits:
        if begin <= start and end <= text_end:
            pieces += [(text[at:start], False), (text[start:end], True)]
            at = end
    pieces.append((text[at:text_end], False))
    if text_end < len(text):
        pieces.append((" …", False))
    return [piece for piece in pieces if piece[0]]
