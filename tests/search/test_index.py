"""The index for people: what is found by which words and in which order, lists and their facets, where things are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solnum_ld.errors import SourceInvalid
from solnum_ld.search.ask import PAGE_SIZE, PagesIndex
from solnum_ld.search.build import build_search

SN = "https://w3id.org/solnum/def#"
PREFIXES = """
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix sn: <https://w3id.org/solnum/def#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix : <http://a.example/> .
"""
LIST = """
:list a sn:ListPage ; rdfs:label "Actions"@fr ; sn:pagePath "actions" ; sn:listedClass :Action ; sn:facet :region ; sn:column :lieu .
:region a sn:ListField ; sn:fieldName "region" ; sn:valuePath "schema:location/schema:containedInPlace*" ; sn:valueClass :Region .
:lieu a sn:ListField ; sn:fieldName "lieu" ; sn:valuePath "schema:location" .
"""
DATA = """
:brest a :Town ; rdfs:label "Brest"@fr ; schema:containedInPlace :bretagne ; schema:latitude 48.39 ; schema:longitude -4.49 .
:hall a :Venue ; rdfs:label "La halle"@fr ; schema:containedInPlace :brest .
:paris a :Town ; rdfs:label "Paris" ; schema:containedInPlace :idf ; schema:latitude 48.86 ; schema:longitude 2.35 .
:bretagne a :Region ; rdfs:label "Bretagne"@fr, "Brittany"@en .
:idf a :Region ; rdfs:label "Île-de-France"@fr .
:one a :Action ; rdfs:label "L’accès à l’Internet pour tous"@fr ; schema:description "Des ordinateurs à Brest."@fr ; schema:location :brest .
:two a :Action ; rdfs:label "Cœur de ville"@fr, "Town heart"@en ; schema:location :hall, :paris ; schema:alternateName "Œuvre numérique"@fr .
:three a :Action ; rdfs:label "Sans lieu 10"@fr ; sn:placeStatus :guessed .
:four a :Action ; rdfs:label "Sans lieu 9"@fr .
:five a :Action .
:guessed rdfs:label "déduit"@fr .
:shape a sh:NodeShape ; rdfs:label "Brest shape"@en .
"""


def index_of(folder: Path, text: str) -> PagesIndex:
    store = ox.Store()
    store.load((PREFIXES + text).encode(), format=ox.RdfFormat.TURTLE)
    build_search(folder / "pages.sqlite", store)
    return PagesIndex(folder / "pages.sqlite")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PagesIndex]:
    opened = index_of(tmp_path_factory.mktemp("index"), LIST + DATA)
    yield opened
    opened.close()


def found(index: PagesIndex, text: str, kind: str = "") -> list[str]:
    return [item.iri.rpartition("/")[2] for item in index.search(text, kind, 1).items]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Brest", "brest"),
        ("brest", "brest"),
        ("acces internet", "one"),
        ("l'accès de l'internet", "one"),
        ("ORDINATEUR", "one"),
        ("coeur", "two"),
        ("cœur des villes", "two"),
        ("hearts", "two"),
        ("oeuvres", "two"),
        ("Ile de France", "idf"),
        ("brittany", "bretagne"),
        ("sans lieu 9", "four"),
    ],
)
def test_words_find_the_thing_itself_first(text: str, first: str, index: PagesIndex) -> None:
    assert found(index, text)[0] == first


@pytest.mark.parametrize(
    "text", ['"', "AND", "NEAR(brest", "name:brest", "*", "brest*", "a" * 5000, "‮", "-", "NOT x OR", "🔭"]
)
def test_no_text_is_an_operator_or_an_error(text: str, index: PagesIndex) -> None:
    index.search(text, "", 1)
    index.complete(text)
    index.listing(index.lists[0], {}, text, 1)


def test_machinery_is_not_found(index: PagesIndex) -> None:
    assert found(index, "shape") == []


def test_what_holds_every_word_is_told_from_what_holds_one(index: PagesIndex) -> None:
    assert index.search("brest ordinateurs", "", 1).every
    some = index.search("brest introuvable", "", 1)
    assert not some.every
    assert some.total == 2


def test_a_slip_is_answered_with_a_near_word(index: PagesIndex) -> None:
    assert index.search("bretagnne", "", 1).hint == "bretagne"
    assert index.search("xyzzyxyz", "", 1).hint == ""


def test_kinds_are_counted_and_chosen(index: PagesIndex) -> None:
    everything = index.search("brest", "", 1)
    assert dict(everything.kinds) == {"http://a.example/Action": 1, "http://a.example/Town": 1}
    assert found(index, "brest", "http://a.example/Town") == ["brest"]


def test_beginnings_are_completed(index: PagesIndex) -> None:
    assert [item.iri for item in index.complete("bre")] == ["http://a.example/brest", "http://a.example/bretagne"]
    assert index.complete("") == []


def test_a_list_holds_every_thing_of_its_class_in_human_order(index: PagesIndex) -> None:
    page = index.lists[0]
    listing = index.listing(page, {}, "", 1)
    names = [item.iri.rpartition("/")[2] for item in listing.items]
    assert names == ["two", "five", "one", "four", "three"]  # Cœur, five, L’accès, 9 before 10
    assert listing.total == 5


def test_facets_follow_paths_and_classes_and_count_under_the_other_filters(index: PagesIndex) -> None:
    page = index.lists[0]
    region = "<http://a.example/bretagne>"
    counts = {value.term: value.count for value in index.listing(page, {}, "", 1).facets["region"]}
    assert counts == {region: 2, "<http://a.example/idf>": 1}
    narrowed = index.listing(page, {"region": region}, "", 1)
    assert narrowed.total == 2
    assert {v.term: v.count for v in narrowed.facets["region"]} == counts  # one may change one’s mind
    worded = index.listing(page, {}, "internet", 1)
    assert {v.term: v.count for v in worded.facets["region"]} == {region: 1}
    assert index.listing(page, {"region": "<http://a.example/nowhere>"}, "", 1).total == 0


WORDS = ["atelier", "cours", "salle"]
KINDS = {f"k{n}" for n in range(5)}
TOWNS = {f"t{n}" for n in range(7)}
MADE = {
    f"i{n}": (
        {f"k{step}" for step in range(n % 6)},  # up to five values: one more than there are layers
        {f"t{n * n % 7}"} if n % 3 else set(),
        WORDS[n % 3],
    )
    for n in range(120)
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PagesIndex]:
    """An index of things that have no, one or many kinds, and are in a town or nowhere."""
    lines = [
        ':made a sn:ListPage ; rdfs:label "Made"@fr ; sn:pagePath "made" ; sn:listedClass :Made ; sn:facet :kind, :town .',
        ':kind a sn:ListField ; sn:fieldName "kind" ; sn:valuePath "<http://a.example/kind>" .',
        ':town a sn:ListField ; sn:fieldName "town" ; sn:valuePath "schema:location" .',
        *(
            f':{town} rdfs:label "{town}" ; schema:latitude {n} ; schema:longitude {n} .'
            for n, town in enumerate(TOWNS)
        ),
    ]
    for name, (kinds, towns, word) in MADE.items():
        lines.append(f':{name} a :Made ; rdfs:label "{word} {name}" .')
        lines += [f":{name} <http://a.example/kind> :{kind} ." for kind in kinds]
        lines += [f":{name} schema:location :{town} ." for town in towns]
    opened = index_of(tmp_path_factory.mktemp("made"), "\n".join(lines))
    yield opened
    opened.close()


@given(
    st.fixed_dictionaries(
        {}, optional={"kind": st.sampled_from(sorted(KINDS)), "town": st.sampled_from(sorted(TOWNS))}
    ),
    st.sampled_from(["", *WORDS]),
    st.integers(1, 4),
)
def test_selections_are_those_that_filters_describe(
    made: PagesIndex, chosen: dict[str, str], text: str, number: int
) -> None:
    def selected(filters: dict[str, str]) -> set[str]:
        return {
            name
            for name, (kinds, towns, word) in MADE.items()
            if ("kind" not in filters or filters["kind"] in kinds)
            and ("town" not in filters or filters["town"] in towns)
            and text in ("", word)
        }

    page = made.lists[0]
    terms = {field: f"<http://a.example/{value}>" for field, value in chosen.items()}
    names = [item.iri.rpartition("/")[2] for item in made.all_items(page, terms, text).items]
    assert set(names) == selected(chosen) and len(names) == len(set(names))
    listing = made.listing(page, terms, text, number, 10)
    assert listing.total == len(names)
    assert [item.iri.rpartition("/")[2] for item in listing.items] == names[(number - 1) * 10 : number * 10]
    for at, field in enumerate(("kind", "town")):
        among = selected({key: value for key, value in chosen.items() if key != field})
        counts = Counter(value for name in among for value in MADE[name][at])
        assert {v.term[18:-1]: v.count for v in listing.facets[field]} == counts
    spots, nowhere = made.spots(page, terms, text)
    placed = [name for name in names if MADE[name][1]]
    assert [spot.item.iri.rpartition("/")[2] for spot in spots] == placed
    assert [item.iri.rpartition("/")[2] for item in nowhere] == [name for name in names if name not in placed]


def test_things_stand_where_their_nearest_place_with_coordinates_is(index: PagesIndex) -> None:
    spots, nowhere = index.spots(index.lists[0], {}, "")
    where = {(spot.item.iri.rpartition("/")[2], spot.place.rpartition("/")[2]) for spot in spots}
    assert where == {("one", "brest"), ("two", "brest"), ("two", "paris")}
    assert {item.iri.rpartition("/")[2]: dict(item.status) for item in nowhere} == {
        "three": {"fr": "déduit"},
        "four": {},
        "five": {},
    }


@pytest.mark.parametrize(
    ("stated", "place"),
    [
        ('schema:latitude "48.5" ; schema:longitude "-4.25"', (48.5, -4.25)),
        ("schema:geo [ schema:latitude 48.5 ; schema:longitude -4.25 ]", (48.5, -4.25)),
        ('geo:asWKT "POINT(-4.25 48.5)"', (48.5, -4.25)),
        (
            'geo:hasGeometry [ geo:asWKT "<http://www.opengis.net/def/crs/OGC/1.3/CRS84> Point Z (-4.25 48.5 100)" ]',
            (48.5, -4.25),
        ),
        (
            'geo:hasGeometry [ geo:asWKT "<http://www.opengis.net/def/crs/EPSG/0/4326> POINT(48.5 -4.25)" ]',
            (48.5, -4.25),
        ),
        ('<http://www.w3.org/ns/locn#geometry> "POINT(-4.25 48.5)"', (48.5, -4.25)),
        ('geo:asWKT "<http://www.opengis.net/def/crs/EPSG/0/2154> POINT(700000 6600000)"', None),
        ('geo:hasGeometry [ geo:asWKT "POLYGON((-4.5 48, -4 48, -4 49, -4.5 49, -4.5 48))" ]', (48.5, -4.25)),
        (
            'geo:hasGeometry [ geo:asWKT "POLYGON((0 0, 9 0, 9 9, 0 0))" ] ; geo:hasCentroid [ geo:asWKT "POINT(-4.25 48.5)" ]',
            (48.5, -4.25),
        ),
        ("""geo:asGeoJSON '{"type": "Point", "coordinates": [-4.25, 48.5]}'""", (48.5, -4.25)),
        ('schema:geo [ a schema:GeoShape ; schema:box "48 -4.5 49 -4" ]', (48.5, -4.25)),
        ('<http://www.w3.org/ns/dcat#bbox> "POLYGON((-4.5 48, -4 48, -4 49, -4.5 49, -4.5 48))"', (48.5, -4.25)),
        ('geo:asWKT "POINT(-4.25 98.5)"', None),
        ('geo:asWKT "POINT EMPTY"', None),
        ("schema:latitude 48.5", None),
        ("schema:geo [ schema:latitude 48.5 ]", None),
    ],
)
def test_coordinates_are_found_as_vocabularies_write_them(
    stated: str, place: tuple[float, float] | None, tmp_path: Path
) -> None:
    geo = "@prefix geo: <http://www.opengis.net/ont/geosparql#> .\n"
    index = index_of(tmp_path, f'{geo}:a rdfs:label "A" ; {stated} .')
    spots, _ = index.spots(None, {}, "")
    assert [(spot.latitude, spot.longitude) for spot in spots] == ([place] if place else [])
    index.close()


def test_what_has_no_name_is_on_the_map_all_the_same(tmp_path: Path) -> None:
    geo = "@prefix geo: <http://www.opengis.net/ont/geosparql#> .\n"
    index = index_of(
        tmp_path,
        f"""{geo}:quai%20n schema:latitude 48.5 ; schema:longitude -4.25 .
        :fete schema:location :quai%20n .
        <http://a.example/borne/12> schema:latitude 1 ; schema:longitude 2 .
        :gare geo:hasGeometry :forme . :forme geo:asWKT "POINT(2 47)" .""",
    )
    spots, _ = index.spots(None, {}, "")
    assert sorted((spot.item.iri, spot.place, dict(spot.item.names)) for spot in spots) == [
        ("http://a.example/borne/12", "http://a.example/borne/12", {"": "borne/12"}),
        ("http://a.example/fete", "http://a.example/quai%20n", {"": "fete"}),
        ("http://a.example/gare", "http://a.example/gare", {"": "gare"}),  # its form is no thing of its own
        ("http://a.example/quai%20n", "http://a.example/quai%20n", {"": "quai n"}),
    ]
    assert found(index, "quai") == ["quai%20n"]
    index.close()


def test_people_are_found_by_the_name_that_given_and_family_name_make(tmp_path: Path) -> None:
    foaf = "@prefix foaf: <http://xmlns.com/foaf/0.1/> .\n"
    index = index_of(
        tmp_path,
        f"""{foaf}:ada foaf:givenName "Ada" ; foaf:familyName "Lovelace" . :george foaf:name "Lord Byron" ; foaf:givenName "George" .
        :list a sn:ListPage ; rdfs:label "Notes"@fr ; sn:pagePath "notes" ; sn:listedClass :Note ; sn:column :by .
        :by a sn:ListField ; sn:fieldName "by" ; sn:valuePath "schema:author" . :note a :Note ; schema:author :ada .""",
    )
    assert [dict(item.names) for item in index.search("lovelace", "", 1).items] == [{"": "Ada Lovelace"}]
    assert [item.iri for item in index.complete("ada lov")] == ["http://a.example/ada"]
    assert index.search("george", "", 1).total == 0
    listing = index.listing(index.lists[0], {}, "", 1)
    assert [dict(value.names) for value in listing.cells[listing.items[0].id, "by"]] == [{"": "Ada Lovelace"}]
    index.close()


def test_similar_things_share_rare_values(index: PagesIndex) -> None:
    assert [item.iri.rpartition("/")[2] for item in index.similar(index.lists[0], "http://a.example/one")] == ["two"]


def test_a_long_list_is_paged(tmp_path: Path) -> None:
    things = "".join(f':t{n} a :Action ; rdfs:label "Thing {n}" ; schema:position {120 - n} .\n' for n in range(120))
    index = index_of(tmp_path, LIST + things)
    last = index.listing(index.lists[0], {}, "", 3)
    assert last.total == 120
    assert len(last.items) == 120 - 2 * PAGE_SIZE
    assert last.items[-1].iri == "http://a.example/t0"  # by position
    assert len(index.all_items(index.lists[0], {}, "").items) == 120
    index.close()


def test_a_source_without_lists_and_names_has_an_empty_index(tmp_path: Path) -> None:
    index = index_of(tmp_path, ":a :b :c .")
    assert index.lists == ()
    assert not index.has_spots
    assert index.search("a", "", 1).total == 0
    assert index.spots(None, {}, "") == ([], [])
    index.close()


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('"actions"', '"sparql"', "path"),
        ('"actions"', '"A b"', "path"),
        ("sn:listedClass :Action ;", "", "class"),
        ('"region"', '"lang"', "fieldName"),
        ("containedInPlace*", "containedInPlace } SERVICE <http://x/> { ?a ?b ?c", "valuePath"),
        ("containedInPlace*", "containedInPlace)", "valuePath"),
        ("schema:location/schema:containedInPlace*", "nope:x", "valuePath"),
    ],
)
def test_a_declaration_that_cannot_be_served_stops_the_build(right: str, wrong: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid) as caught:
        index_of(tmp_path, LIST.replace(right, wrong) + DATA)
    assert any(told in finding.messages["en"] for finding in caught.value.findings)


def test_two_lists_need_two_paths(tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid, match="list pages"):
        index_of(tmp_path, LIST + ':other a sn:ListPage ; sn:pagePath "actions" ; sn:listedClass :Town .')


def test_a_value_knows_what_has_it(index: PagesIndex) -> None:
    ((page, field, count, items),) = index.under("http://a.example/bretagne")
    assert (page.path, field, count) == ("actions", "region", 2)
    assert [item.iri.rpartition("/")[2] for item in items] == ["two", "one"]
    assert index.under("http://a.example/one") == []
