"""A build that is killed, that finds no room, or that is not alone: what is served stays whole, and the next build succeeds."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from release.building import (
    GOOD,
    LOCAL,
    assert_served_release_is_whole,
    assert_whole,
    build_into,
    catalog,
    labelled,
    write,
)
from solnum_ld.errors import ReleaseBusy
from solnum_ld.release.folder import ReleaseFolder
from support import command, environment

INTERRUPTING = Path(__file__).with_name("interrupting.py")
POINTS = 10
SEED = 2011


def source_before(folder: Path) -> Path:
    return write(folder, {"catalog.ttl": catalog(version="1"), "a.ttl": GOOD + labelled("gone")})


def source_after(folder: Path) -> Path:
    lines = "".join(labelled(f"item-{n}", f"Chose {n}") for n in range(300))
    rule = (
        "CONSTRUCT { ?s a <http://x.example.net/Named> } WHERE { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?l }"
    )
    return write(
        folder, {"catalog.ttl": catalog(version="2"), "a.ttl": GOOD, "b.nt": lines, "ontology/rules/r.rq": rule}
    )


def interrupted(point: int, source: Path, releases: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, INTERRUPTING, str(point), source, releases],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        check=False,
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """A source, a folder with its release and that of the state before, and how often a build touches the folder."""
    place = tmp_path_factory.mktemp("interrupted")
    build_into(place / "releases", source_before(place / "source"))
    shutil.copytree(place / "releases", place / "counted", symlinks=True)
    source = source_after(place / "source")
    counted = interrupted(0, source, place / "counted")
    assert counted.returncode == 0, counted.stderr
    return source, place / "releases", int(counted.stdout)


def history_says(releases: Path) -> dict[str, str]:
    """Return the records that are live as the history tells it."""
    known: dict[str, str] = {}
    for line in (releases / "history.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if entry["event"] == "gone":
            del known[entry["iri"]]
        elif entry["event"] in {"new", "changed"}:
            known[entry["iri"]] = entry["hash"]
    return known


def assert_recovers(source: Path, releases: Path, before: str) -> None:
    served = assert_served_release_is_whole(releases)
    for release in ReleaseFolder(releases).releases():
        assert_whole(release.path)
    built = build_into(releases, source, keep=1)
    assert served in {before, built.release.id}
    assert assert_served_release_is_whole(releases) == built.release.id
    assert (
        build_into(releases, source, keep=1, force=True).release.id == built.release.id
    )  # it also clears what is left
    assert assert_served_release_is_whole(releases) == built.release.id
    assert not [path.name for path in releases.iterdir() if path.name.startswith((".building", ".current"))]
    records = dict(line.split("\t") for line in (built.release.path / "records.tsv").read_text("utf-8").splitlines())
    assert history_says(releases) == records


@pytest.mark.parametrize("number", range(POINTS))
def test_a_build_killed_at_any_point_leaves_a_whole_release_and_the_next_succeeds(
    number: int, prepared: tuple[Path, Path, int], tmp_path: Path
) -> None:
    source, template, total = prepared
    assert total > 5 * POINTS
    point = random.Random(SEED + number).randint(number * total // POINTS + 1, (number + 1) * total // POINTS)
    releases = tmp_path / "releases"
    shutil.copytree(template, releases, symlinks=True)
    before = os.readlink(releases / "current")
    killed = interrupted(point, source, releases)
    assert killed.returncode == -9, (point, killed.stderr)
    assert_recovers(source, releases, before)


def test_a_build_killed_while_the_store_is_written_leaves_the_live_release(tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    before = build_into(releases, source_before(tmp_path / "source")).release.id
    source = write(tmp_path / "source", {"b.nt": "".join(labelled(f"item-{n}") for n in range(15_000))})
    process = subprocess.Popen(
        command("build", source, "--releases", releases),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=environment(),
    )
    try:
        assert seen(lambda: any(releases.glob(".building-*/store/*")), process)
    finally:
        process.kill()
        process.wait()
    assert os.readlink(releases / "current") == before
    assert any(releases.glob(".building-*"))
    assert_recovers(source, releases, before)


def seen(what: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    """Wait until something is to be seen; False when the process ends first."""
    pause = threading.Event()
    while not what():
        if process.poll() is not None:
            return False
        pause.wait(0.001)
    return True


# -- no room -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def big(tmp_path: Path) -> tuple[Path, Path, str]:
    """A source too big for the room there will be, a folder with a release of a smaller state, and that release."""
    releases = tmp_path / "releases"
    before = build_into(releases, source_before(tmp_path / "source")).release.id
    return (
        write(
            tmp_path / "source",
            {"b.nt": "".join(labelled(f"item-{n}", f"Une chose parmi d'autres, la {n}") for n in range(4000))},
        ),
        releases,
        before,
    )


@pytest.mark.parametrize("kilobytes", [8, 100, 300, 450])
def test_no_room_is_said_in_one_sentence_and_leaves_the_live_release(
    kilobytes: int, big: tuple[Path, Path, str]
) -> None:
    source, releases, before = big
    bound = kilobytes * 1024
    done = subprocess.run(
        command("build", source, "--releases", releases, "--json"),
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bound, bound)),
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "No space left" in json.loads(done.stdout)["error"]
    assert "Traceback" not in done.stderr
    assert assert_served_release_is_whole(releases) == before
    assert not list(releases.glob(".building-*"))
    assert build_into(releases, source).release.id != before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB; only root can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, text=True, check=False
        )
        if shutil.which("mount")
        else None
    )
    if mounted is None or mounted.returncode:
        pytest.skip("a small disk can only be mounted by root; RLIMIT_FSIZE stands in for it above")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_is_said_in_one_sentence_and_leaves_the_live_release(
    small_disk: Path, big: tuple[Path, Path, str]
) -> None:
    source, releases, before = big
    shutil.copytree(releases, small_disk / "releases", symlinks=True)
    done = subprocess.run(
        command("build", source, "--releases", small_disk / "releases"),
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        check=False,
    )
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert assert_served_release_is_whole(small_disk / "releases") == before


def test_a_disk_that_is_full_already_is_said_in_one_sentence(small_disk: Path, big: tuple[Path, Path, str]) -> None:
    source, releases, before = big
    shutil.copytree(releases, small_disk / "releases", symlinks=True)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as out, pytest.raises(OSError, match="No space left"):
        while True:
            out.write(b"x" * 4096)
    done = subprocess.run(
        command("build", source, "--releases", small_disk / "releases"),
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        check=False,
    )
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert assert_served_release_is_whole(small_disk / "releases") == before


# -- not alone -----------------------------------------------------------------------------------------------------------


def test_a_build_beside_another_is_refused_by_name_when_it_may_not_wait(tmp_path: Path) -> None:
    folder = ReleaseFolder(tmp_path / "releases")
    source = write(tmp_path / "source", {"a.ttl": GOOD})
    with folder.exclusive(), pytest.raises(ReleaseBusy, match=f"process {os.getpid()}"):
        build_into(folder.path, source, wait=False)
    assert build_into(folder.path, source, wait=False).fresh


def test_a_build_waits_for_another_and_says_for_whom(tmp_path: Path) -> None:
    folder = ReleaseFolder(tmp_path / "releases")
    source = write(tmp_path / "source", {"a.ttl": GOOD})
    with folder.exclusive():
        process = subprocess.Popen(
            command("build", source, "--releases", folder.path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        assert process.stderr is not None
        said = process.stderr.readline()
    path, _ = process.communicate(timeout=60)
    assert f"process {os.getpid()}" in said
    assert process.returncode == 0
    assert assert_whole(Path(path.strip())) == assert_served_release_is_whole(folder.path)


def test_two_builds_at_once_corrupt_nothing(tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    sources = [
        write(
            tmp_path / f"source-{n}",
            {"catalog.ttl": catalog(), "a.ttl": GOOD, f"{n}.nt": "".join(labelled(f"{n}-{i}") for i in range(500))},
        )
        for n in range(2)
    ]
    builds = [
        subprocess.Popen(
            command("build", source, "--releases", releases, "--base-uri", LOCAL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        for source in sources
    ]
    outputs = [build.communicate(timeout=60) for build in builds]
    assert [build.returncode for build in builds] == [0, 0], outputs
    made = {assert_whole(Path(path.strip())) for path, _ in outputs}
    assert len(made) == 2
    assert assert_served_release_is_whole(releases) in made
    records = dict(line.split("\t") for line in (releases / "current/records.tsv").read_text("utf-8").splitlines())
    assert history_says(releases) == records
