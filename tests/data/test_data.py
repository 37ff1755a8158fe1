"""The book's data: completeness, links, order, and agreement with the text and the tables it was made from.

Where the source text and the reference tables lie beside the repository (``../shared``), the data are compared with
them; elsewhere those tests are skipped.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyoxigraph as ox
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SHARED = ROOT.parent / "shared"
FILES = sorted((ROOT / "data").rglob("*.ttl"))

SPACE = "https://w3id.org/solnum/"
ID = SPACE + "id/"
SN = SPACE + "def#"
SCHEMA = "https://schema.org/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
IGEO = "http://rdf.insee.fr/def/geo#"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
RDFS_COMMENT = "http://www.w3.org/2000/01/rdf-schema#comment"
SH = "http://www.w3.org/ns/shacl#"
SPEX = "https://purl.expasy.org/sparql-examples/ontology#"
SAME = "http://www.w3.org/2002/07/owl#sameAs"
DERIVED_FROM = "http://www.w3.org/ns/prov#wasDerivedFrom"
KINDS = "book series chapter section heading account initiative testimony place organization event scheme theme file question query list field"
PREFIXES = "\n".join(
    [
        f"PREFIX sn: <{SN}>",
        f"PREFIX schema: <{SCHEMA}>",
        f"PREFIX skos: <{SKOS}>",
        f"PREFIX igeo: <{IGEO}>",
        "PREFIX dcat: <http://www.w3.org/ns/dcat#>",
        "PREFIX dcterms: <http://purl.org/dc/terms/>",
        "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>",
        *(f"PREFIX {kind}: <{ID}{kind}/>" for kind in KINDS.split()),
    ]
)
PARTS = ("Chapter", "Section", "Heading", "InitiativeAccount", "Testimony")
SHARED_WORDS = 8


def read(path: Path) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(path=path, format=ox.RdfFormat.TURTLE)]


@pytest.fixture(scope="module")
def stated() -> list[ox.Triple]:
    """What the files say, each triple as often as it is written."""
    return [triple for path in FILES for triple in read(path)]


@pytest.fixture(scope="module")
def store(stated: list[ox.Triple]) -> ox.Store:
    """The data with what the rules derive."""
    store = ox.Store()
    store.extend(ox.Quad(*triple, ox.DefaultGraph()) for triple in stated)
    rules = [path.read_text("utf-8") for path in sorted((ROOT / "ontology" / "rules").glob("*.rq"))]
    size = 0
    while size != len(store):
        size = len(store)
        for rule in rules:
            store.extend(ox.Quad(*triple, ox.DefaultGraph()) for triple in list(store.query(rule)))
    return store


@pytest.fixture(scope="module")
def facts(stated: list[ox.Triple]) -> dict[str, dict[str, list[ox.NamedNode | ox.Literal]]]:
    """Subject → predicate → objects."""
    found: dict[str, dict[str, list[ox.NamedNode | ox.Literal]]] = defaultdict(lambda: defaultdict(list))
    for triple in stated:
        found[triple.subject.value][triple.predicate.value].append(triple.object)
    return found


@pytest.fixture(scope="module")
def lines() -> dict[int, str]:
    """The lines of the source text by their number."""
    texts = sorted((SHARED / "source").glob("*.txt"))
    if not texts:
        pytest.skip("the source text is not beside the repository (../shared/source)")
    return dict(enumerate(texts[0].read_text("utf-8").split("\n"), start=1))


def table(name: str) -> list[dict[str, str]]:
    path = SHARED / "reference" / name
    if not path.is_file():
        pytest.skip(f"the reference table is not beside the repository (../shared/reference/{name})")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def count(store: ox.Store, pattern: str) -> int:
    (row,) = store.query(f"{PREFIXES} SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {{ {pattern} }}")
    return int(row["n"].value)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def runs(text: str) -> set[tuple[str, ...]]:
    """Every run of consecutive words that would count as copied."""
    found = words(text)
    return {tuple(found[i : i + SHARED_WORDS]) for i in range(len(found) - SHARED_WORDS + 1)}


def texts(values: list[ox.NamedNode | ox.Literal], language: str) -> list[str]:
    return [value.value for value in values if isinstance(value, ox.Literal) and value.language == language]


def of_kind(facts: dict, *names: str) -> Iterator[tuple[str, dict]]:
    wanted = {SCHEMA + name for name in names} | {SN + name for name in names}
    for subject, about in facts.items():
        if any(kind.value in wanted for kind in about[TYPE]):
            yield subject, about


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("?x a schema:Book", 2),
        ("?x a schema:Book ; sn:continues ?earlier", 1),
        ("?x a schema:Chapter", 4),
        ("?x a sn:Section", 12),
        ("?x a sn:Section ; schema:isPartOf chapter:1", 2),
        ("?x a sn:Section ; schema:isPartOf chapter:2", 4),
        ("?x a sn:Section ; schema:isPartOf chapter:3", 3),
        ("?x a sn:Section ; schema:isPartOf chapter:4", 3),
        ("?x a sn:Heading", 23),
        ("?x a sn:InitiativeAccount", 21),
        ("?x a sn:InitiativeAccount ; schema:isPartOf+ chapter:1", 0),
        ("?x a sn:InitiativeAccount ; schema:isPartOf+ chapter:2", 6),
        ("?x a sn:InitiativeAccount ; schema:isPartOf+ chapter:3", 9),
        ("?x a sn:InitiativeAccount ; schema:isPartOf+ chapter:4", 6),
        ("?x a sn:Testimony", 4),
        ("?x a skos:Concept", 5),
        ("?x a sn:Notion", 6),
        ("?x a sn:Initiative", 27),
        ("?x a sn:Initiative ; schema:subjectOf/schema:isPartOf+ book:solidarites-numeriques", 21),
        ("?x a sn:Initiative ; schema:subjectOf book:internet-dans-les-quartiers", 6),
        ("?y schema:location ?x . ?y a sn:Initiative", 24),
        ("?x a igeo:Commune", 22),
        ("?x a igeo:ArrondissementMunicipal", 3),
        ("?x a sn:FormerRegion", 6),
        ("?x a sn:OpenQuestion", 17),
        ("book:solidarites-numeriques schema:publisher ?x", 3),
        ("?x a dcat:Dataset ; sn:strictSource true", 1),
    ],
)
def test_there_are_as_many_as_the_source_has(pattern: str, expected: int, store: ox.Store) -> None:
    assert count(store, pattern) == expected


def test_no_triple_is_written_twice(stated: list[ox.Triple]) -> None:
    assert len(stated) == len(set(stated))


def test_there_are_no_blank_nodes(stated: list[ox.Triple]) -> None:
    assert not [t for t in stated if isinstance(t.subject, ox.BlankNode) or isinstance(t.object, ox.BlankNode)]


def test_every_iri_of_ours_that_is_mentioned_is_described(stated: list[ox.Triple]) -> None:
    ours = {t.subject.value for t in [*stated, *read(ROOT / "ontology" / "solnum.ttl")]}
    named = {t.object.value for t in stated if isinstance(t.object, ox.NamedNode)}
    made = ("graph/", "def/", "service/")  # named graphs, versions of the vocabulary, the endpoint: made by the build
    apart = tuple(SPACE + part for part in made)
    assert sorted(i for i in named - ours if i.startswith(SPACE) and not i.startswith(apart)) == []


def test_every_iri_of_ours_has_a_known_kind_and_an_ascii_slug(facts: dict) -> None:
    shape = re.compile(
        rf"{ID}({KINDS.replace(' ', '|')})/[a-z0-9]+(-[a-z0-9]+)*|{SPACE}(dataset|table)/[a-z]+([#/][a-z_]+)?"
    )
    assert [iri for iri in facts if not shape.fullmatch(iri)] == []


def test_everything_has_one_french_label(facts: dict) -> None:
    assert [iri for iri, about in facts.items() if len(texts(about[LABEL], "fr")) != 1] == []


def test_everything_is_described_in_french_and_in_english(facts: dict) -> None:
    properties = (SCHEMA + "description", "http://purl.org/dc/terms/description", RDFS_COMMENT)
    poor = [
        (iri, language)
        for iri, about in facts.items()
        if "/id/field/" not in iri  # a column of a list: its label says it all
        for language in ("fr", "en")
        if sum(len(texts(about[name], language)) for name in properties) != 1
    ]
    assert poor == []


def test_every_text_is_tagged_french_or_english(stated: list[ox.Triple]) -> None:
    codes = {
        SCHEMA + "inLanguage",
        SCHEMA + "encodingFormat",
        SCHEMA + "identifier",
        SCHEMA + "version",
        IGEO + "codeINSEE",
    }
    codes |= {"http://www.w3.org/ns/dcat#version", "http://rdfs.org/ns/void#uriSpace", "http://xmlns.com/foaf/0.1/name"}
    codes |= {"http://www.w3.org/ns/csvw#name", SCHEMA + "temporalCoverage"}
    codes |= {"http://purl.org/dc/terms/bibliographicCitation", "http://purl.org/dc/terms/identifier"}
    codes |= {SN + "pagePath", SN + "fieldName", SN + "valuePath"}
    codes |= {SH + "select", SH + "construct", SH + "ask", SPEX + "describe"}
    plain = "http://www.w3.org/2001/XMLSchema#string"
    literals = [t for t in stated if isinstance(t.object, ox.Literal)]
    assert {t.predicate.value for t in literals if t.object.datatype.value == plain} <= codes
    assert {t.object.language for t in literals if t.object.language} == {"fr", "en"}


def test_our_french_is_set_with_its_own_signs(stated: list[ox.Triple]) -> None:
    """Typographic apostrophe; no-break spaces before ; : ? ! and inside guillemets. Titles stand as the source sets them."""
    ours = {
        SCHEMA + "description",
        SCHEMA + "abstract",
        SKOS + "definition",
        SKOS + "editorialNote",
        SN + "aim",
        SN + "claim",
    }
    wrong = re.compile(r"'| [;:?!»]|« |\w[;?!]|\w»|«\w|  |\u2026\.")
    french = [t.object.value for t in stated if t.predicate.value in ours and t.object.language == "fr"]
    assert [text for text in french if wrong.search(text)] == []


def test_positions_count_from_one_without_a_gap(facts: dict) -> None:
    ranks: dict[tuple[str, str], list[int]] = defaultdict(list)
    for _, about in of_kind(facts, *PARTS):
        (parent,), (kind,), (rank,) = about[SCHEMA + "isPartOf"], about[TYPE], about[SCHEMA + "position"]
        ranks[parent.value, kind.value].append(int(rank.value))
    ranks["axes", "axes"] = [
        int(about[SCHEMA + "position"][0].value)
        for _, about in of_kind(facts, "DefinedTerm")
        if about[SCHEMA + "position"]
    ]
    assert len(ranks) == 30
    assert {key: sorted(found) for key, found in ranks.items() if sorted(found) != list(range(1, len(found) + 1))} == {}


def test_example_queries_are_ranked_without_a_gap(facts: dict) -> None:
    queries = [about for about in facts.values() if ox.NamedNode(SH + "SPARQLExecutable") in about[TYPE]]
    ranks = sorted(int(about[SCHEMA + "position"][0].value) for about in queries)
    assert ranks == list(range(1, len(ranks) + 1))
    assert len(ranks) >= 15


def test_the_slug_of_a_part_is_its_place_in_the_book(facts: dict) -> None:
    for iri, about in of_kind(facts, "Chapter", "Section", "Heading"):
        slug = iri.rpartition("/")[2]
        assert slug.rpartition("-")[2] == about[SCHEMA + "position"][0].value
        if "-" in slug:
            assert about[SCHEMA + "isPartOf"][0].value.rpartition("/")[2] == slug.rpartition("-")[0]


def test_an_account_has_the_slug_and_the_lines_of_its_initiative(facts: dict) -> None:
    for iri, about in of_kind(facts, "InitiativeAccount"):
        (initiative,) = about[SCHEMA + "about"]
        assert initiative.value == iri.replace("/account/", "/initiative/")
        assert set(facts[initiative.value][SN + "sourceLine"]) == set(about[SN + "sourceLine"])
        assert facts[initiative.value][SCHEMA + "name"] == about[SCHEMA + "name"]


def test_what_carries_a_source_line_is_derived_from_the_post(facts: dict) -> None:
    post = ox.NamedNode(ID + "file/billet")
    bare = [
        i
        for i, about in facts.items()
        if about[SN + "sourceLine"] and post not in about[DERIVED_FROM] and i != post.value
    ]
    assert bare == []


def test_everything_but_our_own_words_says_where_it_comes_from(facts: dict) -> None:
    own = ("/file/", "/dataset/", "/table/", "/organization/solnum-ld", "/query/", "/list/", "/field/")
    assert [i for i, about in facts.items() if not about[DERIVED_FROM] and not any(part in i for part in own)] == []


def test_every_open_question_is_asked_of_something_and_still_open(facts: dict) -> None:
    asked = {question.value for about in facts.values() for question in about[SN + "openQuestion"]}
    assert asked == {iri for iri, _ in of_kind(facts, "OpenQuestion")}
    for iri, about in facts.items():
        for question in about[SN + "openQuestion"]:
            unanswered = {
                "location",
                "license",
                "datePublished",
                "contentUrl",
                "eventStatus",
                "legalName",
                "author",
                "additionalType",
            }
            for concerned in facts[question.value][SN + "concernsProperty"]:
                if concerned.value in {SCHEMA + name for name in unanswered} | {SN + "theme"}:
                    assert not about[concerned.value], (iri, concerned.value)


# --- against the source text -----------------------------------------------------------------------------------------


def test_the_lines_of_a_part_hold_its_words(facts: dict, lines: dict[int, str]) -> None:
    checked = 0
    for iri, about in of_kind(facts, *PARTS):
        found = "\n".join(lines[n] for n in sorted(int(line.value) for line in about[SN + "sourceLine"]))
        (wanted,) = texts(about[SN + "sourceText"], "fr") or texts(about[SCHEMA + "name"], "fr")
        assert wanted in found, (iri, wanted, found)
        checked += 1
    assert checked == 64


def test_a_title_that_differs_from_the_source_keeps_its_words(facts: dict, lines: dict[int, str]) -> None:
    for iri, about in of_kind(facts, *PARTS):
        found = "\n".join(lines[n] for n in sorted(int(line.value) for line in about[SN + "sourceLine"]))
        (title,) = texts(about[SCHEMA + "name"], "fr")
        assert title in found or about[SN + "sourceText"], iri


def test_the_lines_of_a_named_thing_hold_its_name(facts: dict, lines: dict[int, str]) -> None:
    for iri, about in of_kind(
        facts, "Organization", "GovernmentOrganization", "BookSeries", "Event", "Initiative", "Place"
    ):
        found = "\n".join(lines[int(line.value)] for line in about[SN + "sourceLine"])
        (name,) = texts(about[SCHEMA + "name"], "fr")
        assert name.lower() in found.lower(), (iri, name)


def test_the_lines_of_a_place_hold_the_words_for_it(facts: dict, lines: dict[int, str]) -> None:
    quoted = [(iri, about) for iri, about in facts.items() if about[SN + "placeAsWritten"]]
    assert len(quoted) == 30
    for iri, about in quoted:
        found = "\n".join(lines[int(line.value)] for line in about[SN + "sourceLine"])
        (written,) = texts(about[SN + "placeAsWritten"], "fr")
        assert written in found, (iri, written)


def test_the_line_of_an_axis_holds_its_wording(facts: dict, lines: dict[int, str]) -> None:
    for iri, about in of_kind(facts, "DefinedTerm"):
        if about[SCHEMA + "position"]:
            assert texts(about[SKOS + "prefLabel"], "fr")[0] in lines[int(about[SN + "sourceLine"][0].value)], iri


def test_no_source_line_is_empty_or_page_furniture(facts: dict, lines: dict[int, str]) -> None:
    used = {int(line.value) for about in facts.values() for line in about[SN + "sourceLine"]}
    assert {n for n in used if n > 105 or not lines[n].strip()} == set()
    assert {n for n, text in lines.items() if n < 106 and text.strip()} - used == set()


def test_titles_are_those_of_the_table_of_contents(facts: dict) -> None:
    rows = table("toc.csv")
    expected = {(row["cleaned_title"], row["source_line"]) for row in rows}
    found = {
        (
            texts(about[SCHEMA + "name"], "fr")[0],
            "-".join(map(str, sorted(int(line.value) for line in about[SN + "sourceLine"]))),
        )
        for _, about in of_kind(facts, *PARTS)
    }
    assert found == expected


def test_prose_is_our_own(stated: list[ox.Triple], lines: dict[int, str]) -> None:
    ours = {
        SCHEMA + "description",
        SCHEMA + "abstract",
        SKOS + "definition",
        SKOS + "editorialNote",
        SN + "aim",
        SN + "claim",
    }
    theirs = set().union(*(runs(line) for line in lines.values()))
    vocabulary = [t for t in read(ROOT / "ontology" / "solnum.ttl") if t.predicate.value.endswith("#comment")]
    written = [t.object.value for t in stated if t.predicate.value in ours and t.object.language == "fr"]
    written += [t.object.value for t in vocabulary if t.object.language == "fr"]
    assert len(written) > 250
    assert [text for text in written if runs(text) & theirs] == []


# --- against the tables of facts and places --------------------------------------------------------------------------

with (HERE / "facts.csv").open(encoding="utf-8", newline="") as _file:
    FACTS = list(csv.DictReader(_file))


@pytest.mark.parametrize("fact", FACTS, ids=[row["fact"] for row in FACTS])
def test_fact_of_the_source_is_in_the_data(fact: dict[str, str], store: ox.Store) -> None:
    assert store.query(f"{PREFIXES} ASK {{ {fact['ask']} }}"), fact["remark"]


def test_every_fact_of_the_table_is_asked_for() -> None:
    assert [row["fact"] for row in FACTS] == [row["id"] for row in table("facts.csv")]


def numbers(values: list[ox.Literal]) -> list[Decimal]:
    return [Decimal(value.value) for value in values]


def test_places_agree_with_the_table(facts: dict) -> None:
    compared = 0
    for row in table("places.csv"):
        code, kind = row["insee_code"], row["kind"]
        if kind not in {"commune", "arrondissement municipal", "département", "région"} or not code or code == "83137":
            continue  # Toulon is the centre of a group of communes, not a place of the book
        slug = {"département": f"departement-{code}", "région": f"region-{code}"}.get(kind, code)
        place = facts[f"{ID}place/{slug}"]
        assert texts(place[SCHEMA + "name"], "fr") == [row["official_name_cog2026"]]
        assert [value.value for value in place[IGEO + "codeINSEE"]] == [code]
        assert numbers(place[SCHEMA + "latitude"]) == ([Decimal(row["lat"])] if row["lat"] else [])
        assert numbers(place[SCHEMA + "longitude"]) == ([Decimal(row["lon"])] if row["lon"] else [])
        renamed = row["name_2011"] and row["name_2011"] != row["official_name_cog2026"]
        assert texts(place[SCHEMA + "alternateName"], "fr") == ([row["name_2011"]] if renamed else [])
        links = {link.value for link in place[SAME]}
        assert (f"https://sws.geonames.org/{row['geonames_id']}/" in links) == bool(row["geonames_id"])
        assert (f"http://www.wikidata.org/entity/{row['wikidata_qid']}" in links) == bool(row["wikidata_qid"])
        parent = place[SCHEMA + "containedInPlace"][0].value.rpartition("/")[2]
        if kind == "commune":
            assert parent == f"departement-{row['dept_code']}"
        elif kind == "arrondissement municipal":
            assert parent == row["parent_insee"]
        elif kind == "département":
            assert parent == f"region-{row['region_current_code']}"
            same = row["region_2011_code"] == row["region_current_code"]
            then = f"{'region' if same else 'ancienne-region'}-{row['region_2011_code']}"
            assert [value.value.rpartition("/")[2] for value in place[SN + "region2011"]] == [then]
            assert texts(facts[f"{ID}place/{then}"][SCHEMA + "name"], "fr") == [row["region_2011"]]
        compared += 1
    assert compared > 40


def test_no_link_leads_out_that_the_table_does_not_have(facts: dict) -> None:
    rows = table("places.csv")
    known = {f"https://sws.geonames.org/{row['geonames_id']}/" for row in rows}
    known |= {f"http://www.wikidata.org/entity/{row['wikidata_qid']}" for row in rows}
    known |= {row["insee_uri_uuid"] for row in rows}
    assert {link.value for about in facts.values() for link in about[SAME]} <= known


def test_a_mention_leads_to_the_place_of_the_table(facts: dict) -> None:
    codes: dict[str, set[str]] = defaultdict(set)
    for row in table("places.csv"):
        if row["insee_code"] and row["kind"] in {"commune", "arrondissement municipal"}:
            codes[row["as_written"]].add(row["insee_code"])
    checked = 0
    for iri, about in facts.items():
        for written in texts(about[SN + "placeAsWritten"], "fr"):
            if written in codes:
                assert {place.value.rpartition("/")[2] for place in about[SCHEMA + "location"]} == codes[written], iri
                checked += 1
    assert checked >= 24
