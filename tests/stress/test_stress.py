"""What is random, long or hostile, bounded by STRESS_SECONDS (environment; default 600) in all."""

from __future__ import annotations

import http.client
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from release.building import assert_served_release_is_whole, build_into
from release.test_interrupted import assert_recovers, interrupted, source_after, source_before
from support import ROOT, command, environment, run, serving, write_small

pytestmark = pytest.mark.stress

SECONDS = float(os.environ.get("STRESS_SECONDS", "600"))
LARGE = 1_000_000 if SECONDS >= 300 else 200_000
"""Triples; a short run builds a million elsewhere (test_build_stress.py)."""
KILLS = 50
CUT = 0
SEED = int(os.environ.get("STRESS_SEED", random.SystemRandom().randrange(1_000_000)))


def test_builds_killed_at_random_points_leave_a_whole_release(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    build_into(tmp_path / "template", source_before(tmp_path / "source"))
    shutil.copytree(tmp_path / "template", tmp_path / "counted", symlinks=True)
    source = source_after(tmp_path / "source")
    total = int(interrupted(0, source, tmp_path / "counted").stdout)
    until = time.monotonic() + SECONDS / 3
    for number in range(KILLS):
        if time.monotonic() > until:
            break
        point = chance.randint(1, total)
        releases = tmp_path / f"releases-{number}"
        shutil.copytree(tmp_path / "template", releases, symlinks=True)
        before = os.readlink(releases / "current")
        killed = interrupted(point, source, releases)
        assert killed.returncode == -9, (SEED, number, point, killed.stderr)
        assert_recovers(source, releases, before)
        shutil.rmtree(releases)
    assert number >= 5, "too slow to say anything"


def test_builds_killed_at_random_moments_leave_a_whole_release(tmp_path: Path) -> None:
    chance = random.Random(SEED + 1)
    releases = tmp_path / "releases"
    build_into(releases, source_before(tmp_path / "source"))
    source = source_after(tmp_path / "source")
    until = time.monotonic() + SECONDS / 6
    while time.monotonic() < until:
        arguments = command("build", source, "--releases", releases, "--force")
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
        threading.Event().wait(chance.uniform(0.05, 1.5))
        process.kill()
        process.wait()
        assert_served_release_is_whole(releases)
    assert run("build", source, "--releases", releases, "--force").returncode == 0


def test_a_large_collection_is_built_and_served(tmp_path: Path) -> None:
    source = tmp_path / "source"
    generate = [
        sys.executable,
        str(ROOT / "bench" / "generate.py"),
        "--triples",
        str(LARGE),
        "--out",
        str(source),
        "--shape-free",
    ]
    subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
    with serving(source, tmp_path / "releases") as server:
        query = urllib.parse.quote("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
        with urllib.request.urlopen(f"{server.base}sparql?format=csv&query={query}", timeout=60) as answer:
            assert int(answer.read().split()[1]) >= LARGE


HOSTILE = [
    "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f",
    "SELECT (COUNT(*) AS ?n) { ?a (!<x:y>)* ?b . ?c (!<x:y>)* ?d }",
    "SELECT * { " + "{" * 20_000 + "}" * 20_000 + " }",
    "ASK { FILTER(" + "(" * 20_000 + "true" + ")" * 20_000 + ") }",
    'SELECT (REPLACE(REPLACE("aaaaaaaaaaaaaaaaaaaaaaaa", "a", "bbbbbbbbbbbbbbbbbbbbbbbb"), "b", "cccccccccccc") AS ?x) { ?s ?p ?o }',
]


def test_hostile_queries_end_and_the_service_stays_well(tmp_path: Path) -> None:
    with serving(write_small(tmp_path / "source", hub=2500), tmp_path / "releases", "--query-timeout", "2") as server:

        def ask(query: str) -> int:
            body = urllib.parse.urlencode({"query": query}).encode()
            try:
                with urllib.request.urlopen(f"{server.base}sparql", body, timeout=60) as answer:
                    answer.read()
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                with error:
                    return error.code
            except http.client.HTTPException:  # the time was up in the middle of the answer
                return CUT

        until = time.monotonic() + SECONDS / 6
        with ThreadPoolExecutor(4) as visitors:
            while time.monotonic() < until:
                assert set(visitors.map(ask, HOSTILE)) <= {200, 400, 503, 504, CUT}
                with urllib.request.urlopen(f"{server.base}health/live", timeout=5) as answer:
                    assert answer.status == 200
        assert ask("ASK {}") == 200


def test_no_answer_is_wrong_while_releases_change(tmp_path: Path) -> None:
    source = write_small(tmp_path / "source", hub=10)
    with serving(source, tmp_path / "releases") as server:
        port = server.base.rstrip("/").rpartition(":")[2]
        builder = subprocess.Popen(
            [
                sys.executable,
                "-c",
                (
                    "import subprocess, sys, pathlib\n"
                    "page = pathlib.Path(sys.argv[1]) / 'changing.ttl'\n"
                    "for n in range(6):\n"
                    "    page.write_text(f'<http://data.example.org/id/book> <https://schema.org/version> \"{n}\" .\\n')\n"
                    "    subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
                ),
                str(source),
                *command("build", source, "--releases", tmp_path / "releases", "--port", port),
            ],
            env=environment(),
        )
        answers = 0
        while builder.poll() is None:
            with urllib.request.urlopen(f"{server.base}doc/book.nt", timeout=20) as answer:
                assert b"Le livre" in answer.read()
            answers += 1
        assert builder.returncode == 0
        assert answers > 20
