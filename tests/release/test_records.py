"""Records: which resources are, in which sets, and what the ledger tells of their time through releases, faults and rollbacks."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from building import LABEL, SPACE, catalog, labelled, write
from building import build_into as build_validated

from solnum_ld.errors import ReleaseBusy
from solnum_ld.ledger import DATASETS, Entry, Ledger
from solnum_ld.release.folder import ReleaseFolder
from solnum_ld.release.pipeline import Built

TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
CHAPTER = "https://schema.org/Chapter"
SETS = f"""\
@prefix void: <http://rdfs.org/ns/void#> .
<{SPACE}dataset/small/chapter> a void:Dataset ; void:class <{CHAPTER}> ; <http://purl.org/dc/terms/identifier> "chapter" ;
  <{LABEL}> "Chapters"@en, "Chapitres"@fr .
"""


def build_into(releases: Path, source: Path) -> Built:
    return build_validated(releases, source, shacl=False)


def typed(name: str, label: str = "Chose") -> str:
    return labelled(name, label) + f"<{SPACE}id/{name}> <{TYPE}> <{CHAPTER}> .\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    files = {"catalog.ttl": catalog(), "a.ttl": typed("a") + typed("b") + labelled("place"), "sets.ttl": SETS}
    return write(tmp_path / "source", files)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two releases; of the records a, b and small, b is gone in the second."""
    place = tmp_path_factory.mktemp("twice")
    files = {"catalog.ttl": catalog(), "a.ttl": typed("a") + typed("b") + labelled("place"), "sets.ttl": SETS}
    build_into(place / "r", write(place / "source", files))
    build_into(place / "r", write(place / "source", {"a.ttl": typed("a")}))
    return place / "r"


@pytest.fixture
def releases(twice: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be broken."""
    return Path(shutil.copytree(twice, tmp_path / "r", symlinks=True))


@pytest.fixture(autouse=True)
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look at the clock be a minute later than the one before, from 2026-01-01T00:00:00Z on."""
    seconds = itertools.count(1_767_225_600, 60)
    monkeypatch.setattr(time, "time", lambda: float(next(seconds)))


def records(releases: Path, name: str = "") -> dict[str, Entry]:
    """Return the records of a list by the ends of their IRIs."""
    with Ledger(releases / "ledger.sqlite") as ledger:
        span = ledger.span(name, None, None)
        return {e.iri.rpartition("/")[2]: e for e in ledger.page(span, span.first, 10_000)} if span else {}


def sets(releases: Path) -> list[tuple[str, str]]:
    with Ledger(releases / "ledger.sqlite") as ledger:
        return [(one.spec, one.name) for one in ledger.sets()]


def test_the_members_of_declared_sets_and_the_datasets_are_records(source: Path, tmp_path: Path) -> None:
    build_into(tmp_path / "r", source)
    found = records(tmp_path / "r")
    assert {name: entry.sets for name, entry in found.items()} == {"a": ("chapter",), "b": ("chapter",), "small": ("dataset",)}  # fmt: skip
    assert list(records(tmp_path / "r", DATASETS)) == ["small"]
    assert dict(sets(tmp_path / "r"))["chapter"] == "Chapitres"


def test_without_a_declaration_everything_is_a_record_and_every_class_a_set(source: Path, tmp_path: Path) -> None:
    (source / "sets.ttl").unlink()
    with (source / "a.ttl").open("a") as more:
        more.write(f"<{SPACE}id/a> <{TYPE}> <http://other.example.net/Chapter> .\n")
    build_into(tmp_path / "r", source)
    found = records(tmp_path / "r")
    assert set(found) == {"a", "b", "place", "small"}
    assert found["place"].sets == ()
    assert len(found["a"].sets) == 2
    assert found["b"].sets[0] in found["a"].sets
    names = [spec for spec, _ in sets(tmp_path / "r")]
    assert len(names) == len(set(names)) == 3  # two classes of one name, and the datasets


def test_a_record_is_dated_by_the_release_in_which_it_changed(source: Path, tmp_path: Path) -> None:
    build_into(tmp_path / "r", source)
    first = records(tmp_path / "r")
    write(source, {"a.ttl": typed("a") + typed("b", "autre") + typed("c") + labelled("place")})
    build_into(tmp_path / "r", source)
    second = records(tmp_path / "r")
    assert second["a"] == first["a"]
    assert second["b"].stamp == second["c"].stamp > first["b"].stamp
    assert second["small"].stamp == second["b"].stamp  # a dataset changes with its content


def test_what_is_gone_stays_as_deleted_in_its_sets_and_may_come_back(source: Path, tmp_path: Path) -> None:
    old = build_into(tmp_path / "r", source).release
    write(source, {"a.ttl": typed("a")})
    new = build_into(tmp_path / "r", source).release
    found = records(tmp_path / "r")
    assert (found["b"].deleted, found["b"].sets) == (True, ("chapter",))
    assert "place" not in found  # it was no record
    folder = ReleaseFolder(tmp_path / "r")
    folder.activate(old)
    back = records(tmp_path / "r")
    assert not back["b"].deleted
    assert back["b"].stamp > found["b"].stamp
    folder.activate(new)
    assert records(tmp_path / "r")["b"].deleted


def test_what_is_a_record_no_longer_is_deleted_though_it_is_still_described(source: Path, tmp_path: Path) -> None:
    build_into(tmp_path / "r", source)
    write(source, {"a.ttl": typed("a") + labelled("b") + labelled("place")})
    build_into(tmp_path / "r", source)
    found = records(tmp_path / "r")
    assert (found["b"].deleted, found["b"].sets) == (True, ("chapter",))
    other = typed("a") + labelled("b", "autre") + labelled("place")  # what is deleted has no date of change
    write(source, {"a.ttl": other, "sets.ttl": SETS.replace(CHAPTER, "https://schema.org/Book")})
    build_into(tmp_path / "r", source)
    again = records(tmp_path / "r")
    assert (again["a"].deleted, again["b"]) == (True, found["b"])
    with Ledger(tmp_path / "r/ledger.sqlite") as ledger:
        assert ledger.departed(again["a"].iri) is None


def test_a_dataset_that_is_gone_is_still_told_apart(source: Path, tmp_path: Path) -> None:
    extra = f'<{SPACE}dataset/more> <{TYPE}> <http://www.w3.org/ns/dcat#Dataset> ; <{LABEL}> "More"@en .\n'
    write(source, {"more.ttl": extra})
    build_into(tmp_path / "r", source)
    (source / "more.ttl").unlink()
    build_into(tmp_path / "r", source)
    assert records(tmp_path / "r", DATASETS)["more"].deleted


def test_another_state_of_the_history_has_another_name(source: Path, tmp_path: Path) -> None:
    states = []
    old = build_into(tmp_path / "r", source).release
    write(source, {"a.ttl": typed("a")})
    for step in (
        lambda: None,
        lambda: build_into(tmp_path / "r", source),
        lambda: ReleaseFolder(tmp_path / "r").activate(old),
    ):
        step()
        with Ledger(tmp_path / "r/ledger.sqlite") as ledger:
            states.append(ledger.state)
    assert len(set(states)) == 3


def test_time_never_runs_backwards(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_into(tmp_path / "r", source)
    before = max(entry.stamp for entry in records(tmp_path / "r").values())
    monkeypatch.setattr(time, "time", lambda: 0.0)
    write(source, {"a.ttl": typed("a", "autre")})
    build_into(tmp_path / "r", source)
    assert records(tmp_path / "r")["a"].stamp >= before


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_a_ledger_that_is_lost_or_broken_is_made_anew(releases: Path, content: bytes | None) -> None:
    before, path = records(releases), releases / "ledger.sqlite"
    path.unlink() if content is None else path.write_bytes(content)
    ReleaseFolder(releases).ensure_ledger()
    assert records(releases) == before


def test_what_a_crash_kept_from_the_history_is_written_down_at_the_next_start(releases: Path) -> None:
    folder = ReleaseFolder(releases)
    old = folder.before_current()
    (releases / "current").unlink()
    (releases / "current").symlink_to(old.path.name)  # the link was switched, and then the power went
    assert records(releases)["b"].deleted
    folder.ensure_ledger()
    assert not records(releases)["b"].deleted
    assert folder.live_since()[-1][1] == old.id


def test_nothing_is_written_while_a_build_is_at_work(releases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        raise ReleaseBusy("another build")

    (releases / "ledger.sqlite").unlink()
    monkeypatch.setattr(ReleaseFolder, "exclusive", busy)
    ReleaseFolder(releases).ensure_ledger()
    assert not (releases / "ledger.sqlite").exists()


@pytest.mark.parametrize(
    "content", [None, b"{broken}\n", b'{"at": "2026-01-01T00:00:00Z", "event": "new"}\n', b"[1]\n"]
)
def test_a_history_that_is_lost_or_broken_is_made_anew_from_the_releases(releases: Path, content: bytes | None) -> None:
    history = releases / "history.jsonl"
    history.unlink() if content is None else history.write_bytes(content)
    (releases / "ledger.sqlite").unlink()
    ReleaseFolder(releases).ensure_ledger()
    found = records(releases)
    assert (found["a"].deleted, found["b"].deleted) == (False, True)
    assert [json.loads(line)["event"] for line in history.read_text().splitlines()].count("live") == 2


def test_two_spellings_of_one_address_are_two_records(source: Path, tmp_path: Path) -> None:
    write(source, {"a.ttl": typed("café") + typed("caf%C3%A9")})
    build_into(tmp_path / "r", source)
    found = [entry.identifier for entry in records(tmp_path / "r", "chapter").values()]
    assert len(set(found)) == 2
