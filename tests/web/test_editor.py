"""The editor of the query page: it writes into the form, asks no other host, can be left by keyboard, and may be missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from exchange import free_port
from playwright.sync_api import Page, sync_playwright

from solnum_ld.web.html import has_editor
from support import ROOT, Server, environment, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = ROOT / "tests" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ASSETS = ROOT / "deploy" / "assets"
installed = pytest.mark.skipif(
    CHROMIUM is None or not AXE.is_file() or not has_editor(),
    reason="Chromium, axe-core or the editor is not installed: run tests/prepare.sh and make editor",
)


@pytest.fixture(scope="module")
def opened(book: Server) -> Iterator[tuple[Page, list[str]]]:
    """A page of a browser that speaks French, and what it complained of or asked of other hosts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(locale="fr-FR").new_page()
        page.set_default_timeout(10_000)
        wrong: list[str] = []
        page.on("request", lambda r: wrong.append(r.url) if not r.url.startswith((book.base, "data:")) else None)
        page.on("console", lambda m: wrong.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda e: wrong.append(str(e)))
        yield page, wrong
        browser.close()


@pytest.fixture
def page(opened: tuple[Page, list[str]], book: Server) -> Iterator[Page]:
    """The query page with an empty editor that has the focus."""
    page, wrong = opened
    page.goto(f"{book.base}sparql")
    page.get_by_text("Requête", exact=True).click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    yield page
    assert wrong == []


def query_text(page: Page) -> str:
    return page.locator("#query").input_value()


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.id || document.activeElement.tagName")


def proposals(page: Page, *needed: str) -> list[str]:
    """Return what is proposed, once all of ``needed`` is."""
    options = page.get_by_role("listbox", name="Noms proposés").get_by_role("option")
    for text in needed:
        options.filter(has_text=text).first.wait_for()
    return options.all_inner_texts()


@installed
def test_terms_of_the_data_are_proposed_with_their_names_and_prefixes_declared(page: Page) -> None:
    page.keyboard.type("SELECT * {\n?i a sn:Init")
    assert re.match(r"sn:Initiative initiative \(\d+\)", proposals(page, "sn:Initiative")[0])
    page.keyboard.press("Enter")
    page.keyboard.type(" ; schema:nam")
    assert proposals(page, "schema:name")[0].startswith("schema:name nom (")
    page.keyboard.press("Enter")
    page.keyboard.type(" ?name }")
    text = query_text(page)
    assert "PREFIX sn: <https://w3id.org/solnum/def#>" in text
    assert "PREFIX schema: <https://schema.org/>" in text
    assert re.search(r"\?i a sn:Initiative ; schema:name \?name }", text)
    page.keyboard.press("Control+Enter")
    page.get_by_role("status").filter(has_text="27 lignes").wait_for()


@installed
def test_a_word_is_completed_on_demand_by_what_people_call_things(page: Page) -> None:
    page.keyboard.type("SELECT * { ?i a notice")
    assert proposals(page) == []
    page.keyboard.press("Control+Space")
    assert proposals(page, "sn:InitiativeAccount") != []
    page.keyboard.press("Enter")
    assert query_text(page).endswith("?i a sn:InitiativeAccount")


@installed
def test_only_prefixes_of_ours_are_proposed(page: Page) -> None:
    page.keyboard.type("PREFIX s")
    assert "sn: <https://w3id.org/solnum/def#>" in proposals(page, "schema:", "sn:")
    page.keyboard.press("Escape")
    page.keyboard.type("\n\nPREFIX lea")
    page.keyboard.press("Control+Space")
    assert proposals(page) == []


@installed
def test_tab_and_escape_leave_the_editor_and_its_list_by_keyboard(page: Page) -> None:
    page.keyboard.type("SELECT * { ?i a sn:Init")
    proposals(page, "sn:Initiative")
    page.keyboard.press("Escape")  # closes the list
    page.get_by_role("listbox", name="Noms proposés").wait_for(state="detached")
    assert focused(page) == "editor"
    page.keyboard.press("Escape")
    assert focused(page) == "format"
    page.get_by_text("Requête", exact=True).click()
    before = query_text(page)
    page.keyboard.press("Tab")
    assert focused(page) != "editor"
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "editor"
    page.keyboard.press("Shift+Tab")
    assert focused(page) != "editor"
    assert query_text(page) == before


@installed
def test_a_mistake_is_marked_at_its_place_in_the_editor_too(opened: tuple[Page, list[str]], book: Server) -> None:
    page, wrong = opened
    page.goto(f"{book.base}sparql?query=SELECT%20*%20%7B%0A%20%20%22%F0%9F%93%9A%22%20%3Fp%20%7D")
    assert page.locator(".editor .mistake").all_inner_texts() == ["}"]
    assert page.get_by_role("textbox", name="Requête", exact=True).get_attribute("aria-invalid") == "true"
    assert page.locator("#mistake mark").inner_text() == "}"
    wrong[:] = [text for text in wrong if "status of 400" not in text]
    assert wrong == []


@installed
def test_who_prefers_a_plain_field_has_it_with_the_same_text_and_comes_back(page: Page) -> None:
    page.keyboard.type("ASK { ?s ?p 1 }")
    page.get_by_role("button", name="Écrire dans un champ simple").click()
    assert focused(page) == "query"
    page.get_by_role("textbox", name="Requête", exact=True).fill("ASK { ?s ?p 2 }")
    page.get_by_role("button", name="Revenir à l’éditeur").click()
    assert focused(page) == "editor"
    page.keyboard.press("Control+End")
    page.keyboard.type(" # same")
    assert query_text(page) == "ASK { ?s ?p 2 } # same"


@installed
def test_what_is_put_in_by_other_means_than_keys_is_sent(page: Page) -> None:
    page.keyboard.type("ASK { }")
    page.keyboard.press("ArrowLeft")
    page.keyboard.insert_text("?s ?p 1789")
    page.get_by_role("button", name="Exécuter").click()
    page.get_by_role("heading", name="Résultat").wait_for()
    assert query_text(page).strip() == "ASK { ?s ?p 1789}"


@installed
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_editor_with_its_list_open(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.keyboard.type('# a remark\nSELECT * { ?i a "x", 2, <http://a.example/>, sn:Init')
    proposals(page, "sn:Initiative")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("tags => axe.run(document, { runOnly: tags })", RULES)["violations"]
    assert [(v["id"], n["html"]) for v in found for n in v["nodes"]] == []
    assert page.evaluate("localStorage.length") == 0


# -- where it is missing -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bare(book: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the book's release by a copy of the program that has no editor."""
    copied = tmp_path_factory.mktemp("bare")
    shutil.copytree(ROOT / "src" / "solnum_ld", copied / "solnum_ld", ignore=shutil.ignore_patterns("vendor"))
    path = os.pathsep.join(filter(None, [str(copied), os.environ.get("PYTHONPATH", "")]))
    port = free_port()
    options = ["--base-uri", book.base, "--no-build", "--port", str(port)]
    with serving(ROOT, book.releases, *options, PYTHONPATH=path) as running:
        running.base = f"http://127.0.0.1:{port}/"
        yield running


def test_without_the_editor_the_form_serves_and_page_and_log_say_what_is_missing(bare: Server) -> None:
    assert any("the editor of the query page is not installed" in line for line in bare.log)
    patient = httpx.HTTPTransport(retries=5)
    with httpx.Client(
        base_url=bare.base, transport=patient, headers={"accept": "text/html", "accept-language": "fr"}
    ) as client:
        page = client.get("sparql").text
        assert "n’est pas installé" in page
        assert '<textarea id="query"' in page
        assert "yasqe" not in page
        assert "<td>" in client.get("sparql", params={"query": "SELECT * { ?s ?p ?o } LIMIT 1"}).text


def test_a_machine_without_npm_is_told_and_nothing_fails(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import editor; editor.is_there = lambda: False; editor.main()"
    )
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    done = subprocess.run(
        [python, "-c", script, ASSETS], env=environment(PATH=str(tmp_path)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "npm is not installed" in done.stderr


def test_what_is_fetched_is_pinned_by_content_and_names_no_registry() -> None:
    text = (ASSETS / "package-lock.json").read_text("utf-8")
    packages = {name: about for name, about in json.loads(text)["packages"].items() if name}
    assert packages["node_modules/@zazuko/yasqe"]["version"] == "4.6.2"
    assert all(about["integrity"].startswith("sha512-") for about in packages.values())
    assert "resolved" not in text
    assert "://" not in re.sub(r'"url": "[^"]*"', "", text)  # funding


def test_what_is_fetched_is_not_committed() -> None:
    listed = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert "vendor" not in listed
