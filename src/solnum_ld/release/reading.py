"""Read one source file into lines of the engine's canonical N-Quads, with every problem that reading shows.

Guards: UTF-8 only, no DTD in RDF/XML, no remote context,
limits on decompressed size and ratio.
"""

from __future__ import annotations

import codecs
import errno
import gzip
import hashlib
import io
import re
import xml.parsers.expat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyoxigraph as ox

from solnum_ld.findings import Finding, violation, warning
from solnum_ld.iris import is_absolute
from solnum_ld.mediatypes import JSONLD, NQUADS, NTRIPLES, RDFXML, TRIG, TURTLE, Format
from solnum_ld.release.locate import Locator
from solnum_ld.release.tree import SourceFile

MAX_ERRORS = 50
"""Syntax errors reported of one file."""

MAX_RATIO = 200
MAX_RATIO_FROM = 64 * 1024 * 1024
"""A gzip member that has given this many bytes may not have grown more than MAX_RATIO times."""

ENGINE_FORMATS: dict[Format, ox.RdfFormat] = {
    TURTLE: ox.RdfFormat.TURTLE,
    NTRIPLES: ox.RdfFormat.N_TRIPLES,
    NQUADS: ox.RdfFormat.N_QUADS,
    TRIG: ox.RdfFormat.TRIG,
    RDFXML: ox.RdfFormat.RDF_XML,
    JSONLD: ox.RdfFormat.JSON_LD,
}

_NO_BASE = "http://relative.invalid/"
_NAMED = re.compile(rb"<([^<>]*)>")
_REMEDIES = (
    ("prefix", "unknown-prefix", "Declare it with @prefix, or write the IRI in full."),
    ("No scheme found", "relative-iri", "Write an absolute IRI, or declare @base."),
    ("nvalid IRI", "invalid-iri", "Percent-encode what an IRI may not contain (spaces, quotes, < > { } | \\ ^ `)."),
    ("UTF-8", "encoding", "Save the file as UTF-8."),
    ("LoadDocumentCallback", "remote-context", "Put the context inside the file: contexts are never fetched."),
)


class _Refused(Exception):
    """The bytes of a file are refused before or while they are parsed."""

    def __init__(self, rule: str, message: str, remedy: str, line: int | None = None) -> None:
        super().__init__(message)
        self.rule, self.message, self.remedy, self.line = rule, message, remedy, line


class _Guard(io.RawIOBase):
    """A binary reader that checks what goes through it: UTF-8, no byte order mark, decompressed size."""

    def __init__(self, raw: IO[bytes], compressed: bool) -> None:
        super().__init__()
        self._raw = raw
        self._inner: IO[bytes] = gzip.GzipFile(fileobj=raw) if compressed else raw  # type: ignore[assignment]  # reads bytes
        self._compressed = compressed
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._digest = hashlib.sha256()
        self._lines = 1
        self.size = 0
        self.bom = False

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            chunk = self._inner.read(size if size > 0 else 1 << 16)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise _Refused(
                "gzip", f"The compressed file is damaged: {error}.", "Compress it again with gzip."
            ) from error
        first = self.size == 0
        self.size += len(chunk)
        if self._compressed and self.size > MAX_RATIO_FROM and self.size > MAX_RATIO * max(self._raw.tell(), 1):
            raise _Refused(
                "gzip-bomb",
                f"The file unpacks to more than {MAX_RATIO} times its size.",
                "Publish it without compression if it is meant.",
            )
        self._digest.update(chunk)
        if first:
            if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise _Refused("encoding", "The file is UTF-16.", "Save it as UTF-8.", 1)
            if chunk.startswith(codecs.BOM_UTF8):
                self.bom = True
                chunk = chunk[3:]
        try:
            self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line = self._lines + chunk[: error.start].count(b"\n")
            raise _Refused(
                "encoding",
                f"The file is not UTF-8 (byte 0x{error.object[error.start]:02X}).",
                "Save it as UTF-8.",
                line,
            ) from error
        self._lines += chunk.count(b"\n")
        return chunk


@dataclass(slots=True)
class FileReading:
    """What reading a file gave: where its lines wait, whether blank nodes are in them, and what is wrong with it."""

    file: SourceFile
    spool: Path
    findings: list[Finding]
    digest: str = ""
    size: int = 0
    blank: bool = False


def read_file(task: tuple[SourceFile, Path]) -> FileReading:
    """Parse a file into a spool and return what was found; nothing is raised for what a source can get wrong.

    Every syntax error that the parser can recover from is reported, not the first alone.
    """
    file, spool = task
    reading = FileReading(file, spool, [])
    try:
        with file.path.open("rb") as raw:
            guard = _Guard(raw, file.compressed)
            _convert(file, guard, reading)
            reading.digest, reading.size = guard.digest, guard.size
            reading.blank = _has_blank(spool)
            if guard.bom:
                reading.findings.append(
                    warning(
                        "bom",
                        "The file begins with a byte order mark.",
                        "Save it as UTF-8 without one.",
                        file=file.name,
                        line=1,
                    )
                )
    except _Refused as refused:
        reading.findings.append(
            violation(refused.rule, refused.message, refused.remedy, file=file.name, line=refused.line)
        )
    except SyntaxError:
        reading.findings.extend(_syntax_errors(file))
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise
        if error.filename and Path(error.filename) != file.path:
            raise
        reading.findings.append(
            violation(
                "unreadable",
                f"The file cannot be read: {error.strerror or error}.",
                "Grant read access to it.",
                file=file.name,
            )
        )
    return reading


def _has_blank(spool: Path) -> bool:
    with spool.open("rb") as text:
        tail = b""
        while block := text.read(1 << 20):
            if b"_:" in tail + block:
                return True
            tail = block[-1:]
    return False


def _convert(file: SourceFile, guard: _Guard, reading: FileReading) -> None:
    stream: IO[bytes] = guard  # type: ignore[assignment]  # the engine calls read() alone
    if file.format == RDFXML:
        stream = _without_dtd(guard)
    parser = _parse(file.format, stream)
    with reading.spool.open("wb") as out:
        if file.format == JSONLD:
            ox.serialize(_checked(parser, file, reading.findings), out, format=ox.RdfFormat.N_QUADS)
        else:
            ox.serialize(parser, out, format=ox.RdfFormat.N_QUADS)


def _parse(form: Format, stream: IO[bytes]) -> Iterator[ox.Quad]:
    if form == JSONLD:  # its parser drops what is relative or invalid in silence: let it through, and look
        return ox.parse(input=stream, format=ENGINE_FORMATS[form], base_iri=_NO_BASE, lenient=True)
    return ox.parse(input=stream, format=ENGINE_FORMATS[form])


def _checked(quads: Iterator[ox.Quad], file: SourceFile, findings: list[Finding]) -> Iterator[ox.Quad]:
    """Pass on the quads whose IRIs are absolute and valid; report the others."""
    seen: set[str] = set()
    for quad in quads:
        named = [
            t.value for t in (quad.subject, quad.predicate, quad.object, quad.graph_name) if isinstance(t, ox.NamedNode)
        ]
        bad = [iri for iri in named if iri.startswith(_NO_BASE) or not is_absolute(iri)]
        for iri in bad:
            if iri not in seen and len(seen) < MAX_ERRORS:
                seen.add(iri)
                shown = iri.removeprefix(_NO_BASE)
                rule, remedy = (
                    ("relative-iri", "Write an absolute IRI, or give the context a @base.")
                    if iri.startswith(_NO_BASE)
                    else ("invalid-iri", _REMEDIES[2][2])
                )
                line = _locator(file).line_of(None, None, shown)
                findings.append(
                    violation(
                        rule,
                        f"Relative IRI: {shown!r}." if rule == "relative-iri" else f"Invalid IRI: {shown!r}.",
                        remedy,
                        file=file.name,
                        line=line,
                        value=shown,
                    )
                )
        if not bad:
            yield quad


def _locator(file: SourceFile) -> Locator:
    opener = gzip.open if file.compressed else open
    try:
        with opener(file.path, "rb") as raw:
            text = raw.read(32 * 1024 * 1024)
    except (OSError, EOFError, zlib.error):
        text = b""
    return Locator(text.decode(errors="replace"), file.suffix.lower())


class _Prefixed(io.RawIOBase):
    """What was read ahead, then the rest."""

    def __init__(self, head: bytes, rest: _Guard) -> None:
        super().__init__()
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        return self._rest.read(size)


def _without_dtd(guard: _Guard) -> IO[bytes]:
    """Return the stream when its prolog has no DOCTYPE, so that entities cannot multiply; refuse it otherwise."""
    expat = xml.parsers.expat.ParserCreate()
    state = {"root": False, "line": 0}

    def doctype(*_: object) -> None:
        raise _Refused(
            "dtd",
            "The file declares a DTD; DTDs and entities are refused.",
            "Write the IRIs out and remove the DOCTYPE.",
            expat.CurrentLineNumber,
        )

    def root(*_: object) -> None:
        state["root"] = True

    def declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() not in {"utf-8", "utf8", "us-ascii", "ascii"}:
            raise _Refused(
                "encoding", f"The file says that it is {encoding}.", "Save it as UTF-8 and say so in its first line.", 1
            )

    expat.StartDoctypeDeclHandler, expat.StartElementHandler, expat.XmlDeclHandler = doctype, root, declaration
    head = b""
    while not state["root"]:
        chunk = guard.read(1 << 16)
        head += chunk
        try:
            expat.Parse(chunk, not chunk)
        except xml.parsers.expat.ExpatError:
            break  # the engine says what is wrong, or _xml_error does
        if not chunk:
            break
    return _Prefixed(head, guard)  # type: ignore[return-value]  # the engine calls read() alone


def _syntax_errors(file: SourceFile) -> list[Finding]:
    """Parse again, past each error, and report them all: the parser goes on at the next statement."""
    findings: list[Finding] = []
    with file.path.open("rb") as raw:
        guard = _Guard(raw, file.compressed)
        stream = _without_dtd(guard) if file.format == RDFXML else guard
        parser = _parse(file.format, stream)  # type: ignore[arg-type]  # the engine calls read() alone
        while len(findings) < MAX_ERRORS:
            try:
                next(parser)
            except StopIteration:
                break
            except SyntaxError as error:
                findings.append(_syntax_error(error, file))
                if error.lineno is None:
                    break  # this parser does not recover
            except _Refused as refused:
                findings.append(
                    violation(refused.rule, refused.message, refused.remedy, file=file.name, line=refused.line)
                )
                break
    return findings


def _syntax_error(error: SyntaxError, file: SourceFile) -> Finding:
    text = re.sub(
        r"^Parser error at line \d+(?: between columns? \d+ and (?:line \d+ )?(?:column )?\d+)?:\s*|^Parser error[^:]*:\s*",
        "",
        error.msg or str(error),
    )
    rule, remedy = next(
        ((rule, remedy) for word, rule, remedy in _REMEDIES if word in text),
        ("syntax", f"Correct the {file.format.label}."),
    )
    line, column = error.lineno, error.offset
    if rule == "remote-context":
        text, line = "The file names a remote context", _locator(file).line_of(None, None, "@context")
    if line is None and file.format == RDFXML:
        line, column = _xml_position(file, text)
    return violation(
        rule,
        f"{text[0].upper()}{text[1:].rstrip('.')}." if text else "Syntax error.",
        remedy,
        file=file.name,
        line=line,
        column=column,
        value=_excerpt(file, line),
    )


def _xml_position(file: SourceFile, text: str) -> tuple[int | None, int | None]:
    """Return where an XML error is: as expat sees it, else where the value that the message quotes is written."""
    expat = xml.parsers.expat.ParserCreate()
    opener = gzip.open if file.compressed else open
    try:
        with opener(file.path, "rb") as raw:
            expat.ParseFile(raw)
    except xml.parsers.expat.ExpatError as error:
        return error.lineno, error.offset + 1
    except (OSError, EOFError, zlib.error):
        return None, None
    quoted = re.search(r"'([^']+)'", text)
    return (_locator(file).line_of(None, None, quoted[1]) if quoted else None), None


def _excerpt(file: SourceFile, line: int | None) -> str | None:
    """Return the line itself, shortened, for a person to recognise."""
    if line is None or file.compressed:
        return None
    with file.path.open("rb") as raw:
        for number, text in enumerate(raw, 1):
            if number == line:
                shown = text.decode(errors="replace").strip()
                return shown if len(shown) <= 120 else shown[:119] + "…"
    return None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
