"""OAI-PMH over HTTP, asked by hand and by two harvesters' libraries, validated against a schema of the protocol."""

from __future__ import annotations

import warnings
from pathlib import Path

import httpx
import oaipmh_scythe
import pytest
import rdflib
from exchange import client_of, wait_for
from lxml import etree
from oaipmh_scythe.exceptions import IdDoesNotExist

from solnum_ld.doctor.catalogue import judge_datasets
from solnum_ld.doctor.rules import Verdict
from solnum_ld.release.folder import ReleaseFolder
from solnum_ld.release.options import BuildOptions
from solnum_ld.release.pipeline import build
from support import Server, serving

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SyntaxWarning)  # Sickle writes its patterns as Python warns of
    warnings.simplefilter("ignore", DeprecationWarning)
    from sickle import Sickle
    from sickle.oaiexceptions import BadResumptionToken

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parents[1] / "oai/schemas/OAI-PMH.xsd"))
NS = {
    "o": "http://www.openarchives.org/OAI/2.0/",
    "r": "http://www.openarchives.org/OAI/2.0/rights/",
    "dc": "http://purl.org/dc/elements/1.1/",
}
LICENCE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")


def ask(client: httpx.Client, **arguments: str) -> etree._Element:
    """Ask by GET; return the answer, which must be valid."""
    answer = client.get("oai", params=arguments)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    return valid(answer.content)


def valid(body: bytes) -> etree._Element:
    root = etree.fromstring(body)
    SCHEMA.assertValid(root)
    return root


def texts(root: etree._Element, path: str) -> list[str]:
    return [element if isinstance(element, str) else element.text for element in root.xpath(path, namespaces=NS)]


def error(root: etree._Element) -> str:
    return texts(root, "//o:error/@code")[0]


# -- the book ----------------------------------------------------------------------------------------------------------


def test_the_repository_tells_what_it_is(book_http: httpx.Client) -> None:
    root = ask(book_http, verb="Identify")
    assert texts(root, "//o:request") == texts(root, "//o:baseURL") == [f"{book_http.base_url}oai"]
    assert texts(root, "//o:request/@verb") == ["Identify"]
    assert texts(root, "//o:adminEmail") == ["contact@example.org"]
    assert texts(root, "//o:repositoryName")[0].startswith("Solidarités numériques")


def test_other_methods_are_refused_with_those_that_are_allowed(book_http: httpx.Client) -> None:
    answer = book_http.put("oai", content=b"")
    assert answer.status_code == 405
    assert answer.headers["allow"] == book_http.options("oai").headers["allow"] == "GET, HEAD, POST, OPTIONS"


def test_sets_are_those_that_the_source_declares(book_http: httpx.Client) -> None:
    root = ask(book_http, verb="ListSets")
    assert texts(root, "//o:setSpec") == ["book", "chapter", "dataset", "initiative"]
    assert texts(root, "//o:setName") == ["Livres", "Chapitres", "Jeux de données", "Initiatives locales"]
    assert "Les chapitres du livre." in texts(root, "//o:setDescription//dc:description")


@pytest.mark.parametrize(("name", "class_iri"), [("chapter", "https://schema.org/Chapter"), ("initiative", "https://w3id.org/solnum/def#Initiative")])  # fmt: skip
def test_a_set_holds_the_members_of_its_class(book_http: httpx.Client, name: str, class_iri: str) -> None:
    query = f"SELECT ?s {{ ?s a <{class_iri}> }}"
    rows = book_http.get("sparql", params={"query": query}).json()["results"]["bindings"]
    root = ask(book_http, verb="ListRecords", metadataPrefix="oai_dc", set=name)
    assert set(texts(root, "//dc:identifier")) >= {row["s"]["value"] for row in rows}
    assert len(texts(root, "//o:header")) == len(rows) > 3


def test_a_record_says_in_dublin_core_what_the_data_say(book_http: httpx.Client) -> None:
    host = str(book_http.base_url).split("/")[2].partition(":")[0]
    root = ask(book_http, verb="GetRecord", metadataPrefix="oai_dc", identifier=f"oai:{host}:id/initiative/kaina-tv")
    assert texts(root, "//dc:title[@xml:lang='fr']")[0].endswith("Kaina TV, une Web TV dédiée au quartier")
    assert texts(root, "//dc:identifier") == [f"{book_http.base_url}id/initiative/kaina-tv"]
    assert texts(root, "//dc:coverage") == ["Montpellier"]
    assert len(texts(root, "//dc:description")) == 2


def test_the_dataset_has_its_licence_and_its_languages_as_libraries_code_them(book_http: httpx.Client) -> None:
    root = ask(book_http, verb="ListRecords", metadataPrefix="oai_dc", set="dataset")
    assert LICENCE in texts(root, "//dc:rights")
    assert set(texts(root, "//dc:language")) == {"eng", "fre"}
    assert set(texts(root, "//dc:type")) >= {"Dataset"}


@pytest.mark.parametrize("prefix", ["oai_dc", "dcat_ap"])
def test_every_record_says_under_which_licence_it_may_be_used(book_http: httpx.Client, prefix: str) -> None:
    """The licence of the records is not that of the book, which is not known."""
    root = ask(book_http, verb="ListRecords", metadataPrefix=prefix)
    records = root.findall(".//o:record", NS)
    assert {tuple(texts(one, "o:about/r:rights/r:rightsReference/@ref")) for one in records} == {(LICENCE,)}
    assert texts(ask(book_http, verb="Identify"), "//r:rightsManifest/r:rights/r:rightsReference/@ref") == [LICENCE]
    books = ask(book_http, verb="ListRecords", metadataPrefix="oai_dc", set="book")
    assert texts(books, "//dc:rights") == []


def test_a_dataset_is_had_as_dcat_and_nothing_else_is(book_http: httpx.Client) -> None:
    root = ask(book_http, verb="ListRecords", metadataPrefix="dcat_ap")
    assert len(texts(root, "//o:record")) == len(texts(ask(book_http, verb="ListIdentifiers", metadataPrefix="oai_dc", set="dataset"), "//o:header"))  # fmt: skip
    for element in root.xpath("//o:metadata/*", namespaces=NS):
        graph = rdflib.Graph().parse(data=etree.tostring(element), format="xml")
        (dataset,) = graph.subjects(rdflib.RDF.type, DCAT.Dataset)
        assert {
            o.rule.name for o in judge_datasets(graph, [dataset]) if o.verdict in {Verdict.LOSS, Verdict.RISK}
        } == set()
        assert list(graph.objects(dataset, DCAT.distribution / DCAT.downloadURL))
        assert len(graph) < 1000
    assert error(ask(book_http, verb="ListRecords", metadataPrefix="dcat_ap", set="chapter")) == "noRecordsMatch"
    chapter = texts(ask(book_http, verb="ListIdentifiers", metadataPrefix="oai_dc", set="chapter"), "//o:identifier")[0]
    assert texts(ask(book_http, verb="ListMetadataFormats", identifier=chapter), "//o:metadataPrefix") == ["oai_dc"]
    assert error(ask(book_http, verb="GetRecord", identifier=chapter, metadataPrefix="dcat_ap")) == "cannotDisseminateFormat"  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"verb": "Steal"}, "badVerb"),
        ({"verb": "Identify", "extra": "1"}, "badArgument"),
        ({"verb": "ListRecords", "metadataPrefix": "marc21"}, "cannotDisseminateFormat"),
        ({"verb": "GetRecord", "metadataPrefix": "oai_dc", "identifier": "oai:a.example:none"}, "idDoesNotExist"),
        ({"verb": "ListMetadataFormats", "identifier": "oai:a.example:\x01<&>"}, "idDoesNotExist"),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "set": "none"}, "noRecordsMatch"),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "until": "1999-01-01"}, "noRecordsMatch"),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "2999-01-01T00:00:00Z"}, "noRecordsMatch"),
        ({"verb": "ListSets", "resumptionToken": "x"}, "badResumptionToken"),
    ],
)
def test_faults_are_answers_of_the_protocol(book_http: httpx.Client, arguments: dict[str, str], code: str) -> None:
    root = ask(book_http, **arguments)
    assert error(root) == code
    echoed = dict(root.find("o:request", NS).attrib)
    assert bool(echoed) is (code not in {"badVerb", "badArgument"})


def test_post_is_answered_as_get_is(book_http: httpx.Client) -> None:
    posted = book_http.post("oai", data={"verb": "ListIdentifiers", "metadataPrefix": "oai_dc", "set": "book"})
    got = ask(book_http, verb="ListIdentifiers", metadataPrefix="oai_dc", set="book")
    assert texts(valid(posted.content), "//o:identifier") == texts(got, "//o:identifier")
    assert book_http.post("oai", content=b"{}", headers={"content-type": "application/json"}).status_code == 415
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert book_http.post("oai", content=b"verb=" + b"x" * 100_000, headers=form).status_code == 413
    assert "POST" in book_http.options("oai").headers["allow"]
    assert error(valid(book_http.get("oai?verb=%FF").content)) == "badArgument"
    assert book_http.head("oai?verb=Identify").status_code == 200


def test_a_repository_behind_a_redirector_names_itself_by_its_names_and_answers_where_it_is(apart: Server) -> None:
    with client_of(apart.base) as client:
        root = ask(client, verb="Identify")
        assert texts(root, "//o:baseURL") == [f"{apart.base}oai"]
        assert texts(root, "//o:adminEmail") == ["team@example.org"]
        (about,) = root.findall(".//{*}oai-identifier")
        assert about.findtext("{*}repositoryIdentifier") == "w3id.example.org"
        sample = about.findtext("{*}sampleIdentifier")
        assert sample.startswith("oai:w3id.example.org:x/")
        record = ask(client, verb="GetRecord", metadataPrefix="oai_dc", identifier=sample)
        assert texts(record, "//dc:identifier") == [f"https://w3id.example.org/{sample.split(':')[2]}"]


# -- many records ------------------------------------------------------------------------------------------------------


def test_a_long_list_is_walked_to_its_end_by_sickle(server: Server, http: httpx.Client) -> None:
    first = ask(http, verb="ListIdentifiers", metadataPrefix="oai_dc")
    size = int(texts(first, "//o:resumptionToken/@completeListSize")[0])
    assert (len(texts(first, "//o:header")), texts(first, "//o:resumptionToken/@cursor")) == (100, ["0"])
    found = [header.identifier for header in Sickle(f"{server.base}oai").ListIdentifiers(metadataPrefix="oai_dc")]
    assert len(found) == len(set(found)) == size > 2500


def test_a_page_in_the_middle_and_the_last_are_told_apart(http: httpx.Client) -> None:
    tokens, page = [], ask(http, verb="ListIdentifiers", metadataPrefix="oai_dc", set="Chapter")
    assert texts(page, "//o:resumptionToken") == []
    page = ask(http, verb="ListRecords", metadataPrefix="oai_dc")
    while token := texts(page, "//o:resumptionToken")[0]:
        tokens.append(token)
        page = ask(http, verb="ListRecords", resumptionToken=token)
    size = int(texts(page, "//o:resumptionToken/@completeListSize")[0])
    assert int(texts(page, "//o:resumptionToken/@cursor")[0]) == 100 * len(tokens) == size // 100 * 100


def test_scythe_harvests_what_the_source_holds_with_its_odd_texts(server: Server) -> None:
    with oaipmh_scythe.Scythe(f"{server.base}oai") as scythe:
        things = list(scythe.list_records(set_="Thing"))
        titles = [title for record in things for title in record.metadata.get("title", [])]
        assert "<script>alert(1)</script>" not in titles  # it has no class
        assert {"Accents", "Not under id/", "A hash IRI"} <= set(titles)
        assert any("caf%C3%A9" in record.header.identifier for record in things)
        with pytest.raises(IdDoesNotExist):
            scythe.get_record(identifier="oai:x.example:y")


# -- time --------------------------------------------------------------------------------------------------------------


def write_chapters(source: Path, count: int, label: str = "Chapitre") -> Path:
    source.mkdir(exist_ok=True)
    space = "http://data.example.org/"
    lines = [
        f'<{space}id/c/{n:04}> a <https://schema.org/Chapter> ; <http://www.w3.org/2000/01/rdf-schema#label> "{label} {n}"@fr .'
        for n in range(count)
    ]
    about = f'<{space}dataset/d> a <http://www.w3.org/ns/dcat#Dataset> ; <http://rdfs.org/ns/void#uriSpace> "{space}" ; <http://purl.org/dc/terms/title> "D"@fr .\n'  # fmt: skip
    about += f'<{space}dataset/e> a <http://www.w3.org/ns/dcat#Dataset> ; <http://purl.org/dc/terms/title> "E"@fr .'
    (source / "data.ttl").write_text("\n".join(lines), "utf-8")
    (source / "catalog.ttl").write_text(about, "utf-8")
    return source


def headers(client: httpx.Client, **arguments: str) -> list[etree._Element]:
    """Return the headers of all pages of a list."""
    page = ask(client, verb="ListIdentifiers", metadataPrefix="oai_dc", **arguments)
    found = page.findall(".//o:header", NS)
    while token := "".join(filter(None, texts(page, "//o:resumptionToken"))):
        page = ask(client, verb="ListIdentifiers", resumptionToken=token)
        found += page.findall(".//o:header", NS)
    return found


def gone(client: httpx.Client) -> list[etree._Element]:
    return [header for header in headers(client) if header.get("status") == "deleted"]


def test_harvesters_are_told_of_changes_and_deletions_across_releases_and_restarts(tmp_path: Path) -> None:
    source, releases = write_chapters(tmp_path / "source", 250), tmp_path / "releases"
    with serving(source, releases) as server, client_of(server.base) as client:
        port = server.base.rstrip("/").rpartition(":")[2]
        begun = texts(ask(client, verb="ListRecords", metadataPrefix="oai_dc"), "//o:resumptionToken")[0]
        assert {header.findtext("o:datestamp", namespaces=NS) for header in headers(client)} == {
            texts(ask(client, verb="Identify"), "//o:earliestDatestamp")[0]
        }
    with serving(source, releases, "--no-build", "--port", port) as server, client_of(server.base) as client:
        on = ask(client, verb="ListRecords", resumptionToken=begun)  # the token outlives the server
        assert texts(on, "//o:resumptionToken/@cursor") == ["100"]
        write_chapters(source, 248)
        options = BuildOptions(server.base, server.base, shacl=False)
        assert build(source, ReleaseFolder(releases), options).fresh
        wait_for(lambda: len(gone(client)) == 2)
        since = gone(client)[0].findtext("o:datestamp", namespaces=NS)
        told = headers(client, **{"from": since})
        names = [header.findtext("o:identifier", namespaces=NS).rpartition("/")[2] for header in told]
        assert names == ["d", "0248", "0249"]  # the dataset has changed with its content, another has none here
        assert ask(client, verb="GetRecord", identifier="oai:127.0.0.1:id/c/0248", metadataPrefix="oai_dc").find(".//o:metadata", NS) is None  # fmt: skip
        harvester = Sickle(f"{server.base}oai")
        with pytest.raises(BadResumptionToken):
            harvester.ListRecords(resumptionToken=begun)
        record = harvester.GetRecord(identifier="oai:127.0.0.1:id/c/0249", metadataPrefix="oai_dc")
        assert (record.deleted, record.header.setSpecs) == (True, ["Chapter"])
        described = f"describe?iri={server.base}id/c/{{}}"
        for path in ("id/c/{}", "doc/c/{}", "doc/c/{}.ttl", "doc/c/{}.html", "linkset/c/{}", described):
            assert [client.get(path.format(n)).status_code for n in ("0249", "0250")] == [410, 404], path
        ReleaseFolder(releases).roll_back(ReleaseFolder(releases).before_current())
        wait_for(lambda: len(headers(client)) == 252 and gone(client) == [])
        assert client.get("doc/c/0249").status_code == 200
