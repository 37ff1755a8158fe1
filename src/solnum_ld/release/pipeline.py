"""Build a release: inspect → rebase → load → derive → dumps → statistics → index → manifest → install, all or nothing."""

from __future__ import annotations

import errno
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from solnum_ld.errors import ReleaseError, SourceInvalid
from solnum_ld.findings import Finding, Severity, count_by_severity, violation, warning
from solnum_ld.iris import RESERVED, Names, is_public
from solnum_ld.manifest import NAME, Dataset, Manifest
from solnum_ld.mediatypes import DUMP_FORMATS
from solnum_ld.namespaces import SN
from solnum_ld.release.catalogue import describe_release
from solnum_ld.release.declared import NO_SPACE
from solnum_ld.release.derive import derive
from solnum_ld.release.dumps import default_formats, write_dumps
from solnum_ld.release.folder import Release, ReleaseFolder
from solnum_ld.release.index import HUB, build_index
from solnum_ld.release.index import NAME as INDEX
from solnum_ld.release.inspection import Inspection, Reporter, Silent, inspect, reject_reason
from solnum_ld.release.options import PROGRAM, BuildOptions, fingerprint
from solnum_ld.release.report import write_report
from solnum_ld.release.tree import Role

_WITHDRAWAL = f"<{SN}Withdrawal>".encode()


@dataclass(frozen=True, slots=True)
class Built:
    """The outcome of a build: the release, what was found, and whether anything had to be done."""

    release: Release
    findings: tuple[Finding, ...]
    fresh: bool


def build(
    root: Path,
    folder: ReleaseFolder,
    options: BuildOptions,
    reporter: Reporter | None = None,
    *,
    wait: bool = True,
    force: bool = False,
) -> Built:
    """Build the source under ``root`` into ``folder`` and make it current; do nothing when nothing has changed.

    Raises :class:`SourceInvalid` with every finding when the source does not pass, :class:`ReleaseBusy` when another
    build is at work and ``wait`` is false; the current release is untouched by any failure.
    """
    reporter = reporter or Silent()
    with folder.exclusive(wait=wait, on_wait="Waiting to build", notify=reporter.note):
        before = fingerprint(root, options)
        known = None if force else folder.built_from(before)
        if known is not None:
            return Built(known, (), fresh=False)
        with _space_guard(folder.path):
            building = folder.new_building()
            try:
                release, findings = _build(root, building, folder, options, reporter)
            except BaseException:
                shutil.rmtree(building, ignore_errors=True)
                raise
            folder.activate(release)
            folder.remember(before, release.id)
            folder.prune(options.keep)
        return Built(release, tuple(findings), fresh=True)


@contextmanager
def _space_guard(path: Path) -> Iterator[None]:
    """Turn the many faces of a full disk into one sentence."""
    try:
        yield
    except OSError as error:
        if (
            error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
            or "No space left" in str(error)
            or "File too large" in str(error)
        ):
            raise ReleaseError(
                f"No space left to build in {path}. The previous release is untouched; make room or name another folder with --releases."
            ) from error
        raise


def _build(
    root: Path, building: Path, folder: ReleaseFolder, options: BuildOptions, reporter: Reporter
) -> tuple[Release, list[Finding]]:
    work = building / "work"
    work.mkdir()
    inspection = inspect(root, work, reporter, shacl=options.shacl)
    findings = inspection.findings
    names = Names(inspection.declared.space, options.base, options.public)
    rebased = _rebase(inspection, names, work, reporter)
    previous = folder.current_path()
    findings += _compare(previous, rebased, inspection.declared.dataset, options)
    if not options.shacl and inspection.tree.of(Role.SHAPES):
        findings.append(
            warning(
                "unvalidated",
                "This release was built without SHACL (--no-shacl).",
                "Build it with SHACL before it goes public.",
            )
        )
    findings += _served_elsewhere(rebased)
    reason = reject_reason(findings)
    if reason:
        raise SourceInvalid(reason, findings)
    manifest = _write(inspection, names, rebased, building, options, findings, reporter)
    shutil.rmtree(work)
    (building / NAME).write_text(manifest.to_json(), "utf-8")
    reporter.stage("Writing to disk")
    return folder.install(building, manifest), findings


# -- rebase: canonical names → the deployment's names -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rebased:
    """The source under the deployment's names, as files, with what was seen on the way."""

    content: str
    quads: Path
    triples: Path
    records: Path
    graphs: Counter[str]
    triple_count: int
    entities: int
    predicates: Counter[bytes]
    classes: Counter[bytes]
    fragments: tuple[tuple[str, str], ...]
    large: tuple[str, ...]
    elsewhere: tuple[str, ...]
    elsewhere_count: int


class _Rebaser:
    """Rewrites the IRIs of N-Quads lines; literals are never touched."""

    def __init__(self, names: Names) -> None:
        space = re.escape(names.space.encode())
        keep = rb"(?!def[#/>]|shapes[/>])"
        self._changes = names.space != names.base
        self._space = names.space.encode()
        self._plain = re.compile(rb"<" + space + keep)
        self._quoted = re.compile(rb'"(?:[^"\\]|\\.)*"|<' + space + keep)
        self._base = b"<" + names.base.encode()

    def apply(self, line: bytes) -> bytes:
        if not self._changes or self._space not in line:
            return line
        if b'"' not in line:
            return self._plain.sub(self._base, line)
        return self._quoted.sub(lambda m: m[0] if m[0][0] == 34 else self._base, line)


def _rebase(inspection: Inspection, names: Names, work: Path, reporter: Reporter) -> Rebased:
    """Stream the canonical lines through the hash, the rebase and the grouping by subject."""
    total = inspection.survey.quads
    reporter.stage("Naming", total)
    rebaser, digest = _Rebaser(names), hashlib.sha256()
    graphs: Counter[str] = Counter()
    predicates: Counter[bytes] = Counter()
    classes: Counter[bytes] = Counter()
    grouper = _Grouper(names)
    triple_count = 0
    previous = b""
    quads, triples, records = work / "quads.nq", work / "triples.nt", work / "records.tsv"
    with quads.open("wb") as nq, triples.open("wb") as nt, records.open("w", encoding="utf-8") as out:
        for number, canonical in enumerate(inspection.sorted_lines()):
            digest.update(canonical)
            digest.update(b"\n")
            line = rebaser.apply(canonical)
            nq.write(line + b"\n")
            cut = line.rfind(b" ", 0, -2)
            graphs[line[cut + 2 : -3].decode() if line[cut + 1] == 60 else line[cut + 1 : -2].decode()] += 1
            triple = line[:cut]
            if triple != previous:
                nt.write(triple + b" .\n")
                triple_count += 1
                previous = triple
                subject, predicate, rest = triple.split(b" ", 2)
                predicates[predicate] += 1
                if predicate == b"<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>":
                    classes[rest] += 1
                out.write(grouper.add(subject, triple, withdrawn=rest == _WITHDRAWAL))
            if number % 50_000 == 0:
                reporter.advance(number)
        out.write(grouper.finish())
    _sort_records(records)
    return Rebased(
        digest.hexdigest(),
        quads,
        triples,
        records,
        graphs,
        triple_count,
        grouper.count,
        predicates,
        classes,
        tuple(grouper.fragments),
        tuple(grouper.large),
        tuple(grouper.elsewhere),
        grouper.elsewhere_count,
    )


class _Grouper:
    """Follows sorted triples subject by subject: record hashes, hash IRIs, large subjects, IRIs served elsewhere."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._subject = b""
        self._digest = hashlib.sha256()
        self._size = 0
        self._withdrawn = False
        self.count = 0
        self.fragments: list[tuple[str, str]] = []
        self.large: list[str] = []
        self.elsewhere: list[str] = []
        self.elsewhere_count = 0

    def add(self, subject: bytes, triple: bytes, *, withdrawn: bool) -> str:
        done = ""
        if subject != self._subject:
            done = self.finish()
            self._subject, self._digest, self._size, self._withdrawn = subject, hashlib.sha256(), 0, False
        self._digest.update(triple)
        self._size += 1
        self._withdrawn |= withdrawn
        return done

    def finish(self) -> str:
        """Return the record of the subject that ends: ``iri TAB hash``, or nothing for what is not ours to serve."""
        if not self._subject.startswith(b"<"):
            return ""
        iri = self._subject[1:-1].decode()
        self.count += 1
        if self._size > HUB:
            self.large.append(iri)
        document, hash_sign, _ = iri.partition("#")
        if hash_sign:
            self.fragments.append((document, iri))
        if self._names.is_vocabulary(iri):
            return ""
        if self._names.path_of(iri) is None:
            self.elsewhere_count += 1
            if len(self.elsewhere) < 20:
                self.elsewhere.append(iri)
            return ""
        return "" if self._withdrawn else f"{iri}\t{self._digest.hexdigest()[:32]}\n"


def _sort_records(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(sorted(set(lines))), "utf-8")


def _served_elsewhere(rebased: Rebased) -> Iterator[Finding]:
    if rebased.elsewhere_count:
        first = ", ".join(rebased.elsewhere[:5])
        text = f"{rebased.elsewhere_count} IRIs are described that this service does not name (or whose path is reserved: {', '.join(sorted(RESERVED)[:4])} …); each has its page at /describe: {first}"
        yield Finding(Severity.INFO, "served-elsewhere", {"en": text})


# -- what must not happen in silence --------------------------------------------------------------------------------------


def _compare(previous: Path | None, rebased: Rebased, dataset: Dataset, options: BuildOptions) -> Iterator[Finding]:
    """Compare with the release that is live: changed content under an unchanged version, IRIs that vanish."""
    if previous is None:
        return
    old = json.loads((previous / NAME).read_text("utf-8"))
    severe = is_public(options.base) and not options.accept_changes
    finding = violation if severe else warning
    hint = " Or accept it for once with --accept-changes." if severe else ""
    version = dataset.version
    if version and old["dataset"]["version"] == version and old["content"] != rebased.content:
        yield finding(
            "version",
            f"The content has changed, the version ({version}) has not.",
            f"Raise dcat:version in catalog.ttl.{hint}",
            value=version,
        )
    gone = list(_vanished(previous / "records.tsv", rebased.records))
    for iri in gone[:20]:
        yield finding(
            "vanished",
            f"{iri} was published and is no longer described.",
            f"Describe it again, or declare its withdrawal (sn:Withdrawal with sn:withdrawnOn and sn:withdrawalReason).{hint}",
            iri=iri,
        )
    if len(gone) > 20:
        yield finding("vanished", f"… and {len(gone) - 20} more published IRIs are no longer described.")


def _vanished(old: Path, new: Path) -> Iterator[str]:
    """Yield the IRIs of one sorted list that are not in the other."""
    with old.open(encoding="utf-8") as before, new.open(encoding="utf-8") as after:
        have = next(after, "").partition("\t")[0]
        for line in before:
            iri = line.partition("\t")[0]
            while have and have < iri:
                have = next(after, "").partition("\t")[0]
            if have != iri:
                yield iri


# -- writing -----------------------------------------------------------------------------------------------------------


def _write(
    inspection: Inspection,
    names: Names,
    rebased: Rebased,
    building: Path,
    options: BuildOptions,
    findings: Sequence[Finding],
    reporter: Reporter,
) -> Manifest:
    declared = inspection.declared
    dataset = _rebased_dataset(declared.dataset, names)
    reporter.stage("Loading the store")
    store = ox.Store(str(building / "store"))
    for path, form in ((rebased.quads, ox.RdfFormat.N_QUADS), (rebased.triples, ox.RdfFormat.N_TRIPLES)):
        if options.named_graphs or path is rebased.triples:
            _load(store, path, form, blank=bool(inspection.survey.blank))
    derived_graph = f"{names.base}graph/derived"
    derived: list[bytes] = []
    if inspection.tree.rules:
        reporter.stage("Deriving")
        derived = derive(store, inspection.tree.rules, derived_graph)
        _append(rebased.quads, derived)
        _append(rebased.triples, [line[: line.rfind(b" ", 0, -2)] + b" ." for line in derived])
    reporter.stage("Writing dumps")
    total_quads = sum(rebased.graphs.values()) + len(derived)
    formats = (
        [f for f in DUMP_FORMATS if f.suffix in options.dumps]
        if options.dumps is not None
        else default_formats(total_quads)
    )
    dumps = write_dumps(building / "dumps", rebased.quads, rebased.triples, formats, {})
    graphs = {graph: (count, _origin(graph, names, inspection)) for graph, count in sorted(rebased.graphs.items())}
    if derived:
        graphs[derived_graph] = (
            len(derived),
            ", ".join(rule.relative_to(inspection.tree.root).as_posix() for rule in inspection.tree.rules),
        )
    statistics = {
        "triples": rebased.triple_count + len(derived),
        "entities": rebased.entities,
        "properties": len(rebased.predicates),
        "classes": len(rebased.classes),
    }
    about = describe_release(
        dataset,
        iri=dataset.iri,
        base=names.base,
        public=names.public,
        space=names.space,
        graphs=graphs,
        statistics=statistics,
        dumps=dumps,
    )
    catalogue = ox.NamedNode(f"{names.base}graph/catalogue")
    store.bulk_extend(
        ox.Quad(t.subject, t.predicate, t.object, graph) for t in about for graph in (catalogue, ox.DefaultGraph())
    )
    reporter.stage("Indexing")
    build_index(building / INDEX, store, rebased.fragments, rebased.large)
    reporter.stage("Compacting the store")
    store.optimize()
    store.flush()
    del store
    write_report(building / "validation", findings, f"{names.public}validation")
    shutil.copyfile(rebased.records, building / "records.tsv")
    _write_statistics(building, rebased)
    ontology, versions = _copy_ontology(inspection, names, building)
    identity = hashlib.sha256(json.dumps([rebased.content, options.key()]).encode()).hexdigest()
    return Manifest(
        program=PROGRAM,
        source=inspection.tree.root.name,
        space="" if names.space == NO_SPACE else names.space,
        base=names.base,
        public=names.public,
        contact=options.contact,
        content=rebased.content,
        release=identity[:16],
        dataset=dataset,
        counts={
            "quads": total_quads,
            **statistics,
            "derived": len(derived),
            "graphs": len(graphs),
            "withdrawn": _count_withdrawn(rebased),
        },
        dumps=dumps,
        findings=count_by_severity(findings),
        named_graphs=options.named_graphs,
        ontology=ontology,
        ontology_versions=versions,
    )


def _load(store: ox.Store, path: Path, form: ox.RdfFormat, *, blank: bool) -> None:
    """Load a file; one with blank nodes statement by statement, since the bulk loader gives them labels of its own."""
    if blank:
        store.bulk_extend(ox.parse(path=str(path), format=form))
    else:
        store.bulk_load(path=str(path), format=form)


def _write_statistics(building: Path, rebased: Rebased) -> None:
    """Write how often each class and property is used: what pages and statistics ask of every release."""
    data = {"classes": rebased.classes, "properties": rebased.predicates}
    counts = {
        kind: {term[1:-1].decode(): n for term, n in sorted(counter.items()) if term[:1] == b"<"}
        for kind, counter in data.items()
    }
    (building / "statistics.json").write_text(json.dumps(counts, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _append(path: Path, lines: Sequence[bytes]) -> None:
    with path.open("ab") as out:
        out.writelines(line + b"\n" for line in lines)


def _origin(graph: str, names: Names, inspection: Inspection) -> str:
    stem = graph.removeprefix(f"{names.base}graph/")
    return ", ".join(f.name for f in inspection.tree.files if stem in (f.stem, f"{f.role}/{f.stem}"))


def _count_withdrawn(rebased: Rebased) -> int:
    if _WITHDRAWAL not in rebased.classes:
        return 0
    with rebased.triples.open("rb") as lines:
        return sum(line.endswith(_WITHDRAWAL + b" .\n") for line in lines)


def _rebased_dataset(dataset: Dataset, names: Names) -> Dataset:
    return Dataset(
        names.rebase(dataset.iri),
        dataset.title,
        dataset.description,
        dataset.license,
        dataset.version,
        dataset.modified,
        dataset.languages,
    )


def _copy_ontology(inspection: Inspection, names: Names, building: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Copy the frozen versions of the vocabulary and the JSON-LD context; return the vocabulary's graphs and versions."""
    versions = []
    target = building / "ontology"
    target.mkdir()
    for path in inspection.tree.frozen:
        version = path.parent.name
        with (target / f"{version}.nt").open("ab") as out:
            try:
                ox.serialize((q.triple for q in ox.parse(path=str(path))), out, format=ox.RdfFormat.N_TRIPLES)
            except SyntaxError as error:
                name = path.relative_to(inspection.tree.root).as_posix()
                raise SourceInvalid(
                    "A frozen version of the vocabulary is broken.",
                    [violation("syntax", f"{error.msg}", "Restore the file.", file=name, line=error.lineno)],
                ) from error
        versions.append(version)
    if inspection.tree.context:
        shutil.copyfile(inspection.tree.context, target / "context.jsonld")
    graphs = tuple(
        f"{names.base}graph/{Role.ONTOLOGY}/{f.stem.removeprefix('ontology/')}"
        for f in inspection.tree.of(Role.ONTOLOGY)
    )
    return graphs, tuple(sorted(set(versions)))
