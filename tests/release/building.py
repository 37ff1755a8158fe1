"""What the tests of builds need: small sources, builds in this process, and a sharp look at what lies on disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pyoxigraph as ox
from click.testing import Result
from typer.testing import CliRunner

from solnum_ld.cli import app
from solnum_ld.findings import Finding
from solnum_ld.release.folder import ReleaseFolder
from solnum_ld.release.options import BuildOptions
from solnum_ld.release.pipeline import Built, build

LOCAL = "http://127.0.0.1:8000/"
PUBLIC = "https://w3id.org/solnum/"
SPACE = "http://data.example.org/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
GOOD = f'<{SPACE}id/good> <{LABEL}> "Bon"@fr .\n'
FORMATS = {
    "nq": ox.RdfFormat.N_QUADS,
    "nt": ox.RdfFormat.N_TRIPLES,
    "ttl": ox.RdfFormat.TURTLE,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdf": ox.RdfFormat.RDF_XML,
}
FILES_OF_A_RELEASE = {"catalogue", "dumps", "index.sqlite", "manifest.json", "records.tsv", "store", "validation"}

Files = Mapping[str, str | bytes]


def catalog(*, strict: bool = False, version: str = "1.0") -> str:
    """Return a catalog.ttl for sources under SPACE."""
    return f"""\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix void: <http://rdfs.org/ns/void#> .
<{SPACE}dataset/small> a dcat:Dataset ; dcterms:title "Petit jeu"@fr ; dcterms:license <https://licence.example.net/open> ;
  dcat:version "{version}" ; <https://w3id.org/solnum/def#strictSource> {str(strict).lower()} ; void:uriSpace "{SPACE}" .
"""


def labelled(name: str, label: str = "Chose") -> str:
    """Return a line that names a thing."""
    return f'<{SPACE}id/{name}> <{LABEL}> "{label}"@fr .\n'


def write(folder: Path, files: Files) -> Path:
    """Write files below a folder and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def build_into(
    releases: Path, source: Path, base: str = LOCAL, *, force: bool = False, wait: bool = True, **options: object
) -> Built:
    """Build a source in this process."""
    public = str(options.pop("public", base))
    return build(source, ReleaseFolder(releases), BuildOptions(base, public, **options), force=force, wait=wait)  # type: ignore[arg-type]


def rules_of(findings: tuple[Finding, ...] | list[Finding]) -> set[tuple[str, str]]:
    """Return (severity, rule) of each finding."""
    return {(str(finding.severity), finding.rule) for finding in findings}


def triples_of(dump: Path) -> set[ox.Triple]:
    """Return the triples of a dump, whatever its format."""
    return {quad.triple for quad in ox.parse(path=str(dump), format=FORMATS[dump.suffix[1:]])}


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Return what every file below a folder holds."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def assert_whole(release: Path) -> str:
    """Assert that everything a release consists of is there and fits together; return its identity."""
    assert {path.name for path in release.iterdir()} >= FILES_OF_A_RELEASE
    manifest = json.loads((release / "manifest.json").read_text("utf-8"))
    sums = dict(line.split("  ")[::-1] for line in (release / "dumps/SHA256SUMS").read_text().splitlines())
    assert sums == {dump["name"]: dump["sha256"] for dump in manifest["dumps"]}
    for dump in manifest["dumps"]:
        content = (release / "dumps" / dump["name"]).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (dump["sha256"], dump["size"])
    stated = triples_of(release / "dumps/dataset.nq")
    assert len(stated) == manifest["counts"]["triples"]
    store = ox.Store.read_only(str(release / "store"))
    described = {
        quad.triple
        for name in ("catalogue", "statistics")
        for quad in store.quads_for_pattern(None, None, None, ox.NamedNode(f"{manifest['base']}graph/{name}"))
    }
    expected = ox.Store()  # the engine keeps the values of numbers, not how they are written
    expected.bulk_extend(ox.Quad(*triple) for triple in stated | described)
    assert set(store.quads_for_pattern(None, None, None, ox.DefaultGraph())) == set(expected)
    assert {path.name for path in (release / "validation").iterdir()} == {"report.json", "report.ttl", "report.txt"}
    assert release.name == manifest["release"]
    return release.name


def assert_served_release_is_whole(releases: Path) -> str:
    """Assert that ``current`` leads to a whole release; return its identity."""
    return assert_whole(releases / os.readlink(releases / "current"))


def command_line(*arguments: str | Path, locale: str = "C.UTF-8") -> Result:
    """Run the command line in this process, which saves a second of imports; any exception but its own exit passes through."""
    return CliRunner(env={"NO_COLOR": "1", "LC_ALL": locale}).invoke(
        app, [str(argument) for argument in arguments], catch_exceptions=False
    )
