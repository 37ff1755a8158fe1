"""Language tags (BCP 47) on pages: what people call a language, and which tags HTML may have."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_TAG = re.compile(r"([A-Za-z]{2,3})((?:-[A-Za-z0-9]{1,8})*)\Z")
_TWO_LETTERS = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et "
    "eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is it iu iw ja ji jv jw ka kg "
    "ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb nd ne ng nl nn no "
    "nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg "
    "th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)
"""The languages of two letters in the IANA registry; of three letters nearly all are, but those for private use."""


@cache
def _names() -> dict[str, tuple[str, str]]:
    text = (files("solnum_ld.resources") / "languages.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {tag: (french, english) for tag, french, english in rows}


def language_name(tag: str, language: str) -> str:
    """Return what readers of ``fr`` or ``en`` call the language of a tag, with its script or region; else the tag.

    >>> language_name("de", "fr"), language_name("pt-br", "en"), language_name("x-private", "fr")
    ('allemand', 'Portuguese (BR)', 'x-private')
    """
    primary, _, rest = tag.partition("-")
    found = _names().get(primary.lower())
    if found is None:
        return tag
    name = found[0 if language == "fr" else 1]
    cased = (part.title() if len(part) == 4 else part.upper() if len(part) == 2 else part for part in rest.split("-"))
    return f"{name} ({'-'.join(cased)})" if rest else name


def html_language(tag: str) -> str:
    """Return the tag where it names a language to browsers and screen readers, else "": HTML for an unknown language.

    >>> [html_language(tag) for tag in ("fr-CA", "haw", "x-private", "qaa-Latn", "fr_FR", "zz", "english")]
    ['fr-CA', 'haw', '', '', '', '', '']
    """
    found = _TAG.match(tag)
    if not found:
        return ""
    primary = found[1].lower()
    known = primary in _TWO_LETTERS if len(primary) == 2 else not "qaa" <= primary <= "qtz"
    return tag if known else ""
