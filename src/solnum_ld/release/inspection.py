"""Inspect a source: read it whole, check it, validate it. What ``validate`` prints and what ``build`` builds upon."""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyoxigraph as ox
from rdflib import Graph

from solnum_ld.findings import Finding, Severity, violation, warning
from solnum_ld.namespaces import LABELS
from solnum_ld.release.checks import Checker
from solnum_ld.release.context import check_context
from solnum_ld.release.crew import Crew, crew_for
from solnum_ld.release.declared import NO_SPACE, Declared, check_space, read_declared
from solnum_ld.release.derive import check_rules
from solnum_ld.release.locate import Locator, Statement
from solnum_ld.release.portions import divide, survey_portion
from solnum_ld.release.reading import FileReading, read_file
from solnum_ld.release.runs import merge, ranges
from solnum_ld.release.survey import Survey
from solnum_ld.release.tree import Role, SourceFile, SourceTree, size_of, survey_tree
from solnum_ld.validation import Result, check_shapes, validate_file

MAX_OF_A_SHAPE = 200
"""Results of one shape that are told one by one, as of the other rules."""

_REMEDIES = {
    "MinCount": "State the missing value.",
    "MaxCount": "Keep one value.",
    "UniqueLang": "Keep one value for each language.",
    "Datatype": "Write the value with the datatype that the shape names.",
    "Class": "Link a resource of the class that the shape names, or give that resource its type.",
    "NodeKind": "Write an IRI where the shape asks for one, a literal where it asks for that.",
    "Pattern": "Write the value in the form that the shape asks for.",
    "In": "Choose one of the values that the shape lists.",
    "HasValue": "State the value that the shape asks for.",
    "LanguageIn": "Tag the text with one of the languages that the shape lists.",
    "QualifiedMinCount": "State a value of the kind that the shape asks for.",
    "QualifiedMaxCount": "Remove the values that are too many.",
    "MinInclusive": "Correct the number.",
    "MaxInclusive": "Correct the number.",
    "Or": "Meet one of the conditions that the shape lists.",
    "Not": "Remove what the shape forbids.",
}
"""How to mend what a constraint component of SHACL Core finds (SHACL, section 4)."""

_NEWER = re.compile(rb"<<|\{\||--(?:ltr|rtl)\b|rdf:parseType=.Triple|its:dir=")
"""How RDF 1.2 is written in the formats that are read."""

_MAX_LOCATED = 32 * 1024 * 1024


class Reporter(Protocol):
    """Hears how a long piece of work goes on; what it does with it is its own affair."""

    def stage(self, text: str, total: int | None = None) -> None:
        """Begin a stage, of ``total`` units if known."""

    def advance(self, done: int) -> None:
        """Say that ``done`` units of the stage are done in all."""

    def note(self, text: str) -> None:
        """Say something worth reading afterwards."""


class Silent:
    """A reporter that says nothing."""

    def stage(self, text: str, total: int | None = None) -> None:
        """Hear, and say nothing."""

    def advance(self, done: int) -> None:
        """Hear, and say nothing."""

    def note(self, text: str) -> None:
        """Hear, and say nothing."""


@dataclass(slots=True)
class Inspection:
    """A source that was read, and every finding.

    ``parts`` are files that together hold its N-Quads lines, canonical names, sorted, each once; none divides a subject.
    """

    tree: SourceTree
    declared: Declared
    survey: Survey
    parts: list[Path]
    findings: list[Finding]


def graph_prefix(space: str) -> str:
    """Return how the names of a source's graphs begin."""
    return f"{space}graph/"


def own_graph(file: SourceFile, space: str) -> str:
    """Return the graph of what a file states in no graph."""
    folder = "" if file.role is Role.DATA or file.stem.startswith(f"{file.role}/") else f"{file.role}/"
    return graph_prefix(space) + folder + file.stem


def inspect(root: Path, work: Path, reporter: Reporter, *, shacl: bool = True) -> Inspection:
    """Read and check the source under ``root``, with ``work`` for temporary files.

    Raises :class:`~solnum_ld.errors.SourceError` when there is no such folder; everything else is a finding.
    """
    tree = survey_tree(root)
    with crew_for(tree.size) as crew:
        return inspect_tree(tree, work, crew, reporter, shacl=shacl)


def inspect_tree(
    tree: SourceTree, work: Path, crew: Crew, reporter: Reporter, *, shacl: bool = True, base: str = ""
) -> Inspection:
    """Read and check a source, with ``work`` for temporary files; whatever is wrong with it is a finding.

    ``base`` is that under which it is to be published, if any.
    """
    findings = list(tree.findings)
    findings += check_rules(tree.rules, tree.root)
    findings += check_context(tree.context, tree.root) if tree.context else []
    readings = _read_all(tree, work, crew, reporter)
    findings += [finding for reading in readings for finding in reading.findings]
    declared, survey, parts = _collect(tree, readings, work, crew, reporter, base)
    where = Whereabouts(tree, parts)
    wrong = check_space(declared.space)
    catalog = tree.catalog()
    if wrong:
        findings.append(
            violation("uri-space", wrong, "Correct it in catalog.ttl.", file=catalog.name if catalog else None)
        )
    findings += [
        Finding(
            Severity.INFO,
            "default",
            {"en": default.sentence},
            f"Say it in catalog.ttl, of the dcat:Dataset: {default.statement} .",
            file=catalog.name if catalog else None,
        )
        for default in declared.defaults
    ]
    if not survey.quads and tree.files and not any(f.severity is Severity.VIOLATION for f in findings):
        findings.append(warning("empty", "The source has files but not a single triple.", "Is it the right folder?"))
    broken = any(f.severity is Severity.VIOLATION and f.file for f in findings)
    checker = Checker(
        survey,
        strict=declared.strict,
        space=declared.space,
        locate=where.of_term,
        label=where.label,
        blank=where.blank,
    )
    checked = list(checker.run())
    newer = [_newer(file) for file in tree.files if file.name in survey.newer]
    findings += newer
    findings += [
        f for f in checked if not broken or f.rule != "dangling-iri"
    ]  # what a broken file describes is not known
    if shacl and not newer:
        findings += _shacl(tree, survey, parts, work, where, reporter)
    return Inspection(tree, declared, survey, parts, findings)


def _newer(file: SourceFile) -> Finding:
    """Refuse what JSON-LD and RDF/XML, SHACL and clients of RDF 1.1 cannot hold."""
    opener = gzip.open if file.compressed else open
    with opener(file.path, "rb") as raw:
        lines = (number for number, line in enumerate(raw, 1) if _NEWER.search(line))
        line = next(lines, None)
    return violation(
        "rdf-1.2",
        "The file has triple terms or base directions of RDF 1.2, which not every format offered here can hold.",
        "State it in RDF 1.1: a resource of its own for what is said of a statement.",
        file=file.name,
        line=line,
    )


def _read_all(tree: SourceTree, work: Path, crew: Crew, reporter: Reporter) -> list[FileReading]:
    reporter.stage("Reading", tree.size)
    done = 0
    readings = []
    tasks = [(file, work / f"file-{number}.nq") for number, file in enumerate(tree.files)]
    for reading in crew.each(read_file, tasks):
        readings.append(reading)
        done += size_of(reading.file.path)
        reporter.advance(done)
    return readings


def _collect(
    tree: SourceTree, readings: Sequence[FileReading], work: Path, crew: Crew, reporter: Reporter, base: str
) -> tuple[Declared, Survey, list[Path]]:
    """Give every line its graph, survey it, sort it; the spools are removed."""
    read = [reading for reading in readings if reading.spool.exists()]
    catalog = tree.catalog()
    statements: list[ox.Quad] = []
    for reading in read:
        if reading.file == catalog:
            statements = list(ox.parse(path=str(reading.spool), format=ox.RdfFormat.N_QUADS))
    declared = read_declared(statements, tree.root, _guess_space(read, statements, base), base)
    portions = [
        portion for reading in read for portion in divide(reading, own_graph(reading.file, declared.space), work)
    ]
    reporter.stage("Sorting", len(portions))
    survey, runs = Survey(), []
    for number, (seen, written) in enumerate(crew.each(survey_portion, portions), 1):
        survey.merge(seen)
        runs += written
        reporter.advance(number)
    for reading in read:
        reading.spool.unlink()
    parts = list(crew.each(merge, ranges(runs, work)))
    for run in runs:
        run.path.unlink()
    return declared, survey, parts


def _guess_space(readings: Sequence[FileReading], statements: list[ox.Quad], base: str) -> str:
    """Return the space that most subjects share, when catalog.ttl does not say it; reads the lines once more.

    Within ``base`` it is the base itself: what is named there already keeps its name.
    """
    if any(q.predicate.value.endswith("void#uriSpace") for q in statements):
        return ""
    survey = Survey()
    for reading in readings:
        if reading.file.role is Role.DATA:
            with reading.spool.open("rb") as spool:
                for line in spool:
                    if line[0] == 60:
                        survey.subjects.add(line[: line.index(b" ")])
    space = survey.common_space()
    return base if base and space.startswith(base) else space


class Whereabouts:
    """Finds, after the fact, where in the source something is written and what a person calls it."""

    def __init__(self, tree: SourceTree, parts: Sequence[Path]) -> None:
        self._tree, self._parts = tree, parts
        self._locators: dict[str, Locator | None] = {}
        self._of_subjects: dict[str, dict[str | None, list[Statement]]] = {}
        self._labels: dict[str, str] | None = None

    def _locator(self, file: SourceFile) -> Locator | None:
        if file.name not in self._locators:
            opener = gzip.open if file.compressed else open
            try:
                with opener(file.path, "rb") as raw:
                    text = raw.read(_MAX_LOCATED + 1)
            except (OSError, EOFError, zlib.error):
                text = b""
            self._locators[file.name] = (
                Locator(text.decode(errors="replace"), file.suffix.lower()) if len(text) <= _MAX_LOCATED else None
            )
        return self._locators[file.name]

    def _statements(self, file: SourceFile, subject: str | None) -> Sequence[Statement]:
        """Return the statements of a file, those about ``subject`` where one is named, in the order of the text."""
        locator = self._locator(file)
        if locator is None or subject is None:
            return locator.statements if locator else ()
        if file.name not in self._of_subjects:
            index: dict[str | None, list[Statement]] = {}
            for statement in locator.statements:
                index.setdefault(statement.subject, []).append(statement)
            self._of_subjects[file.name] = index
        return self._of_subjects[file.name].get(subject, ())

    def all_of(
        self, subject: str | None, predicate: str | None = None, value: str | None = None
    ) -> list[tuple[str, int]]:
        """Return every (file, line) at which the statement, as far as given, is written."""
        found = []
        for file in self._tree.files:
            for statement in self._statements(file, subject):
                if predicate in (None, statement.predicate) and value in (None, statement.object):
                    found.append((file.name, statement.line))
                    if len(found) > 100:
                        return found
        return found

    def values(self, subject: str, predicate: str) -> list[str]:
        """Return the values that the source writes for a property of a resource, each once."""
        found: dict[str, None] = {}
        for file in self._tree.files:
            for statement in self._statements(file, subject):
                if statement.predicate == predicate:
                    found[statement.object] = None
        return list(found)

    def blank(self, name: str) -> int | None:
        """Return the first line of a file on which a blank node stands."""
        file = next((file for file in self._tree.files if file.name == name), None)
        locator = self._locator(file) if file else None
        lines = [
            s.line for s in (locator.statements if locator else ()) if s.subject.startswith("_:") or s.subject == ""
        ]
        return min(lines, default=None)

    def of(
        self, subject: str | None, predicate: str | None = None, value: str | None = None
    ) -> tuple[str | None, int | None]:
        """Return the file and line that say most about a statement: itself, its property, its subject."""
        for parts in ((subject, predicate, value), (subject, predicate, None), (subject, None, None)):
            found = self.all_of(*parts) if any(parts) else []
            if found:
                return found[0]
        for file in self._tree.files:
            locator = self._locator(file)
            line = locator.line_of(subject, predicate, value) if locator else None
            if line is not None:
                return file.name, line
        return None, None

    def of_term(self, iri: str) -> tuple[str | None, int | None]:
        """Return where ``iri`` first stands: as a subject, as a property, as an object."""
        for parts in ((iri, None, None), (None, iri, None), (None, None, iri)):
            found = self.all_of(*parts)
            if found:
                return found[0]
        return None, None

    def label(self, iri: str) -> str | None:
        """Return what the source calls ``iri``, in French if it can."""
        if self._labels is None:
            self._labels = self._read_labels()
        return self._labels.get(iri)

    def _read_labels(self) -> dict[str, str]:
        wanted = {f"<{name}>".encode(): rank for rank, name in enumerate(LABELS)}
        best: dict[str, tuple[bool, int, str]] = {}
        for line in _lines(self._parts):
            subject, predicate, rest = line.split(b" ", 2)
            if predicate in wanted and rest.startswith(b'"') and len(best) < 200_000:
                literal, _, tail = rest[1:].rpartition(b'"')
                entry = (not tail.startswith(b"@fr"), wanted[predicate], literal.decode())
                iri = subject[1:-1].decode()
                if iri not in best or entry < best[iri]:
                    best[iri] = entry
        return {iri: label for iri, (_, _, label) in best.items()}


def _lines(parts: Sequence[Path]) -> Iterator[bytes]:
    for part in parts:
        with part.open("rb") as lines:
            yield from lines


def _shacl(
    tree: SourceTree, survey: Survey, source: Sequence[Path], work: Path, where: Whereabouts, reporter: Reporter
) -> Iterator[Finding]:
    files = tree.of(Role.SHAPES)
    if not files:
        return
    data = work / "shacl.nt"
    try:
        shapes = _split(source, data)
        refused = list(check_shapes(shapes))
        for reach in refused:
            file, line = where.of(None, reach.predicate, None if reach.value.startswith("_:") else reach.value)
            remedy = "Write the constraint without it."
            yield violation("shape", f"{reach.why}.", remedy, file=file, line=line, iri=reach.shape, value=reach.value)
        if refused:
            return
        reporter.stage("Validating")
        results = validate_file(data, survey.quads, shapes, reporter.note)
    except ValueError as error:
        yield violation("shape", f"The shapes cannot be used: {error}.", "Correct the shapes.", file=files[0].name)
        return
    finally:
        data.unlink(missing_ok=True)
    told = Counter[str]()
    for result in results:
        told[result.shape] += 1
        if told[result.shape] <= MAX_OF_A_SHAPE:
            yield _finding(result, where)
    for shape, count in told.items():
        if count > MAX_OF_A_SHAPE:
            severity = min((Severity(r.severity) for r in results if r.shape == shape), key=list(Severity).index)
            yield Finding(severity, "shacl", {"en": f"… and {count - MAX_OF_A_SHAPE} more of {shape}."}, shape=shape)


def _split(source: Sequence[Path], data: Path) -> Graph:
    """Return what the source's lines of graphs under ``graph/shapes/`` state; write all others to ``data``, as N-Triples.

    The shapes of the catalogue wait: they judge what is derived.
    """
    shapes = []
    with data.open("wb") as out:
        for line in _lines(source):
            if line.endswith(b"graph/shapes/catalog> .\n"):
                continue
            cut = line.rfind(b" <", 0, len(line) - 3)
            triple = line[:cut] + b" .\n"
            if b"graph/shapes/" in line[cut:]:
                shapes.append(triple)
            else:
                out.write(triple)
    return Graph(bind_namespaces="none").parse(data=b"".join(shapes), format="nt")


def _finding(result: Result, where: Whereabouts) -> Finding:
    """Turn a validation result into a finding that says where; values of two files are a contradiction of theirs."""
    path = result.path if result.path and ":" in result.path and not result.path.startswith("^") else None
    file, line = where.of(result.focus, path, result.value)
    rule, messages, value = "shacl", dict(result.messages), result.value
    remedy = _REMEDIES.get(result.constraint, "Change the data, or the shape if it asks too much.")
    if result.constraint in {"MaxCount", "UniqueLang"} and path:
        value = " | ".join(where.values(result.focus, path)) or value
    if result.constraint in {"MaxCount", "UniqueLang"} and path:
        places = where.all_of(result.focus, path)
        if len({name for name, _ in places}) > 1:
            rule = "contradiction"
            said = ", ".join(f"{name}:{number}" for name, number in places)
            messages = {lang: f"{text.rstrip('.')} ({said})." for lang, text in messages.items()}
            remedy = "Keep one statement; the files contradict each other."
    severity = Severity(result.severity)
    label = where.label(result.focus)
    return Finding(
        severity,
        rule,
        messages,
        remedy,
        file=file,
        line=line,
        iri=result.focus,
        label=label,
        path=result.path,
        value=value,
        shape=result.shape,
    )


def reject_reason(findings: Sequence[Finding]) -> str | None:
    """Return the sentence that ends a build on these findings; None when they let it pass."""
    count = sum(f.severity is Severity.VIOLATION for f in findings)
    return f"The source does not pass: {count} violation{'s' if count != 1 else ''}." if count else None


__all__ = [
    "NO_SPACE",
    "Inspection",
    "Reporter",
    "Silent",
    "Whereabouts",
    "inspect",
    "inspect_tree",
    "own_graph",
    "reject_reason",
]
