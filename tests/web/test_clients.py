"""Real clients: what they send by themselves must get them what they want."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import rdflib
from rdflib.namespace import RDFS

from support import ROOT, Server

CLIENTS = ROOT / "tests" / "clients"
NODE, CURL = shutil.which("node"), shutil.which("curl")


def test_rdflib_follows_the_name_of_a_thing_to_its_description(book: Server) -> None:
    iri = rdflib.URIRef(f"{book.base}id/initiative/kaina-tv")
    graph = rdflib.Graph().parse(iri)
    assert any("Kaina TV" in label for label in graph.objects(iri, RDFS.label))


@pytest.mark.skipif(
    NODE is None or not (CLIENTS / "node_modules" / "@comunica").is_dir(),
    reason="Node.js or Comunica is not installed: run tests/prepare.sh",
)
def test_comunica_dereferences_a_thing(book: Server) -> None:
    done = subprocess.run(
        [str(NODE), str(CLIENTS / "comunica.mjs"), f"{book.base}id/initiative/kaina-tv"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=CLIENTS,
    )
    assert done.returncode == 0, done.stderr
    assert any("Kaina TV" in label for label in json.loads(done.stdout))


@pytest.mark.skipif(CURL is None, reason="curl is not installed: run tests/prepare.sh")
def test_a_browser_gets_a_page_and_curl_gets_turtle(book: Server) -> None:
    asked = [str(CURL), "-sL", "-o", "/dev/null", "-w", "%{content_type}", f"{book.base}id/book/solidarites-numeriques"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "text/turtle; charset=utf-8"
    browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    asked[1:1] = ["-H", browser]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "text/html; charset=utf-8"


def test_the_lock_file_of_the_clients_names_no_address() -> None:
    assert "resolved" not in (Path(CLIENTS) / "package-lock.json").read_text("utf-8")
