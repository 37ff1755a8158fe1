"""The source folder: which files take part and in which role. Nothing in it is trusted (DESIGN, section 4)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from solnum_ld.config import require_folder
from solnum_ld.findings import Finding, violation, warning
from solnum_ld.mediatypes import SOURCE_SUFFIXES, Format

CONTEXT = "ontology/context.jsonld"


class Role(StrEnum):
    """What a file is for."""

    DATA = "data"
    ONTOLOGY = "ontology"
    SHAPES = "shapes"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One RDF file of a source; ``name`` is its path below the source folder, with ``/``."""

    path: Path
    name: str
    role: Role
    format: Format
    suffix: str
    compressed: bool

    @property
    def stem(self) -> str:
        """Return what names the file's graph: its path without suffixes, below ``data/`` when it lies there.

        >>> SourceFile(Path("x"), "data/chapters/ch 1.ttl.gz", Role.DATA, SOURCE_SUFFIXES[".ttl"], ".ttl", True).stem
        'chapters/ch%201'
        """
        bare = self.name.removesuffix(".gz").removesuffix(self.suffix).removeprefix("data/")
        return quote(bare, safe="/~-._!$&'()*+,;=:@")


@dataclass(frozen=True, slots=True)
class SourceTree:
    """Every file of a source folder that takes part in a release."""

    root: Path
    files: tuple[SourceFile, ...]
    rules: tuple[Path, ...]
    frozen: tuple[Path, ...]
    context: Path | None
    findings: tuple[Finding, ...]
    tables: tuple[Path, ...] = ()

    def of(self, *roles: Role) -> tuple[SourceFile, ...]:
        """Return the files of these roles, in order of name."""
        return tuple(file for file in self.files if file.role in roles)

    def catalog(self) -> SourceFile | None:
        """Return the file in which the source describes itself: ``catalog.ttl``, at the top or in ``data/``."""
        return next((f for f in self.files if f.name in {"catalog.ttl", "data/catalog.ttl"}), None)

    @property
    def size(self) -> int:
        """Return how many bytes there are to read."""
        return sum(size_of(file.path) for file in self.files)

    def fingerprint(self) -> str:
        """Return a hash of names, sizes and modification times: equal means that nothing need be read again."""
        digest = hashlib.sha256()
        extra = (*self.rules, *self.frozen, *self.tables, *([self.context] if self.context else []))
        for path in (*(file.path for file in self.files), *extra):
            status = path.stat()
            digest.update(
                f"{path.relative_to(self.root).as_posix()}\0{status.st_size}\0{status.st_mtime_ns}\n".encode()
            )
        return digest.hexdigest()


def size_of(path: Path) -> int:
    """Return the size of a file in bytes, 0 when it cannot be told."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


_UNREAD = frozenset({".n3", ".turtle", ".ntriples", ".nquads", ".trix", ".hdt"})
"""Endings of RDF files that are not read: to pass over them in silence would look like publishing them."""


def survey_tree(root: Path) -> SourceTree:
    """Return what the folder holds; raise :class:`SourceError` when it is no folder that can be read.

    Hidden files and folders are passed over, as are files whose name is of no RDF format; what would be RDF all the same is told. Beside a folder ``data/``
    only ``ontology/``, ``shapes/`` and ``catalog.ttl`` take part. Links are followed when they stay within the
    folder; one that leads out of it is a violation.
    """
    require_folder(root)
    real = root.resolve()
    files: list[SourceFile] = []
    rules: list[Path] = []
    frozen: list[Path] = []
    tables: list[Path] = []
    findings: list[Finding] = []
    context = None
    beside: list[str] = []
    divided = (real / "data").is_dir()
    for path in _walk(real, findings):
        name = path.relative_to(real).as_posix()
        parts = name.split("/")
        if not _is_utf8(name):
            shown = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
            findings.append(violation("file-name", "The file's name is not UTF-8.", "Rename it.", file=shown))
            continue
        if divided and parts[0] not in {"data", "ontology", "shapes", "catalog.ttl"}:
            beside.extend(file.name for file in _source_file(path, name))
            continue
        if parts[0] == "ontology" and len(parts) > 2 and parts[1] == "rules" and path.suffix == ".rq":
            rules.append(path)
        elif parts[0] == "ontology" and len(parts) > 2 and parts[1] == "releases" and path.suffix == ".ttl":
            frozen.append(path)
        elif path.suffix == ".rq" and parts[:-1] in (["tables"], ["data", "tables"]):
            tables.append(path)
        elif name == CONTEXT:
            context = path
        elif not (parts[0] == "ontology" and len(parts) > 2 and parts[1] in {"examples", "releases"}):
            files.extend(_source_file(path, name))
            if path.suffix.lower() in _UNREAD:
                findings.append(
                    warning(
                        "not-read",
                        f"The file is not read: {path.suffix} is none of the endings that are.",
                        "Convert it, or rename it where it is Turtle, N-Triples or N-Quads all the same.",
                        file=name,
                    )
                )
    if beside:
        names = beside[0] if len(beside) == 1 else f"{beside[0]} and {len(beside) - 1} more"
        findings.append(
            warning(
                "not-read",
                f"Beside the folder data/ RDF files are not read: {names}.",
                "Move into data/ what is to be published; beside it are read ontology/, shapes/ and catalog.ttl alone.",
                file=beside[0],
            )
        )
    if not files and not any(f.severity == "violation" for f in findings):
        known = " ".join(SOURCE_SUFFIXES)
        findings.append(
            violation(
                "no-rdf",
                f"There is no RDF file in {root}.",
                f"Put files there that end in {known} (or these with .gz).",
            )
        )
    return SourceTree(real, tuple(files), tuple(rules), tuple(frozen), context, tuple(findings), tuple(tables))


def _source_file(path: Path, name: str) -> Iterable[SourceFile]:
    lower = path.name.lower()
    compressed = lower.endswith(".gz")
    suffix = Path(lower.removesuffix(".gz")).suffix
    form = SOURCE_SUFFIXES.get(suffix)
    if form is None or (suffix == ".xml" and not compressed and not _looks_like_rdf(path)):
        return
    top = name.split("/")[0]
    role = Role(top) if "/" in name and top in {Role.ONTOLOGY, Role.SHAPES} else Role.DATA
    written = name.removesuffix(name[-3:]) if compressed else name
    yield SourceFile(path, name, role, form, written[len(written) - len(suffix) :], compressed)


def _looks_like_rdf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b"22-rdf-syntax-ns#" in file.read(8192)
    except OSError:
        return True  # reported when it is read


def _walk(root: Path, findings: list[Finding]) -> list[Path]:
    found: list[Path] = []

    def unreadable(error: OSError) -> None:
        name = Path(error.filename or root)
        findings.append(
            violation(
                "unreadable",
                f"The folder cannot be read: {error.strerror}.",
                "Grant read access to it.",
                file=_name(name, root),
            )
        )

    for folder, folders, names in os.walk(root, onerror=unreadable):
        here = Path(folder)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in {"node_modules", "__pycache__"})
        if here == root and "data" in folders:
            folders[:] = [f for f in folders if f in {"data", "ontology", "shapes"}]
        for name in list(folders):
            if (here / name).is_symlink():
                folders.remove(name)
                _link(here / name, root, findings)
        for name in sorted(names):
            path = here / name
            if not name.startswith(".") and (not path.is_symlink() or _link(path, root, findings)) and path.is_file():
                found.append(path)
    return found


def _link(path: Path, root: Path, findings: list[Finding]) -> bool:
    """Tell whether a link may be followed: to a file within the folder."""
    written = str(path.readlink())
    try:
        target = path.resolve()
    except (OSError, RuntimeError):  # a circle, before Python 3.13
        target = path
    if not target.is_relative_to(root):
        findings.append(
            violation(
                "link",
                "A link leads out of the source folder.",
                "Copy what it points to into the folder, or remove the link.",
                file=_name(path, root),
                value=written,
            )
        )
        return False
    if not path.exists():
        findings.append(
            violation(
                "link", "A link leads nowhere, or in a circle.", "Remove it.", file=_name(path, root), value=written
            )
        )
        return False
    if not target.is_file():
        findings.append(
            warning(
                "link",
                "A link to a folder is not followed.",
                "Remove it, or put the files there.",
                file=_name(path, root),
            )
        )
        return False
    return True


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
