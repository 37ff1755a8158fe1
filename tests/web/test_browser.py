"""Pages in a real browser: axe finds nothing, nothing is asked of other hosts, and people get where they want to go."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
import rdflib
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from solnum_ld.web.html import has_editor
from support import ROOT, Server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = ROOT / "tests" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or not AXE.is_file(), reason="Chromium or axe-core is not installed: run tests/prepare.sh"
)
EDITOR = has_editor()
"""Whether the editor of the query page is installed; the journeys lead through the form all the same."""
OUTLINE = "getComputedStyle(document.activeElement.closest('.CodeMirror') ?? document.activeElement).outlineStyle"
PASTE = """(field, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""
ERROR = "SELECT ?s WHERE {\n  ?s ?p\n}"
BOOK = [
    "",
    "initiatives",
    "carte",
    "recherche?q=acces+internet",
    "sparql",
    "sparql?query=SELECT%20*%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D%20LIMIT%205",
    "sparql?query=SELECT%20%7B",
    "def",
    "validation",
    "donnees",
    "accessibilite",
    "plan-du-site",
    "doc/book/solidarites-numeriques",
    "doc/chapter/3",
    "doc/initiative/kaina-tv",
    "doc/place/75118",
    "doc/theme/habitat-social",
    "doc/nothing-of-the-kind",
]
FOREIGN = [
    "",
    "telescopes",
    "carte",
    "doc/paranal",
    "doc/markup",
    "doc/unbroken",
]
EACH = pytest.mark.parametrize(
    ("fixture", "path"), [*(("book", path) for path in BOOK), *(("foreign", path) for path in FOREIGN)]
)
OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@dataclass
class Visit:
    """One open page, and what it asked for and complained of."""

    page: Page
    base: str
    outside: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page of the site."""
        self.page.goto(self.base + path)

    def axe(self) -> list[str]:
        """Return what axe finds wrong."""
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("options => axe.run(document, options)", OPTIONS)
        return [f"{v['id']}: {n['target']}" for v in found["violations"] for n in v["nodes"]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def pages(browser: Browser) -> Iterator[dict[str, Visit]]:
    """One page a server, kept open: opening one costs more than using it."""
    opened: dict[str, Visit] = {}
    yield opened
    for visit in opened.values():
        visit.page.context.close()


def open_visit(browser: Browser, server: Server, *, scripts: bool = True, **options: object) -> Visit:
    context = browser.new_context(locale="fr-FR", java_script_enabled=scripts, **options)
    page = context.new_page()
    page.set_default_timeout(10_000)
    visit = Visit(page, server.base)
    page.on("request", lambda r: visit.outside.append(r.url) if not r.url.startswith((server.base, "data:")) else None)
    page.on("console", lambda m: visit.said.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: visit.said.append(str(e)))
    return visit


@pytest.fixture
def visit(browser: Browser, pages: dict[str, Visit], request: pytest.FixtureRequest) -> Visit:
    name = request.getfixturevalue("fixture") if "fixture" in request.fixturenames else "book"
    if name not in pages:
        pages[name] = open_visit(browser, request.getfixturevalue(name))
    found = pages[name]
    found.page.set_viewport_size({"width": 1280, "height": 900})
    found.said.clear()
    return found


def box(page: Page) -> Locator:
    """Return the search box, which is one that completes."""
    return page.get_by_role("combobox", name="Rechercher dans les données")


def write_query(page: Page, text: str) -> None:
    """Replace the query: pasted into the editor, or written into the field of the form."""
    field = page.get_by_role("textbox", name="Requête", exact=True)
    if not EDITOR:
        field.fill(text)
        return
    field.click()
    page.keyboard.press("Control+a")
    field.evaluate(PASTE, text)


def query_text(page: Page) -> str:
    """Return the query that the form would send."""
    return page.locator("#query").input_value().strip()


@EACH
def test_axe_finds_nothing_on_wide_and_narrow_screens_and_nothing_scrolls_sideways(
    visit: Visit, fixture: str, path: str
) -> None:
    visit.go(path)
    found = visit.axe()
    visit.page.set_viewport_size({"width": 390, "height": 844})
    found += visit.page.evaluate("options => axe.run(document, options)", OPTIONS)["violations"]
    visit.page.set_viewport_size({"width": 320, "height": 640})
    assert found == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320
    assert visit.outside == []
    assert [text for text in visit.said if "status of 40" not in text] == []


@pytest.mark.parametrize("scheme", ["dark"])
def test_the_dark_scheme_has_contrast_too(browser: Browser, book: Server, scheme: str) -> None:
    visit = open_visit(browser, book, color_scheme=scheme)
    for path in ("", "carte", "recherche?q=acces", "doc/initiative/kaina-tv", "sparql?query=SELECT%20%7B"):
        visit.go(path)
        assert visit.axe() == [], path
    visit.page.context.close()


# -- what people do ----------------------------------------------------------------------------------------------------


def test_from_home_to_an_initiative_of_my_departement(visit: Visit) -> None:
    page = visit.page
    visit.go("")
    page.get_by_role("link", name="Initiatives", exact=True).first.click()
    page.get_by_label("Département").select_option(label="Hérault (2)")
    page.get_by_role("button", name="Filtrer").click()
    assert page.get_by_role("status").inner_text() == "2 résultats"
    page.get_by_role("link", name=re.compile("Kaina TV")).click()
    assert page.get_by_role("link", name="Montpellier").count() >= 1
    page.locator(".switch a").click()
    assert page.url.endswith("/doc/initiative/kaina-tv?lang=en")
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_role("link", name="Initiatives", exact=True).first.click()
    assert page.locator("html").get_attribute("lang") == "en"  # the choice is carried on


def test_search_without_accents_and_with_a_slip(visit: Visit) -> None:
    page = visit.page
    visit.go("")
    box(page).fill("montelimar")
    page.get_by_role("button", name="Rechercher").click()
    assert page.locator(".hits a").first.inner_text() == "Montélimar"
    box(page).fill("Montelimmar")
    page.get_by_role("button", name="Rechercher").click()
    page.get_by_role("link", name="montelimar").click()
    assert page.locator(".hits a").first.inner_text() == "Montélimar"


def test_names_are_completed_while_typing(visit: Visit) -> None:
    page = visit.page
    visit.go("carte")
    with page.expect_response(re.compile("suggestions")):
        box(page).press_sequentially("bres")
    page.wait_for_function("document.querySelectorAll('datalist option').length > 1")
    assert "Brest" in page.locator("datalist option").evaluate_all("all => all.map(o => o.value)")


IN_SIGHT = "() => Math.abs(document.querySelector('#answer').getBoundingClientRect().top) < innerHeight / 2"


def test_an_example_query_is_run_changed_and_downloaded(visit: Visit, book_http: httpx.Client) -> None:
    page = visit.page
    visit.go("sparql")
    page.locator(".examples a").first.click()
    rows = page.locator("tbody tr").count()
    assert rows > 20
    write_query(page, f"{query_text(page)}\nLIMIT 3")
    page.get_by_role("button", name="Exécuter").click()
    assert page.locator(".bar [role=status]").inner_text().startswith("3 lignes")
    page.wait_for_function(IN_SIGHT)
    address = page.get_by_role("link", name="CSV").get_attribute("href")
    answer = book_http.get(address or "")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(answer.text.splitlines()) == 4


def test_a_mistake_in_a_query_is_shown_at_its_place_in_words(visit: Visit) -> None:
    page = visit.page
    visit.go("sparql")
    write_query(page, ERROR)
    page.get_by_role("button", name="Exécuter").click()
    told = page.get_by_role("alert").inner_text()
    assert "ligne 3, colonne 1" in told
    assert page.locator("mark").inner_text() == "}"
    assert query_text(page) == ERROR


def test_the_keyboard_alone_gets_through_a_page_and_out_of_the_form(visit: Visit) -> None:
    page = visit.page
    visit.go("sparql")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    seen = []
    for _ in range(5):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        outline = page.evaluate(OUTLINE)
        assert outline != "none"
    assert seen[0] == ("editor" if EDITOR else "query")
    assert "BUTTON" in seen  # past the text, which does not trap


def test_everything_works_without_scripts(browser: Browser, book: Server) -> None:
    visit = open_visit(browser, book, scripts=False)
    page = visit.page
    visit.go("carte?liste=initiatives")
    page.locator("svg a.marker").nth(0).click()
    assert "/doc/" in page.url or "#lieu-" in page.url
    visit.go("recherche?q=brest")
    page.locator(".hits a").first.click()
    assert page.locator("h1").inner_text() == "Brest"
    page.get_by_role("link", name="Interroger cette fiche").click()
    assert page.locator("tbody tr").count() > 5
    assert page.locator("[data-copy] button").count() == 0
    page.context.close()


def test_an_identifier_is_copied_and_leads_a_machine_to_the_same_thing(browser: Browser, book: Server) -> None:
    visit = open_visit(browser, book, permissions=["clipboard-read", "clipboard-write"])
    page = visit.page
    visit.go("doc/initiative/kaina-tv")
    page.get_by_role("button", name="Copier").click()
    page.get_by_text("Identifiant copié").wait_for()
    iri = page.evaluate("navigator.clipboard.readText()")
    graph = rdflib.Graph().parse(iri)
    assert (rdflib.URIRef(iri), rdflib.RDF.type, rdflib.URIRef("https://w3id.org/solnum/def#Initiative")) in graph
    page.context.close()


def test_every_thing_of_the_map_is_in_its_table_or_beside_it(book_http: httpx.Client, visit: Visit) -> None:
    listed = book_http.get("initiatives.json").json()["items"]
    visit.go("carte?liste=initiatives")
    links = set(visit.page.locator("main a").evaluate_all("all => all.map(a => a.textContent.trim())"))
    assert {item["name"] for item in listed} <= links
    features = json.loads(book_http.get("carte.geojson?liste=initiatives").text)["features"]
    assert {f["properties"]["iri"] for f in features} < {item["iri"] for item in listed}


def test_what_hostile_labels_hold_is_text(browser: Browser, foreign: Server) -> None:
    visit = open_visit(browser, foreign)
    for path in (
        "doc/markup",
        "telescopes",
        "recherche?q=script",
        "carte",
        "telescopes?q=%3Cscript%3E",
    ):
        visit.go(path)
        assert visit.page.evaluate("document.querySelectorAll('main script, main b, main img').length") == 0
        assert visit.page.evaluate("[...document.links].filter(a => a.protocol === 'javascript:').length") == 0
    assert "<script>alert('x')</script>" in visit.page.content().replace("&lt;", "<").replace("&gt;", ">")
    assert visit.said == []
    visit.page.context.close()


def test_a_record_weighs_little(book_http: httpx.Client) -> None:
    headers = {"accept": "text/html", "accept-encoding": "gzip"}
    for path in ("doc/initiative/kaina-tv", "doc/book/solidarites-numeriques", "doc/place/75118"):
        with book_http.stream("GET", path, headers=headers) as answer:
            size = sum(len(block) for block in answer.iter_raw())
        style = re.search(r'href="([^"]+\.css)"', book_http.get(path, headers=headers).text)
        assert style is not None
        with book_http.stream("GET", style[1], headers=headers) as answer:
            size += sum(len(block) for block in answer.iter_raw())
        assert size < 60_000, path
