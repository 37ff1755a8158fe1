"""The documentation cannot rot: what a user can set, call or run stands in README."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from typer.main import get_command

from release.building import LABEL, build_into, rules_of, write
from solnum_ld.cli import app
from solnum_ld.web import about, atlas, catalog, crawlers, downloads, health, oai, resources, search, sparql
from support import ROOT

README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
SERVE = {
    option: parameter for parameter in COMMANDS["serve"].params for option in parameter.opts if option.startswith("--")
}
UNLISTED = {"--build", "--shacl", "--help"}
ROUTES = sorted(
    {
        re.sub(r"\{.*", "", route.path).rstrip("/.") or "/"
        for module in (about, atlas, catalog, crawlers, downloads, health, oai, search, resources)
        for route in module.router.routes
        if route.include_in_schema  # type: ignore[attr-defined]
    }
    | {sparql.PATH}
)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_stands_in_the_readme(name: str) -> None:
    assert f"solnum-ld {name}" in README


@pytest.mark.parametrize("option", sorted(SERVE.keys() - UNLISTED))
def test_every_option_of_serve_stands_in_the_readme(option: str) -> None:
    assert f"`{option}`" in README


@pytest.mark.parametrize("name", sorted(p.envvar for p in SERVE.values() if p.envvar))
def test_every_environment_variable_stands_in_the_readme(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_stands_in_the_readme(route: str) -> None:
    assert f"`{route}" in README


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_a_summary(name: str) -> None:
    assert COMMANDS[name].help


def test_every_dependency_has_its_reason_in_the_readme() -> None:
    declared = re.search(
        r"^dependencies = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert declared is not None
    names = re.findall(r'"([a-z]+)', declared[1])
    assert names
    assert [name for name in names if name not in README.partition("| dependency | for |")[2]] == []


def test_the_lock_files_have_hashes_and_no_address() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text("utf-8")
        assert "://" not in text
        pins = re.findall(r"^[a-z0-9-]+==", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^[a-z0-9-]+==[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE))


def test_no_path_of_a_machine_stands_in_the_project() -> None:
    suspicious = re.compile(r"(?:^|[^\w])/(?:home|root|Users)/")
    files = [
        p
        for folder in ("src", "ontology", "data", "shapes", "bench")
        for p in (ROOT / folder).rglob("*")
        if p.is_file()
    ]
    texts = {
        p: p.read_text("utf-8", errors="replace")
        for p in files
        if p.suffix in {".py", ".ttl", ".md", ".rq", ".jsonld", ".html"}
    }
    assert [str(p.relative_to(ROOT)) for p, text in texts.items() if suspicious.search(text)] == []


def test_the_catalogue_to_begin_with_leaves_nothing_to_object_to(tmp_path: Path) -> None:
    """As README gives it: no default is taken, and no portal would lose anything."""
    lines = README.partition("A `catalog.ttl` that no portal")[2].split("\n\nThe catalogue is derived")[0].splitlines()
    thing = f'<https://museum.example.org/id/vase> <{LABEL}> "Vase"@fr .\n'
    source = write(tmp_path / "source", {"catalog.ttl": textwrap.dedent("\n".join(lines[1:])), "a.ttl": thing})
    built = build_into(tmp_path / "releases", source, "https://data.example-museum.fr/", contact="team@museum.fr")
    assert built.release.manifest.dataset.title["fr"] == "Les vases du musée"
    assert {rule for _, rule in rules_of(built.findings)} <= {"served-elsewhere"}
