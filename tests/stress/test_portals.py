"""The portals' own code harvests the catalogue: udata (data.gouv.fr) and ckanext-dcat, where an environment with them is named.

Both want hundreds of packages, so they are not installed for the tests: SOLNUM_UDATA and SOLNUM_CKAN name the Python of an
environment with what ``tests/clients/udata_harvest.py`` and ``ckan_harvest.py`` ask for.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import rdflib
from datasets import MANY, write_many
from rdflib import DCAT, DCTERMS, RDF

from support import ROOT, Server, serving

pytestmark = pytest.mark.stress
UDATA, CKAN = os.environ.get("SOLNUM_UDATA"), os.environ.get("SOLNUM_CKAN")
LICENCE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"


def harvested(python: str | None, script: str, address: str) -> Any:
    """Return what a portal's code makes of the catalogue at an address."""
    command = [str(python), ROOT / "tests" / "clients" / script, address]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.fixture(scope="module")
def catalogue(book_http: httpx.Client) -> rdflib.Graph:
    """What the book's catalogue says."""
    return rdflib.Graph().parse(data=book_http.get("catalog.nt").text, format="nt")


def files(catalogue: rdflib.Graph, dataset: str) -> dict[str, int]:
    """Return the files of a dataset and their sizes, as the catalogue tells them."""
    distributions = catalogue.objects(rdflib.URIRef(dataset), DCAT.distribution)
    return {
        str(address): int(catalogue.value(node, DCAT.byteSize))
        for node in distributions
        if (address := catalogue.value(node, DCAT.downloadURL))
    }


@pytest.mark.skipif(UDATA is None, reason="SOLNUM_UDATA names no Python with udata and mongomock")
@pytest.mark.parametrize("name", ["catalog", "catalog.ttl", "catalog.jsonld", "catalog.rdf"])
def test_udata_keeps_titles_licence_and_files(book: Server, catalogue: rdflib.Graph, name: str) -> None:
    job = harvested(UDATA, "udata_harvest.py", book.base + name)
    assert (job["status"], job["errors"]) == ("done", [])
    datasets = {str(node) for node in catalogue.subjects(RDF.type, DCAT.Dataset)}
    assert set(job["items"]) == datasets | {f"{book.base}service/sparql"}
    for iri, item in job["items"].items():
        assert (item["status"], item["errors"], item["licence"]) == ("done", [], "fr-lo")
        titles = {t.language: str(t) for t in catalogue.objects(rdflib.URIRef(iri), DCTERMS.title)}
        assert item["title"] == titles["fr"]
    for iri in datasets:
        sizes = {address: size for address, (_, _, size) in job["items"][iri]["files"].items() if size}
        assert sizes == files(catalogue, iri)


@pytest.mark.skipif(CKAN is None, reason="SOLNUM_CKAN names no Python with ckan and ckanext-dcat")
@pytest.mark.parametrize("name", ["catalog", "catalog.ttl", "catalog.jsonld", "catalog.rdf"])
def test_ckan_keeps_titles_licence_and_files(book: Server, catalogue: rdflib.Graph, name: str) -> None:
    found = harvested(CKAN, "ckan_harvest.py", book.base + name)
    assert set(found) == {str(node) for node in catalogue.subjects(RDF.type, DCAT.Dataset)}
    for iri, dataset in found.items():
        assert dataset["publisher"] == "solnum-ld"
        titles = {t.language: str(t) for t in catalogue.objects(rdflib.URIRef(iri), DCTERMS.title)}
        assert dataset["title"] == titles["fr"]
        assert {licence for _, _, licence in dataset["files"].values()} == {LICENCE}
        assert {address: size for address, (_, size, _) in dataset["files"].items() if size} == files(catalogue, iri)


@pytest.mark.parametrize(
    ("python", "script"),
    [
        pytest.param(
            UDATA, "udata_harvest.py", marks=pytest.mark.skipif(UDATA is None, reason="SOLNUM_UDATA is not set")
        ),
        pytest.param(CKAN, "ckan_harvest.py", marks=pytest.mark.skipif(CKAN is None, reason="SOLNUM_CKAN is not set")),
    ],
)
def test_portals_walk_all_pages(python: str | None, script: str, tmp_path: Path) -> None:
    with serving(write_many(tmp_path / "source"), tmp_path / "releases", "--contact", "team@example.net") as running:
        found = harvested(python, script, f"{running.base}catalog")
        items = found.get("items", found)
        assert len([iri for iri in items if "/dataset/" in iri]) == MANY
