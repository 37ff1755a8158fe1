"""Both SHACL engines give one report: on every rejected example, on generated data, and on shapes of every kind."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from rdflib import Graph

from shapes.test_shapes import INVALID, SHAPES, VALID, batches, parse, subjects
from solnum_ld.validation import Result, native, reference
from solnum_ld.validation.division import divide_shapes
from solnum_ld.validation.engines import NATIVE_FROM, validate_file
from support import ROOT

pytestmark = pytest.mark.skipif(not native.is_available(), reason="the package shacl has no wheel for this machine")


def told(results: list[Result]) -> Counter[tuple[str | None, ...]]:
    return Counter(
        (r.focus, r.path, r.value if not (r.value or "").startswith("_:") else "_:", r.shape, r.constraint, r.severity)
        for r in results
    )


def both(data: Graph, shapes: Graph, folder: Path) -> tuple[list[Result], list[Result]]:
    """Return what the reference finds, and what is found from a large file of the same triples."""
    file = folder / "data.nt"
    data.serialize(file, format="nt", encoding="utf-8")
    return reference.validate(data, shapes), validate_file(file, NATIVE_FROM, shapes, lambda _: None)


@pytest.fixture(scope="module")
def shapes() -> Graph:
    return parse(SHAPES)


def test_the_native_engine_takes_all_shapes_of_the_book_but_those_it_is_not_known_on(shapes: Graph) -> None:
    divided = divide_shapes(shapes)
    assert divided.shared
    assert len(divided.kept) <= 10, divided.kept


@pytest.mark.parametrize("number", range(len(batches(INVALID))))
def test_rejected_examples_are_reported_alike(number: int, shapes: Graph, tmp_path: Path) -> None:
    batch = batches(INVALID)[number]
    described = set().union(*map(subjects, batch.files))
    company = [file for file in VALID if not subjects(file) & described]
    expected, found = both(parse([*company, *batch.files]), shapes, tmp_path)
    assert expected
    assert told(found) == told(expected)
    assert [r.messages for r in found] == [r.messages for r in expected]


def test_generated_data_with_faults_is_reported_alike(shapes: Graph, tmp_path: Path) -> None:
    generate = [sys.executable, ROOT / "bench" / "generate.py", "--triples", "3000", "--out", tmp_path / "generated"]
    subprocess.run(generate, check=True, capture_output=True)
    data = Graph()
    for file in sorted((tmp_path / "generated" / "data").rglob("*")):
        if file.suffix in {".ttl", ".nt"}:
            data.parse(file)
    for number, triple in enumerate(sorted(data)):
        if number % 7 == 0:  # every seventh statement is lost
            data.remove(triple)
    expected, found = both(data, shapes, tmp_path)
    assert expected
    assert told(found) == told(expected)
