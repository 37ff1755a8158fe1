"""Pages: correct HTML that people can read, walk through and hear, in French and English, with nothing in them that runs."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import html5rdf
import httpx
import pytest
from exchange import FIREFOX, RDF_SUFFIXES, describe, resources_of, sparql

from solnum_ld.resources.typography import size_text

SMALL = [
    "",
    "doc/book",
    "doc/chapter/2",
    "doc/caf%C3%A9/%C3%A0%2Fb",
    "doc/page",
    "doc/odd",
    "doc/script",
    "doc/gone",
    "doc/topic",
    "doc/item/00000",
    "doc/dataset/small",
    "doc/graph/things",
    describe("http://elsewhere.example.net/x"),
    "validation",
    "sparql",
    "recherche?q=livre",
    "doc/nothing",
    "describe",
]
BOOK = [
    "",
    "def",
    "shapes",
    "validation",
    "sparql",
    "catalog.html",
    ".well-known/void",
    "doc/table/initiatives",
    "doc/distribution/solnum-vocabulary",
    "doc/dataset/solnum",
    "doc/book/solidarites-numeriques",
    "doc/chapter/2",
    "doc/section/2-3",
    "initiatives",
    "donnees",
    "a-propos",
    "accessibilite",
    "mentions-legales",
    "plan-du-site",
    "carte",
    "recherche?q=acces+internet",
    "initiatives?region=place/region-11&q=internet",
    "initiatives?theme=nonsense",
]
VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclass
class Element:
    """A start tag as it stands in a page, with the text inside it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """What a browser, a crawler and a screen reader look at."""

    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        """Return the elements of these tags."""
        return [element for element in self.elements if element.tag in tags]

    def values(self, attribute: str) -> list[str]:
        """Return every value of an attribute."""
        return [element.attributes[attribute] for element in self.elements if attribute in element.attributes]

    def one(self, tag: str) -> Element:
        """Return the only element of a tag."""
        (found,) = self.all(tag)
        return found

    def references(self) -> list[str]:
        """Return every address that the page leads to or loads."""
        return [*self.values("href"), *self.values("src"), *self.values("action")]


def page_of(client: httpx.Client, path: str, language: str = "fr", *, asked: bool = False) -> Page:
    """Return the page at a path, as a browser of a language gets it, or (asked) as ``?lang`` does."""
    joint = "&" if "?" in path else "?"
    headers = {"accept": FIREFOX} if asked else {"accept": FIREFOX, "accept-language": language}
    answer = client.get(f"{path}{joint}lang={language}" if asked else path, headers=headers)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == language
    return parse(answer.text)


def parse(text: str) -> Page:
    """Parse a page; every element must be closed in its place."""
    page = Page()
    page.feed(text)
    page.close()
    return page


CHECKED: dict[str, set[str]] = {}
"""The identifiers of each address that was found to answer, so that each is asked for once."""

EACH = pytest.mark.parametrize(
    ("fixture", "path"), [*(("http", path) for path in SMALL), *(("book_http", path) for path in BOOK)]
)


@pytest.fixture
def client(request: pytest.FixtureRequest, fixture: str) -> httpx.Client:
    found: httpx.Client = request.getfixturevalue(fixture)
    return found


@EACH
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_page_is_html_without_a_parse_error(client: httpx.Client, path: str, language: str) -> None:
    text = client.get(path, headers={"accept": FIREFOX, "accept-language": language}).text
    parser = html5rdf.HTMLParser()
    parser.parse(text)
    assert not parser.errors
    assert text.startswith("<!DOCTYPE html>\n")


@EACH
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_page_has_a_language_a_title_one_heading_and_landmarks(
    client: httpx.Client, path: str, language: str
) -> None:
    page = page_of(client, path, language)
    assert page.one("html").attributes["lang"] == language
    assert page.all("title")[0].text.strip()  # a drawing names its links by title as well
    assert page.one("h1").text.strip()
    assert page.one("main").attributes["id"] == "main"
    assert page.all("header", "nav", "footer")
    assert all(element.attributes.get("aria-label") for element in page.all("nav"))
    assert next(e for e in page.elements if e.tag == "a").attributes["href"] == "#main"  # the way past the menu
    levels = [int(e.tag[1]) for e in page.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@EACH
def test_identifiers_are_unique_and_references_to_them_hold(client: httpx.Client, path: str) -> None:
    page = page_of(client, path)
    counts = Counter(page.values("id"))
    assert not [name for name, count in counts.items() if count > 1 or not name or " " in name]
    named = {name for value in page.values("aria-labelledby") for name in value.split()}
    assert named <= set(counts)
    assert set(page.values("for")) <= set(counts)
    assert {href[1:] for href in page.values("href") if href.startswith("#")} <= set(counts)


@EACH
def test_every_link_is_absolute_and_of_a_harmless_scheme(client: httpx.Client, path: str) -> None:
    for address in page_of(client, path).references():
        assert address.startswith(("#", "http://", "https://", "mailto:", "tel:")), address


@EACH
def test_nothing_in_a_page_runs(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"accept": FIREFOX})
    page = parse(answer.text)
    assert not page.all("iframe", "object", "embed", "base", "style")
    for script in page.all("script"):  # a file of ours, or data
        ours = script.attributes.get("src", "").startswith(f"{client.base_url}static/") and not script.text
        assert ours or script.attributes.get("type") in {"application/ld+json", "application/json"}
    assert not [e for e in page.elements if any(name.startswith("on") or name == "style" for name in e.attributes)]
    if answer.status_code == 200:
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"


@EACH
def test_a_page_loads_nothing_from_elsewhere(client: httpx.Client, path: str) -> None:
    page = page_of(client, path)
    loaded = [e.attributes["href"] for e in page.all("link") if e.attributes.get("rel") == "stylesheet"]
    assert {client.get(address).status_code for address in loaded} == {200}
    assert all(address.startswith(str(client.base_url)) for address in [*loaded, *page.values("src")])


@EACH
def test_form_fields_have_labels_and_links_have_text(client: httpx.Client, path: str) -> None:
    page = page_of(client, path)
    labelled = set(page.values("for"))
    fields = [e for e in page.all("textarea", "select", "input") if e.attributes.get("type") != "hidden"]
    assert all(e.attributes.get("id") in labelled for e in fields)
    assert all(e.text.strip() for e in page.all("a", "button", "th", "label", "dt", "h1", "h2", "h3"))


@EACH
def test_the_other_language_is_one_link_away_and_back(client: httpx.Client, path: str) -> None:
    page = page_of(client, path, "fr")
    (switch,) = [e for e in page.all("a") if e.attributes.get("hreflang") == "en"]
    assert switch.attributes["lang"] == "en"
    answer = client.get(switch.attributes["href"], headers={"accept": FIREFOX, "accept-language": "fr"})
    english = parse(answer.text)
    assert english.one("html").attributes["lang"] == "en"
    (back,) = [e for e in english.all("a") if e.attributes.get("hreflang") == "fr"]
    returned = client.get(back.attributes["href"], headers={"accept": FIREFOX, "accept-language": "en"})
    assert parse(returned.text).one("h1").text == page.one("h1").text


@EACH
def test_a_language_that_was_asked_for_is_carried_on(client: httpx.Client, path: str) -> None:
    base = str(client.base_url)
    page = page_of(client, path, "en", asked=True)
    left = {f".{suffix}" for suffix in RDF_SUFFIXES}
    for element in page.all("a"):
        href = element.attributes["href"]
        target = urlsplit(href)
        is_file = "/dumps/" in href or "type" in element.attributes or any(target.path.endswith(end) for end in left)
        if href.startswith(base) and not is_file and "hreflang" not in element.attributes:
            assert parse_qs(target.query).get("lang") == ["en"], href


@EACH
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_link_of_a_page_into_the_site_answers(client: httpx.Client, path: str, language: str) -> None:
    base = str(client.base_url)
    ids = CHECKED
    for href in sorted(set(page_of(client, path, language).references())):
        if not href.startswith(base) or href.endswith(".jsonld"):  # dear to compute, and tested with its like
            continue
        address, _, fragment = href.partition("#")
        if address not in ids:
            answer = client.get(address, headers={"accept": FIREFOX}, follow_redirects=True)
            assert answer.status_code in {200, 410} or path in {"doc/nothing", "describe"}, href
            is_page = answer.headers["content-type"].startswith("text/html")
            ids[address] = set(parse(answer.text).values("id")) if is_page else set()
        assert not fragment or fragment in ids[address], href


# -- what a page says --------------------------------------------------------------------------------------------------


def test_a_page_shows_labels_types_values_and_inverse_links(http: httpx.Client) -> None:
    page = page_of(http, "doc/book")
    links = {e.attributes["href"]: e.text for e in page.all("a")}
    assert page.one("h1").text == "Le livre"
    assert page_of(http, "doc/book", "en").one("h1").text == "The book"
    assert links[f"{http.base_url}doc/chapter/1"] == "Chapitre \u00ab un \u00bb"
    assert links[f"{http.base_url}doc/caf%C3%A9/%C3%A0%2Fb"] == "Accents"  # it mentions the book
    assert "47" in page.one("main").text
    assert "Another's IRI" in page.one("main").text


def test_a_page_offers_downloads_provenance_and_licence(http: httpx.Client) -> None:
    page = page_of(http, "doc/book")
    hrefs = page.values("href")
    assert {f"{http.base_url}doc/book.{suffix}" for suffix in RDF_SUFFIXES} <= set(hrefs)
    assert f"{http.base_url}doc/graph/things" in hrefs
    assert "https://www.etalab.gouv.fr/licence-ouverte-open-licence" in hrefs
    assert f"{http.base_url}id/book" in [e.text for e in page.all("code")]


def test_the_home_page_among_values_is_called_by_the_title_of_the_dataset(book_http: httpx.Client) -> None:
    home = str(book_http.base_url)
    title = page_of(book_http, "").one("h1").text
    query = f"SELECT ?home {{ BIND(<{home}> AS ?home) }}"
    for path in ("catalog.html", sparql(query)):
        links = {e.attributes["href"]: e.text for e in page_of(book_http, path).all("a")}
        assert links[home + describe(home)[1:]] == title, path


@pytest.mark.parametrize("path", ["doc/book/solidarites-numeriques", "catalog.html", ".well-known/void"])
def test_the_size_of_a_download_is_that_of_what_its_address_serves(book_http: httpx.Client, path: str) -> None:
    text = book_http.get(path, headers={"accept": FIREFOX, "accept-language": "en"}).text
    links = re.findall(r'<li><a href="([^"]+)" type="[^"]+">[^<]+ <small>\(([^)]+)\)', text)
    assert {address.rpartition(".")[2] for address, _ in links} == set(RDF_SUFFIXES)
    for address, size in links:
        assert size == size_text(len(book_http.get(address).content), "en"), address


@pytest.mark.parametrize(("language", "said"), [("fr", "0 résultat"), ("en", "0 results")])
def test_nothing_is_counted_as_the_language_does(http: httpx.Client, language: str, said: str) -> None:
    page = page_of(http, "recherche?q=xyzzyx", language)
    assert said in [e.text.partition(".")[0] for e in page.all("p") if e.attributes.get("role") == "status"]


def test_text_of_the_data_is_escaped(http: httpx.Client) -> None:
    answer = http.get("doc/script", headers={"accept": "text/html"})
    assert parse(answer.text).one("h1").text == "<script>alert(1)</script>"
    assert "javascript:alert(1)" in answer.text  # as text
    assert not [href for href in parse(answer.text).references() if href.lower().startswith("javascript")]
    assert '1, rue "A" & <B>' in parse(http.get("doc/chapter/2", headers={"accept": "text/html"}).text).one("main").text


def test_words_in_another_language_say_so(http: httpx.Client) -> None:
    page = page_of(http, "doc/chapter/1", "en")
    assert page.one("h1").attributes["lang"] == "fr"


def test_a_long_list_is_counted_and_goes_on(http: httpx.Client) -> None:
    page = page_of(http, "doc/topic", "en")
    assert "2,500" in page.one("main").text
    (following,) = [e.attributes["href"] for e in page.all("a") if e.attributes.get("rel") == "next"]
    shown = {e.attributes["href"] for e in page.all("a") if "/doc/item/" in e.attributes["href"]}
    more = {
        e.attributes["href"] for e in page_of(http, following, "en").all("a") if "/doc/item/" in e.attributes["href"]
    }
    assert len(shown) == len(more) == 100
    assert not shown & more


def test_pages_of_the_book_show_names_not_prefixed_names(book_http: httpx.Client) -> None:
    """Identifiers that others give (``wd:`` and the like) have no name in the data; every term that we use has one."""
    found = set()
    for path in [*resources_of(book_http), "", "shapes"]:
        for language in ("fr", "en"):
            shown = [e.text.strip() for e in page_of(book_http, path, language).all("dt", "a", "h1", "h2", "h3")]
            found |= {
                (text, path) for text in shown if text.startswith(("schema:", "sn:", "dcterms:", "skos:", "rdfs:"))
            }
    assert not found


def test_findings_are_told_in_the_readers_language(book_http: httpx.Client) -> None:
    french, english = (page_of(book_http, "validation", language).one("main").text for language in ("fr", "en"))
    assert "Donnez la valeur qui manque." in french and "State the missing value." not in french
    assert "State the missing value." in english
    assert "5 avertissements" in page_of(book_http, "donnees").one("main").text


def test_whoever_meets_a_barrier_is_told_whom_to_tell(book_http: httpx.Client) -> None:
    page = page_of(book_http, "accessibilite")
    assert "dites-le à qui publie ce site" in page.one("main").text
    publisher = next(e.attributes["href"] for e in page.all("a") if e.text == "Projet solnum-ld")
    assert book_http.get(publisher, headers={"accept": FIREFOX}).status_code == 200


def test_the_site_map_tells_classes_of_one_name_apart(book_http: httpx.Client) -> None:
    page = page_of(book_http, "plan-du-site")
    classes = [
        e.text for e in page.all("a") if "describe?iri=" in e.attributes["href"] or "/def#" in e.attributes["href"]
    ]
    assert "commune igeo:Commune" in classes and "chapitre" in classes
    assert len(classes) == len(set(classes))


def test_an_example_query_is_shown_in_lines_and_can_be_run(book_http: httpx.Client) -> None:
    page = page_of(book_http, "doc/query/anciennes-regions")
    run = next(e.attributes["href"] for e in page.all("a") if e.text == "Exécuter cette requête")
    query = parse_qs(urlsplit(run).query)["query"][0]
    assert query in [e.text for e in page.all("span") if e.attributes.get("class") == "lines"]
    assert book_http.get(run, headers={"accept": "text/csv"}).text.count("\n") > 1


def test_facts_are_told_once_and_in_words(book_http: httpx.Client) -> None:
    theme = [e.text.strip() for e in page_of(book_http, "doc/theme/habitat-social").all("dt")]
    assert "dans le schéma" in theme and not {"concept de tête de", "dans l’ensemble de termes"} & set(theme)
    scheme = [e.text.strip() for e in page_of(book_http, "doc/scheme/axes").all("dt")]
    assert any(name.startswith("concept de tête") for name in scheme)
    dataset = page_of(book_http, "doc/dataset/initiatives")
    assert "latitude 43,29695° à 50,63623°, longitude −4,49959° à 7,76208°" in [e.text for e in dataset.all("span")]
    assert "identifiant" not in [e.text.strip() for e in dataset.all("dt")]
    table = {e.attributes["href"]: e.text for e in page_of(book_http, "doc/table/initiatives").all("a")}
    assert table[f"{book_http.base_url}dumps/initiatives.csv"] == "dumps/initiatives.csv"


def test_an_empty_or_unknown_language_is_no_language(http: httpx.Client) -> None:
    for value in ("", "de", "<b>", "fr-FR"):
        answer = http.get("doc/book", params={"lang": value}, headers={"accept": "text/html"})
        assert answer.headers["content-language"] == "fr"
        assert "<b>" not in answer.text


def test_the_page_of_a_place_or_theme_gathers_what_belongs_to_it_once(book_http: httpx.Client) -> None:
    page = page_of(book_http, "doc/place/region-53")
    links = [e.attributes["href"] for e in page.all("a")]
    assert f"{book_http.base_url}initiatives?region=place%2Fregion-53" in links
    assert f"{book_http.base_url}doc/initiative/papi-brest" in links
    headings = [e.text for e in page_of(book_http, "doc/organization/villes-internet").all("h2")]
    assert not [text for text in headings if text.startswith("Questions")]  # a fact of its own says it


def test_a_value_of_another_filter_is_none_of_this_one_on_the_map_either(book_http: httpx.Client) -> None:
    asked = "liste=initiatives&theme=chapter%2F2&region=place%2Fregion-53&lang=fr"
    page = page_of(book_http, f"carte?{asked}")
    (link,) = [e for e in page.all("a") if e.text == "Retirer ce filtre"]
    assert link.attributes["href"] == f"{book_http.base_url}carte?region=place%2Fregion-53&liste=initiatives&lang=fr"
    assert [e.text for e in page.all("p") if "n’a pas de valeur" in e.text]
