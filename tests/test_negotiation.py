"""Content negotiation without HTTP: what RFC 9110, 12.4 and 12.5, says of each header, worked out by hand and by a model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solnum_ld.errors import NotAcceptable
from solnum_ld.mediatypes import DESCRIPTION_FORMATS, HTML, JSONLD, NTRIPLES, RDFXML, TURTLE, Format
from solnum_ld.negotiation import negotiate, negotiate_coding, negotiate_language, parse_accept

LANGUAGES = ("fr", "en")

FIREFOX = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/png,image/svg+xml,*/*;q=0.8"
)
CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
SAFARI = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
JENA = "text/turtle,application/n-triples;q=0.9,application/rdf+xml;q=0.8,application/xml;q=0.7,*/*;q=0.5"
JENA_DATASET = (
    "text/turtle,application/n-triples;q=0.9,application/rdf+xml;q=0.8,application/xml;q=0.7,"
    "application/trig,application/n-quads;q=0.9,text/x-nquads;q=0.8,application/x-trig;q=0.7,*/*;q=0.5"
)
OWLAPI = "application/rdf+xml, application/xml; q=0.7, text/xml; q=0.6, text/plain; q=0.1, */*; q=0.09"
PROTEGE = "application/rdf+xml, application/xml; q=0.5, text/xml; q=0.3, */*; q=0.2"
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(None, TURTLE, id="absent: anything (12.5.1)"),
        pytest.param("", TURTLE, id="empty"),
        pytest.param("*/*", TURTLE, id="anything"),
        pytest.param("text/*", TURTLE, id="a type with any subtype"),
        pytest.param("application/*", JSONLD, id="another type with any subtype"),
        pytest.param("text/html", HTML, id="one type"),
        pytest.param("TEXT/Html", HTML, id="types have no case"),
        pytest.param("application/n-triples", NTRIPLES, id="the server's last"),
        pytest.param("text/turtle;q=0.5, application/ld+json;q=0.9", JSONLD, id="quality before the server's order"),
        pytest.param("text/turtle;Q=0.3, application/ld+json;q=0.5", JSONLD, id="the name q has no case"),
        pytest.param("text/turtle;q=0.001, text/html;q=0.002", HTML, id="a thousandth counts"),
        pytest.param("text/turtle;q=0, */*", JSONLD, id="zero excludes"),
        pytest.param("text/*;q=0, */*", JSONLD, id="zero excludes a whole type"),
        pytest.param("text/html;q=0.7, text/*;q=0.2", HTML, id="the more specific range wins"),
        pytest.param("text/*;q=0.3, text/turtle;q=0, */*;q=0.1", HTML, id="specific zero, general quality"),
        pytest.param("text/*;q=0.2, */*;q=0.8", JSONLD, id="a type range is more specific than anything"),
        pytest.param("image/*, */*;q=0.01", TURTLE, id="what is not offered does not matter"),
        pytest.param("text/html;q=0.5, application/xhtml+xml", HTML, id="second choice when the first is not offered"),
        pytest.param("text/html, text/turtle", TURTLE, id="HTML and RDF equal: RDF"),
        pytest.param("text/turtle, text/html", TURTLE, id="RDF and HTML equal: RDF"),
        pytest.param("text/html;q=0.9, application/rdf+xml;q=0.9", RDFXML, id="HTML and RDF/XML equal: RDF/XML"),
        pytest.param("text/html;charset=utf-8, text/turtle", TURTLE, id="equal, HTML with a parameter"),
        pytest.param("text/turtle;version=1.1, text/html", TURTLE, id="equal, RDF with a parameter"),
        pytest.param("text/html, */*", HTML, id="HTML named, RDF only by a wildcard"),
        pytest.param("text/html, */*;q=0.8", HTML, id="HTML named, wildcard lower"),
        pytest.param("text/turtle;charset=UTF-8", TURTLE, id="a charset that is ours"),
        pytest.param('text/turtle; charset="utf-8"', TURTLE, id="a quoted parameter"),
        pytest.param("text/turtle;version=1.1", TURTLE, id="a parameter that is not ours"),
        pytest.param(
            'application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"', JSONLD, id="a JSON-LD profile"
        ),
        pytest.param("application/ld+json;q=0.9;ext=1, text/turtle;q=0.1", JSONLD, id="an extension after q"),
        pytest.param('application/ld+json;x="a,b";q=0.1, text/turtle;q=0.2', TURTLE, id="a comma between quotes"),
        pytest.param('text/turtle;x="\\", text/html";q=0.1, application/ld+json;q=0.2', JSONLD, id="an escaped quote"),
        pytest.param(" text/turtle ; q=0.5 ,\tapplication/ld+json ", JSONLD, id="white space"),
        pytest.param(",, text/html ,,", HTML, id="empty elements (5.6.1)"),
        pytest.param("nonsense", TURTLE, id="nonsense is no preference"),
        pytest.param(";;;", TURTLE, id="punctuation"),
        pytest.param("text/", TURTLE, id="half a type"),
        pytest.param("text/turtle;q=high", TURTLE, id="a quality that is none"),
        pytest.param("nonsense, text/html", HTML, id="nonsense beside sense"),
        pytest.param("*; q=.2", TURTLE, id="an old star"),
        pytest.param("application/json", JSONLD, id="JSON: JSON-LD is some"),
        pytest.param("application/json, text/plain, */*", JSONLD, id="axios"),
        pytest.param("application/json;q=0.5, text/html", HTML, id="JSON after HTML"),
        pytest.param("text/n3", TURTLE, id="N3: Turtle is some"),
        pytest.param("text/plain, */*;q=0.1", NTRIPLES, id="rdflib, for N-Triples"),
        pytest.param("text/n3, application/rdf+xml", RDFXML, id="our own name is more exact than N3"),
        pytest.param("*/*", TURTLE, id="curl"),
        pytest.param(FIREFOX, HTML, id="Firefox"),
        pytest.param(CHROME, HTML, id="Chrome"),
        pytest.param(SAFARI, HTML, id="Safari"),
        pytest.param(JAVA, HTML, id="Java's URLConnection"),
        pytest.param(JENA, TURTLE, id="Jena"),
        pytest.param(JENA_DATASET, TURTLE, id="Jena, for a dataset"),
        pytest.param(OWLAPI, RDFXML, id="OWLAPI"),
        pytest.param(PROTEGE, RDFXML, id="OWLAPI 3"),
    ],
)
def test_accept_chooses(accept: str | None, expected: Format) -> None:
    assert negotiate(accept, DESCRIPTION_FORMATS) is expected


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/turtle;q=0",
        "text/turtle;q=0.000",
        "*/*;q=0",
        "application/json, application/ld+json;q=0",
    ],
)
def test_nothing_acceptable_is_an_error_that_knows_the_offers(accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        negotiate(accept, DESCRIPTION_FORMATS)
    assert caught.value.offers == DESCRIPTION_FORMATS


def test_a_format_that_is_not_offered_leaves_the_next_best() -> None:
    offers = tuple(form for form in DESCRIPTION_FORMATS if form is not RDFXML)
    assert negotiate(OWLAPI, offers) is NTRIPLES
    assert negotiate(PROTEGE, offers) is TURTLE
    assert negotiate("application/rdf+xml, application/n-triples;q=0.2", offers) is NTRIPLES


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "fr"),
        ("", "fr"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("fr-CA, en;q=0.5", "fr"),
        ("en-GB, fr;q=0.8", "en"),
        ("fr;q=0.3, en;q=0.7", "en"),
        ("de, en;q=0.1", "en"),
        ("de", "fr"),
        ("*", "fr"),
        ("de, *;q=0.5", "fr"),
        ("fr;q=0, *", "en"),
        ("fr;q=0.5, *", "en"),
        ("en;q=0.5, *;q=0.1", "en"),
        ("fr;q=0, en;q=0", "fr"),
        ("nonsense;;;, en", "en"),
        ("fr-FR,fr;q=0.8,en-US;q=0.5,en;q=0.3", "fr"),
        ("en-US,en;q=0.5", "en"),
    ],
)
def test_accept_language_chooses(header: str | None, expected: str) -> None:
    assert negotiate_language(header, LANGUAGES) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip"),
        ("br", "identity"),
        ("gzip;q=0", "identity"),
        ("gzip; q=0.0, *", "identity"),
        ("*", "gzip"),
        ("*;q=0", "identity"),
        ("gzip;q=0.2, identity;q=0.9", "identity"),
        ("identity", "identity"),
    ],
)
def test_accept_encoding_chooses(header: str | None, expected: str) -> None:
    assert negotiate_coding(header) == expected


# -- properties --------------------------------------------------------------------------------------------------------

NAMES = [*(form.media_type for form in DESCRIPTION_FORMATS), "text/*", "application/*", "*/*", "image/png", "image/*"]
RANGES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 1000)), min_size=1, max_size=8, unique_by=lambda r: r[0]
)
CHARACTERS = st.sampled_from([*'text/urlehm*aq=;,.0123456789 \t"\\\x00é', "text/turtle", "text/html", ";q=0", ", "])


def written(ranges: list[tuple[str, int]]) -> str:
    return ", ".join(f"{name};q={thousandths / 1000:.3f}" for name, thousandths in ranges)


def quality(ranges: dict[str, int], offer: Format) -> int:
    """Return what RFC 9110, 12.5.1, gives an offer: the quality of the most specific range that names it."""
    main = offer.media_type.partition("/")[0]
    names = (offer.media_type, f"{main}/*", "*/*")
    return next((ranges[name] for name in names if name in ranges), 0)


@given(RANGES)
def test_the_result_has_the_highest_quality_of_all_offers(ranges: list[tuple[str, int]]) -> None:
    qualities = {offer: quality(dict(ranges), offer) for offer in DESCRIPTION_FORMATS}
    best = max(qualities.values())
    if best == 0:
        with pytest.raises(NotAcceptable):
            negotiate(written(ranges), DESCRIPTION_FORMATS)
    else:
        assert qualities[negotiate(written(ranges), DESCRIPTION_FORMATS)] == best


@given(RANGES, st.randoms(use_true_random=False))
def test_the_order_of_ranges_does_not_matter(ranges: list[tuple[str, int]], random: object) -> None:
    shuffled = list(ranges)
    random.shuffle(shuffled)
    assert outcome(written(ranges)) == outcome(written(shuffled))


@given(RANGES, st.sampled_from(DESCRIPTION_FORMATS))
def test_a_format_of_quality_zero_is_never_chosen(ranges: list[tuple[str, int]], refused: Format) -> None:
    rest = [each for each in ranges if each[0] != refused.media_type]
    assert outcome(written([*rest, (refused.media_type, 0)])) is not refused


@given(st.sampled_from([form for form in DESCRIPTION_FORMATS if form.is_rdf]), st.integers(1, 1000), st.booleans())
def test_rdf_wins_a_tie_with_html(rdf: Format, thousandths: int, html_first: bool) -> None:
    ranges = [("text/html", thousandths), (rdf.media_type, thousandths)]
    assert negotiate(written(ranges if html_first else ranges[::-1]), DESCRIPTION_FORMATS) is rdf


@given(st.one_of(st.text(max_size=300), st.lists(CHARACTERS, max_size=60).map("".join)))
def test_any_header_gives_an_offer_or_not_acceptable(header: str) -> None:
    assert outcome(header) in (*DESCRIPTION_FORMATS, None)
    assert all(0 <= each.quality <= 1 for each in parse_accept(header))
    assert negotiate_language(header, LANGUAGES) in LANGUAGES
    assert negotiate_coding(header) in {"gzip", "identity"}


@given(
    st.lists(
        st.tuples(st.sampled_from(["fr", "en", "*", "de"]), st.integers(0, 1000)), max_size=4, unique_by=lambda r: r[0]
    )
)
def test_the_language_has_the_highest_quality(ranges: list[tuple[str, int]]) -> None:
    named = dict(ranges)
    qualities = {language: named.get(language, named.get("*", 0)) for language in LANGUAGES}
    chosen = negotiate_language(written(ranges), LANGUAGES)
    assert qualities[chosen] == max(qualities.values())


def outcome(header: str) -> Format | None:
    """Return what is chosen, None for nothing."""
    try:
        return negotiate(header, DESCRIPTION_FORMATS)
    except NotAcceptable:
        return None
