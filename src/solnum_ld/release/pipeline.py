"""Build a release: inspect → rebase → load → derive → dumps → statistics → index → manifest → install, all or nothing."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyoxigraph as ox

from solnum_ld.errors import ReleaseError, ReleaseMismatch, SettingsError, SourceInvalid
from solnum_ld.findings import Finding, Severity, count_by_severity, violation, warning
from solnum_ld.iris import RESERVED, Names, is_public
from solnum_ld.manifest import NAME, Dataset, Manifest, read_manifest
from solnum_ld.mediatypes import DUMP_FORMATS, Format
from solnum_ld.namespaces import VOID
from solnum_ld.release.crew import Crew, crew_for
from solnum_ld.release.declared import NO_SPACE
from solnum_ld.release.derive import derive
from solnum_ld.release.describing import Describing
from solnum_ld.release.dumps import default_formats, finish_dumps, write_dumps
from solnum_ld.release.folder import Release, ReleaseFolder, discard
from solnum_ld.release.index import NAME as INDEX
from solnum_ld.release.index import Indexing, build_index
from solnum_ld.release.inspection import (
    Inspection,
    Reporter,
    Silent,
    Whereabouts,
    inspect_tree,
    own_graph,
    reject_reason,
)
from solnum_ld.release.loading import Loader, loading
from solnum_ld.release.options import PROGRAM, BuildOptions, fingerprint
from solnum_ld.release.reading import sha256_of
from solnum_ld.release.rebase import Rebased, rebase
from solnum_ld.release.report import worst_first, write_report
from solnum_ld.release.strict import separate
from solnum_ld.release.tree import Role, survey_tree
from solnum_ld.search.build import NAME as PAGES
from solnum_ld.search.build import build_search


@dataclass(frozen=True, slots=True)
class Built:
    """The outcome of a build: the release that is live, what was found, and whether another one is live now.

    ``held`` is the release that the source builds to, where it was gone back from: it does not go live by itself.
    """

    release: Release
    findings: tuple[Finding, ...]
    fresh: bool
    held: str | None = None


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
    _outside(root, folder.path)
    with folder.exclusive(wait=wait, on_wait="Waiting to build", notify=reporter.note):
        before = fingerprint(root, options)
        known = None if force else folder.built_from(before)
        if known is not None:
            return Built(known.release, (), fresh=False, held=known.held)
        with _space_guard(folder.path):
            building = folder.new_building()
            try:
                release, findings = _build(root, building, folder, options, reporter)
            except BaseException:
                discard(building)
                raise
            folder.remember(before, release.id, root.resolve())
            if release.id in folder.rolled_back() and not force:
                return Built(folder.current(), tuple(findings), fresh=False, held=release.id)
            folder.bring_back(release)
            folder.prune(options.keep)
        return Built(release, tuple(findings), fresh=True)


def _outside(root: Path, releases: Path) -> None:
    """Refuse to write releases where the source is read: they would be read as data next time."""
    real, target = root.resolve(), releases.resolve()
    if target.is_relative_to(real):
        divided = (real / "data").is_dir()
        if not divided or target.relative_to(real).parts[:1] in {("data",), ("ontology",), ("shapes",)}:
            raise SettingsError(
                f"{releases} lies within the source {root}. Name a folder outside of it with --releases."
            )


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
    tree = survey_tree(root)
    with crew_for(tree.size) as crew:
        inspection = inspect_tree(tree, work, crew, reporter, shacl=options.shacl, base=options.base)
        findings = inspection.findings
        names = Names(inspection.declared.space, options.base, options.public)
        if not options.shacl and inspection.tree.of(Role.SHAPES):
            findings.append(
                warning(
                    "unvalidated",
                    "This release was built without SHACL (--no-shacl).",
                    "Build it with SHACL before it goes public.",
                )
            )
        findings += _merged(inspection, names)
        reason = reject_reason(findings)
        if reason:
            raise SourceInvalid(reason, findings)
        previous = _previous(folder, names, inspection, root)
        manifest, changes = _fill(inspection, names, previous, building, options, crew, reporter)
    if manifest is None:
        raise SourceInvalid(reject_reason(changes) or "", [*findings, *changes])
    write_report(building / "validation", [*findings, *changes], f"{names.public}validation")
    shutil.rmtree(work)
    (building / NAME).write_text(manifest.to_json(), "utf-8")
    reporter.stage("Writing to disk")
    return folder.install(building, manifest), [*findings, *changes]


def _fill(
    inspection: Inspection,
    names: Names,
    previous: Path | None,
    building: Path,
    options: BuildOptions,
    crew: Crew,
    reporter: Reporter,
) -> tuple[Manifest | None, list[Finding]]:
    """Name the source and load it, portion by portion, and write what belongs to the release; the store is closed at the end.

    Returns the manifest, None when what has changed since the previous release stops the build, and what has changed.
    """
    store = ox.Store(str(building / "store"))
    with loading(store, blank=inspection.survey.any_blank) as loader:
        reporter.stage("Naming and loading")
        load = partial(loader.take, form=ox.RdfFormat.N_TRIPLES)
        rebased = rebase(inspection.parts, names, building / "work", crew, load)
        inspection.findings += _served_elsewhere(rebased)
        changes = list(_compare(previous, rebased, inspection.declared.dataset, options))
        if reject_reason(changes):
            return None, changes
        into = _Into(building, store, loader, crew)
        return _write(inspection, names, rebased, into, options, reporter), changes


def _served_elsewhere(rebased: Rebased) -> Iterator[Finding]:
    if rebased.elsewhere_count:
        first = ", ".join(rebased.elsewhere[:5])
        text = f"{rebased.elsewhere_count} IRIs are described that this service does not name (or whose path is reserved: {', '.join(sorted(RESERVED)[:4])} …); each has its page at /describe: {first}"
        yield Finding(Severity.INFO, "served-elsewhere", {"en": text})


# -- what must not happen in silence --------------------------------------------------------------------------------------


def _previous(folder: ReleaseFolder, names: Names, inspection: Inspection, root: Path) -> Path | None:
    """Return the live release to compare with; raise :class:`ReleaseMismatch` when it is another's."""
    path = folder.current_path()
    if path is None:
        return None
    try:
        old = read_manifest(path)
    except ReleaseError:  # of another format of releases
        return None
    iri = names.rebase(inspection.declared.dataset.iri)
    another = old.dataset.iri != iri and folder.source() not in (None, root.resolve())
    if old.base != names.base or another:
        raise ReleaseMismatch(
            f"{folder.path} holds releases of {old.dataset.iri} for {old.base}, not of {iri} for {names.base}. "
            "Name another folder with --releases."
        )
    return path


def _merged(inspection: Inspection, names: Names) -> Iterator[Finding]:
    """Refuse to give a thing the name that another one has in the source already; a declared space says that both are one."""
    if names.space == names.base:
        return
    survey, start = inspection.survey, f"<{names.base}".encode()
    declared = any(triple.predicate.value == VOID + "uriSpace" for triple in inspection.declared.statements)
    remedy = "Declare the void:uriSpace that holds both in catalog.ttl, or publish under another base."
    if declared:
        remedy = "Write one name everywhere if it is one thing; publish under another base if there are two."
    where = Whereabouts(inspection.tree, inspection.parts)
    for term in sorted(
        {term for terms in (survey.subjects, survey.objects) for term in terms if term.startswith(start)}
    ):
        other = term[1:-1].decode()
        one = names.space + other[len(names.base) :]
        named = f"<{one}>".encode()
        if names.rebase(one) == other and (named in survey.subjects or named in survey.objects):
            text = f"{one} would be published as {other}, which the source names as well: the two become one."
            file, line = where.of_term(other)
            yield (warning if declared else violation)("merged", text, remedy, file=file, line=line, iri=other)


def _compare(previous: Path | None, rebased: Rebased, dataset: Dataset, options: BuildOptions) -> Iterator[Finding]:
    """Compare with the release that is live: changed content under an unchanged version, IRIs that vanish."""
    if previous is None:
        return
    old = read_manifest(previous)
    severe = is_public(options.base) and not options.accept_changes
    finding = violation if severe else warning
    hint = " Or accept it for once with --accept-changes." if severe else ""
    version = dataset.version
    if version and old.dataset.version == version and old.content != rebased.content:
        yield finding(
            "version",
            f"The content has changed, the version ({version}) has not.",
            f"Raise dcat:version in catalog.ttl.{hint}",
            value=version,
        )
    gone = [iri for iri in _vanished(previous / "records.tsv", rebased.records) if iri not in rebased.withdrawn]
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


@dataclass(frozen=True, slots=True)
class _Into:
    """What a release is written into, and by whom."""

    building: Path
    store: ox.Store
    loader: Loader
    crew: Crew


def _write(
    inspection: Inspection,
    names: Names,
    rebased: Rebased,
    into: _Into,
    options: BuildOptions,
    reporter: Reporter,
) -> Manifest:
    building, store, loader = into.building, into.store, into.loader
    dataset = _rebased_dataset(inspection.declared.dataset, names)
    reporter.stage("Loading the store")
    loader.wait()
    derived = _derive(inspection, names, rebased, store, reporter)
    if options.named_graphs:  # in the background: all that follows asks the default graph
        loader.load(rebased.quads, ox.RdfFormat.N_QUADS)
    published, hidden = rebased.quads, tuple[str, ...]()
    default_triples = rebased.triple_count + len(derived)
    if options.default_graph == "strict":
        own = (own_graph(file, inspection.declared.space) for file in inspection.tree.files)
        hidden = tuple(sorted(names.rebase(graph) for graph in own))
        separated = separate(rebased.quads, hidden, building / "work")
        published, default_triples = separated.quads, separated.triples
        loader.load(separated.default, ox.RdfFormat.N_QUADS)
    reporter.stage("Writing dumps")
    total_quads = sum(rebased.graphs.values()) + len(derived)
    formats = _dump_formats(options, total_quads)
    dumping = write_dumps(building / "dumps", published, rebased.triples, formats, into.crew)
    indexing = into.crew.start(build_index, _indexing(building / INDEX, rebased, derived))
    reporter.stage("Writing dumps and index")
    dumps = dumping()
    describing = Describing(inspection, names, dataset, options, store)
    tables = describing.write_tables(building / "dumps")
    finish_dumps(building / "dumps", (*dumps, *tables))
    graphs = _graphs(inspection, names, rebased, derived)
    graphs = {graph: about for graph, about in graphs.items() if graph not in hidden}
    catalogue = describing.catalogue(dumps, tables, rebased)
    inspection.findings += describing.judge(catalogue)
    reason = reject_reason(inspection.findings)
    if reason:
        raise SourceInvalid(reason, inspection.findings)
    figures, described = describing.write(building, catalogue, rebased, derived, graphs, dumps)
    hidden += () if describing.visible else describing.computed
    searching = _start_search(into, names)
    reporter.stage("Loading named graphs")
    loader.wait()
    reporter.stage("Compacting the store")  # beside the index for search, which reads a snapshot
    store.optimize()
    store.flush()
    reporter.stage("Indexing for search")
    searching.result()
    indexing.result()
    shutil.copyfile(rebased.records, building / "records.tsv")
    ontology, versions = _copy_ontology(inspection, names, building)
    identity = _identity(inspection, rebased, options)
    return Manifest(
        program=PROGRAM,
        space="" if names.space == NO_SPACE else names.space,
        base=names.base,
        public=names.public,
        contact=options.contact,
        content=rebased.content,
        release=identity,
        dataset=dataset,
        counts={
            "quads": total_quads,
            **figures.counts,
            "default_graph": default_triples + (described if describing.visible else 0),
            "derived": len(derived),
            "graphs": len(graphs),
            "datasets": catalogue.total,
            "withdrawn": len(rebased.withdrawn),
        },
        dumps=(*dumps, *tables),
        findings=count_by_severity(inspection.findings),
        named_graphs=options.named_graphs,
        default_graph=options.default_graph,
        hidden=hidden,
        ontology=ontology,
        ontology_versions=versions,
    )


def _start_search(into: _Into, names: Names) -> Future[None]:
    """Begin to index the default graph, in another process if there is one: over a snapshot, since this one goes on loading."""
    if into.crew.alone:
        return into.crew.start(lambda path: build_search(path, into.store, names.rebase), into.building / PAGES)
    snapshot = into.building / "work" / "snapshot"
    into.store.backup(str(snapshot))
    return into.crew.start(_search_snapshot, (into.building / PAGES, snapshot, names))


def _search_snapshot(task: tuple[Path, Path, Names]) -> None:
    path, snapshot, names = task
    build_search(path, ox.Store.read_only(str(snapshot)), names.rebase)


def _identity(inspection: Inspection, rebased: Rebased, options: BuildOptions) -> str:
    """Return the release's identity: equal when content, options, rules, frozen vocabulary and findings are."""
    tree = inspection.tree
    beside = (*tree.rules, *tree.frozen, *tree.tables, *([tree.context] if tree.context else []))
    files = [(path.relative_to(tree.root).as_posix(), sha256_of(path)) for path in beside]
    parts = [rebased.content, options.key(), files, [finding.as_dict() for finding in worst_first(inspection.findings)]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _derive(inspection: Inspection, names: Names, rebased: Rebased, store: ox.Store, reporter: Reporter) -> list[bytes]:
    """Run the rules over the merged triples; append what they derive to the release's files."""
    if not inspection.tree.rules:
        return []
    reporter.stage("Deriving")
    derived = derive(store, inspection.tree.rules, f"{names.base}graph/derived")
    _append(rebased.quads, derived)
    _append(rebased.triples, [line[: line.rfind(b" ", 0, -2)] + b" ." for line in derived])
    return derived


def _indexing(path: Path, rebased: Rebased, derived: Sequence[bytes]) -> Indexing:
    mentions = rebased.mentions.union(line.split(b" ", 2)[2].rpartition(b" <")[0] for line in derived)
    return Indexing(path, rebased.triples, rebased.fragments, rebased.large, mentions)


def _dump_formats(options: BuildOptions, quads: int) -> tuple[Format, ...]:
    if options.dumps is None:
        return default_formats(quads)
    return tuple(form for form in DUMP_FORMATS if form.suffix in options.dumps)


def _graphs(
    inspection: Inspection, names: Names, rebased: Rebased, derived: Sequence[bytes]
) -> dict[str, tuple[int, str]]:
    """Return each named graph with its number of triples and where it comes from; blank ones cannot be described."""
    named = sorted((graph, count) for graph, count in rebased.graphs.items() if not graph.startswith("_:"))
    graphs = {graph: (count, _origin(graph, names, inspection)) for graph, count in named}
    if derived:
        rules = ", ".join(rule.relative_to(inspection.tree.root).as_posix() for rule in inspection.tree.rules)
        graphs[f"{names.base}graph/derived"] = (len(derived), rules)
    return graphs


def _append(path: Path, lines: Sequence[bytes]) -> None:
    with path.open("ab") as out:
        out.writelines(line + b"\n" for line in lines)


def _origin(graph: str, names: Names, inspection: Inspection) -> str:
    stem = graph.removeprefix(f"{names.base}graph/")
    return ", ".join(f.name for f in inspection.tree.files if stem in (f.stem, f"{f.role}/{f.stem}"))


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
