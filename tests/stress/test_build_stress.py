"""Builds under stress: killed at any moment, two at a time over and over, a million triples. ``STRESS_SECONDS`` bounds the whole."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pyoxigraph as ox
import pytest

from release.building import (
    GOOD,
    LABEL,
    LOCAL,
    assert_served_release_is_whole,
    assert_whole,
    build_into,
    catalog,
    labelled,
    write,
)
from solnum_ld.release.folder import ReleaseFolder
from support import command, environment

pytestmark = pytest.mark.stress

SECONDS = float(os.environ.get("STRESS_SECONDS", "600"))
SHARE = SECONDS / 10
"""Seconds for each test that repeats; the others of the stress suite want theirs."""

KILLS = 50
SEED = int(os.environ.get("STRESS_SEED", "2011"))
MILLION = 1_000_000


def source_of(folder: Path, things: int, state: int) -> Path:
    """Write one of many states of a source."""
    lines = "".join(labelled(f"item-{n}", f"Chose {n} {state if n % 7 == 0 else ''}") for n in range(things))
    rule = f"CONSTRUCT {{ ?s a <http://x.example.net/Named> }} WHERE {{ ?s <{LABEL}> ?l }}"
    return write(
        folder,
        {"catalog.ttl": catalog(version=str(state)), "a.ttl": GOOD, "items.nt": lines, "ontology/rules/r.rq": rule},
    )


def start(source: Path, releases: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("build", source, "--releases", releases, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def test_fifty_kills_at_random_moments_never_leave_half_a_release(tmp_path: Path) -> None:
    random_moment = random.Random(SEED)
    releases, source = tmp_path / "releases", tmp_path / "source"
    began = time.monotonic()
    build_into(releases, source_of(source, 3000, 0))
    whole = time.monotonic()
    finished = start(source_of(source, 3000, 1), releases)
    assert finished.wait(timeout=120) == 0
    finished.communicate()
    duration = time.monotonic() - whole
    killed = 0
    for number in range(KILLS):
        if time.monotonic() - began > SHARE:
            break
        source_of(source, 3000, 2 + number)
        before = assert_served_release_is_whole(releases)
        process = start(source, releases, "--keep", "2")
        moment = random_moment.uniform(0.2, 1.1) * duration
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.communicate()
        served = assert_served_release_is_whole(releases)
        for release in ReleaseFolder(releases).releases():
            assert_whole(release.path)
        if number % 5 == 4 or process.returncode == 0:
            built = build_into(releases, source, keep=2)
            assert assert_served_release_is_whole(releases) == built.release.id, (SEED, number, moment)
        else:
            assert served == before or (releases / served / "manifest.json").stat().st_mtime >= whole, (
                SEED,
                number,
                moment,
            )
    assert killed
    last = build_into(releases, source, force=True).release.id
    assert assert_served_release_is_whole(releases) == last
    assert not list(releases.glob(".building-*"))


def test_two_builds_at_once_again_and_again_corrupt_nothing(tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    began, rounds = time.monotonic(), 0
    while rounds < 20 and time.monotonic() - began < SHARE / 2:
        rounds += 1
        sources = [source_of(tmp_path / f"source-{n}", 500, 2 * rounds + n) for n in range(2)]
        builds = [
            start(source, releases, "--base-uri", LOCAL, *(["--no-wait"] if n and rounds % 2 else []))
            for n, source in enumerate(sources)
        ]
        outputs = [build.communicate(timeout=120) for build in builds]
        codes = [build.returncode for build in builds]
        assert 0 in codes, outputs
        assert set(codes) <= {0, 1}, outputs
        for code, (_, said) in zip(codes, outputs, strict=True):
            assert code == 0 or "Another build (process" in said
        made = {Path(path.strip()).name for path, _ in outputs if path.strip()}
        assert assert_served_release_is_whole(releases) in made
    assert rounds > 1


def test_a_million_triples_are_built_whole_and_the_second_build_does_nothing(tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"catalog.ttl": catalog()})
    with (source / "many.nt").open("w", encoding="utf-8") as out:
        for n in range(MILLION // 4):
            iri = f"<http://data.example.org/id/item/{n}>"
            out.write(f'{iri} <{LABEL}> "Chose numéro {n}"@fr .\n')
            out.write(f"{iri} <https://schema.org/about> <http://data.example.org/id/topic/{n % 50}> .\n")
            out.write(f'{iri} <https://schema.org/position> "{n}"^^<http://www.w3.org/2001/XMLSchema#integer> .\n')
            out.write(f"{iri} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://schema.org/Thing> .\n")
    releases = tmp_path / "releases"
    process = start(source, releases)
    path, said = process.communicate(timeout=max(SECONDS, 300))
    assert process.returncode == 0, said
    release = Path(path.strip())
    assert {dump.name for dump in ReleaseFolder(releases).current().manifest.dumps} == {"dataset.nq", "dataset.ttl"}
    store = ox.Store.read_only(str(release / "store"))
    rows = store.query("SELECT (COUNT(*) AS ?n) { ?s <https://schema.org/about> <http://127.0.0.1:8000/id/topic/7> }")
    assert next(iter(rows))["n"].value == "5000"  # type: ignore[arg-type]
    assert assert_whole(release) == release.name
    before = (releases / "fingerprint.json").read_bytes()
    again = start(source, releases)
    assert again.communicate(timeout=60)[0] == path
    assert (releases / "fingerprint.json").read_bytes() == before
    shutil.rmtree(releases)
