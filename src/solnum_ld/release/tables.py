"""Tables of a source: queries kept as files (``tables/NAME.rq``), declared as csvw:Table in catalog.ttl, answered once a
release as CSV (RFC 4180) with its metadata (CSV on the Web, W3C Recommendation of 2015) and as GeoJSON (RFC 7946).

The first column is the key: rows that have it in common are one record, whose several values stand in one cell. A table
with the columns ``latitude`` and ``longitude`` is a map layer as well; what differs from place to place has one entry for
each, in the order of the points.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from solnum_ld.findings import Finding, violation
from solnum_ld.iris import Names
from solnum_ld.manifest import Dump
from solnum_ld.namespaces import CSVW, DCTERMS, LABELS, RDF_TYPE, XSD
from solnum_ld.release.derive import reaches_out
from solnum_ld.release.dumps import compress
from solnum_ld.release.reading import sha256_of

SEPARATOR = " | "
"""Stands between several values of one cell; CSV on the Web calls it the column's separator."""

CSV_TYPE, GEOJSON_TYPE, CSVM_TYPE = "text/csv", "application/geo+json", "application/csvm+json"
GEOMETRY = "geometry"
"""The column that is added to a table of places: all its points, as well-known text."""

_FORMULA = re.compile(r"[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what its variable is called, and what its declaration says of it by language."""

    name: str
    titles: dict[str, str]
    descriptions: dict[str, str]
    datatype: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table that catalog.ttl declares: the query that fills it, the dataset it belongs to, its columns by name."""

    iri: str
    name: str
    dataset: str
    query: str
    titles: dict[str, str]
    columns: Mapping[str, Column]


def read_tables(
    declared: Sequence[ox.Triple], queries: Mapping[str, Path], root: Path
) -> tuple[list[Table], list[Finding]]:
    """Return the declared tables that can be filled, and what is wrong with the others.

    ``queries`` maps the name of a table to the file of its query.
    """
    about: dict[str, list[ox.Triple]] = {}
    for triple in declared:
        if isinstance(triple.subject, ox.NamedNode):
            about.setdefault(triple.subject.value, []).append(triple)
    tables, findings = [], []
    for iri in sorted(about):
        if CSVW + "Table" not in _links(about[iri], RDF_TYPE):
            continue
        name = iri.rstrip("/").rpartition("/")[2]
        path = queries.get(name)
        if path is None:
            message = f"The table {name} is declared, its query tables/{name}.rq is missing."
            findings.append(violation("table", message, "Write the query, or remove the declaration.", iri=iri))
            continue
        file = path.relative_to(root).as_posix()
        text, wrong = _checked(path, file)
        if wrong:
            findings.append(wrong)
            continue
        dataset = next(iter(_links(about[iri], DCTERMS + "isPartOf")), "")
        tables.append(Table(iri, name, dataset, text, _texts(about[iri], LABELS), _columns(about, iri)))
    known = {table.name for table in tables} | {finding.file for finding in findings}
    for name, path in sorted(queries.items()):
        file = path.relative_to(root).as_posix()
        if name not in known and file not in known:
            message = f"The query of a table is there, its declaration is not: {name} is not published."
            remedy = f"Declare …/table/{name} as csvw:Table, with dcterms:isPartOf its dataset, in catalog.ttl."
            findings.append(violation("table", message, remedy, file=file))
    return tables, findings


def _checked(path: Path, file: str) -> tuple[str, Finding | None]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return "", violation("table", f"The query cannot be read: {error}.", "Save it as UTF-8.", file=file)
    if reaches_out(text):
        message, remedy = "The query of a table must not use SERVICE or FROM.", "Ask the data of the source alone."
        return "", violation("table", message, remedy, file=file)
    try:
        answer = ox.Store().query(text)
    except SyntaxError as error:
        return "", violation("table", f"The query is not SPARQL: {error.msg}", "Correct the query.", file=file)
    if not isinstance(answer, ox.QuerySolutions) or not answer.variables:
        return "", violation(
            "table", "The query of a table must be a SELECT.", "Write SELECT ?key … WHERE { … }.", file=file
        )
    return text, None


def _columns(about: Mapping[str, list[ox.Triple]], iri: str) -> dict[str, Column]:
    columns = {}
    for schema in _links(about[iri], CSVW + "tableSchema"):
        for column in _links(about.get(schema, []), CSVW + "column"):
            said = about.get(column, [])
            name = next(
                (
                    t.object.value
                    for t in said
                    if t.predicate.value == CSVW + "name" and isinstance(t.object, ox.Literal)
                ),
                "",
            )
            datatype = next(iter(_links(said, CSVW + "datatype")), XSD + "string").removeprefix(XSD)
            columns[name] = Column(name, _texts(said, LABELS), _texts(said, (DCTERMS + "description",)), datatype)
    return columns


def _links(triples: Iterable[ox.Triple], predicate: str) -> list[str]:
    return sorted(
        t.object.value for t in triples if t.predicate.value == predicate and isinstance(t.object, ox.NamedNode)
    )


def _texts(triples: Iterable[ox.Triple], properties: Sequence[str]) -> dict[str, str]:
    found = {
        t.object.language or "und": t.object.value
        for name in reversed(properties)
        for t in triples
        if t.predicate.value == name and isinstance(t.object, ox.Literal)
    }
    return dict(sorted(found.items(), key=lambda item: (item[0] != "fr", item[0])))


# -- filling -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Record:
    """What the rows of one key say: the values of each column, and the points, both in the order of the places."""

    values: list[list[str]]
    points: list[tuple[float, float]]


def write_table(table: Table, store: ox.Store, folder: Path, names: Names, license_iri: str) -> tuple[Dump, ...]:
    """Ask the query of a table; write what it answers as CSV with its metadata, and as GeoJSON when it has places."""
    answer = store.query(table.query)
    assert isinstance(answer, ox.QuerySolutions)  # checked before anything was built
    variables = [variable.value for variable in answer.variables]
    placed = {"latitude", "longitude"} <= set(variables)
    records = _records(answer, variables, placed=placed)
    files = [
        (f"{table.name}.csv", CSV_TYPE, _csv(variables, records, placed=placed)),
        (
            f"{table.name}.csv-metadata.json",
            CSVM_TYPE,
            _metadata(table, variables, records, names, license_iri, placed=placed),
        ),
    ]
    if placed:
        files.append((f"{table.name}.geojson", GEOJSON_TYPE, _geojson(variables, records)))
    dumps = []
    for name, kind, body in files:
        path = folder / name
        path.write_bytes(body)
        compress(path)
        dumps.append(Dump(name, kind, len(body), sha256_of(path)))
    return tuple(dumps)


def _records(answer: Iterable[ox.QuerySolution], variables: Sequence[str], *, placed: bool) -> list[_Record]:
    found: dict[str, set[tuple[str, ...]]] = {}
    for row in answer:
        cells = tuple(row[name].value if row[name] is not None else "" for name in variables)
        found.setdefault(cells[0], set()).add(cells)
    spot = [variables.index(name) for name in ("longitude", "latitude")] if placed else []
    return [_record(sorted(found[key]), spot) for key in sorted(found)]


def _record(rows: Sequence[tuple[str, ...]], spot: Sequence[int]) -> _Record:
    """Return the record of some rows, whose places are told apart by the columns ``spot``.

    A column that has one value at each place, and not the same at all, has one entry a place; others have each value once.

    >>> _record([("k", "A", "Rhône", "1", "1"), ("k", "B", "Ain", "2", "1"), ("k", "C", "Ain", "3", "1")], [3, 4]).values[:3]
    [['k'], ['A', 'B', 'C'], ['Rhône', 'Ain', 'Ain']]
    """
    places = [tuple(row[position] for position in spot) for row in rows]
    values = []
    for cells in zip(*rows, strict=True):
        at = dict(zip(places, cells, strict=True))
        paired = len(set(zip(places, cells, strict=True))) == len(at) and len(set(at.values())) > 1
        values.append(list(at.values()) if paired else [cell for cell in dict.fromkeys(cells) if cell])
    points = (_point(*place) for place in dict.fromkeys(places) if place)
    return _Record(values, list(dict.fromkeys(point for point in points if point)))


def _point(longitude: str, latitude: str) -> tuple[float, float] | None:
    try:
        x, y = float(longitude), float(latitude)
    except ValueError:
        return None
    return (x, y) if -180 <= x <= 180 and -90 <= y <= 90 else None


def _cells(record: _Record, variables: Sequence[str]) -> Iterator[list[str]]:
    """Yield the values of each column; coordinates only where there is one place, since the pairs would be lost."""
    for name, values in zip(variables, record.values, strict=True):
        yield [] if name in ("latitude", "longitude") and len(record.points) > 1 else values


def guard(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula: what could be one and is no number gets an apostrophe.

    >>> guard("=1+1"), guard("-4.49959"), guard("Brest")
    ("'=1+1", '-4.49959', 'Brest')
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.match(cell) else cell


def _csv(variables: Sequence[str], records: Sequence[_Record], *, placed: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*variables, *([GEOMETRY] if placed else [])])
    for record in records:
        cells = [guard(SEPARATOR.join(values)) for values in _cells(record, variables)]
        writer.writerow([*cells, *([_wkt(record.points)] if placed else [])])
    return text.getvalue().encode()


def _wkt(points: Iterable[tuple[float, float]]) -> str:
    """Return points as well-known text (OGC Simple Features).

    >>> _wkt([(2.3488, 48.85341)]), _wkt([(1.0, 2.0), (3.0, 4.0)]), _wkt([])
    ('POINT (2.3488 48.85341)', 'MULTIPOINT ((1.0 2.0), (3.0 4.0))', '')
    """
    pairs = [f"{x} {y}" for x, y in points]
    if len(pairs) > 1:
        return f"MULTIPOINT ({', '.join(f'({pair})' for pair in pairs)})"
    return f"POINT ({pairs[0]})" if pairs else ""


def _metadata(
    table: Table, variables: Sequence[str], records: Sequence[_Record], names: Names, license_iri: str, *, placed: bool
) -> bytes:
    """Return the description of the CSV file (Metadata Vocabulary for Tabular Data, 5)."""
    columns: list[dict[str, object]] = []
    for position, name in enumerate(variables):
        known = table.columns.get(name, Column(name, {}, {}, "string"))
        column: dict[str, object] = {"name": name, "titles": name, "datatype": known.datatype}
        if known.titles:
            column["dc:title"] = _language_map(known.titles)
        if known.descriptions:
            column["dc:description"] = _language_map(known.descriptions)
        several = any(len(record.values[position]) > 1 for record in records)
        if several and name not in ("latitude", "longitude"):
            column["separator"] = SEPARATOR
        columns.append(column)
    if placed:
        columns.append({"name": GEOMETRY, "titles": GEOMETRY, "datatype": "string"})
    schema: dict[str, object] = {"columns": columns, "primaryKey": variables[0]}
    if all(value.startswith(("http://", "https://")) for record in records for value in record.values[0]):
        schema["aboutUrl"] = f"{{+{variables[0]}}}"
    document = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "fr"}],
        "url": f"{names.public}dumps/{table.name}.csv",
        "dc:title": _language_map(table.titles or {"fr": table.name}),
        **({"dc:license": {"@id": license_iri}} if license_iri else {}),
        **({"dc:isPartOf": {"@id": table.dataset}} if table.dataset else {}),
        "dialect": {"encoding": "utf-8", "header": True, "delimiter": ",", "lineTerminators": ["\r\n", "\n"]},
        "tableSchema": schema,
    }
    return _json(document)


def _language_map(texts: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"@value": text, **({"@language": tag} if tag != "und" else {})} for tag, text in texts.items()]


def _geojson(variables: Sequence[str], records: Sequence[_Record]) -> bytes:
    """Return the records that have a place as features; identifiers are the keys, several values are lists."""
    features = []
    for record in records:
        points = [list(point) for point in record.points]
        if not points:
            geometry: dict[str, object] | None = None
        elif len(points) == 1:
            geometry = {"type": "Point", "coordinates": points[0]}
        else:
            geometry = {"type": "MultiPoint", "coordinates": points}
        properties = {
            name: values[0] if len(values) == 1 else [value or None for value in values] or None
            for name, values in zip(variables, record.values, strict=True)
            if name not in ("latitude", "longitude")
        }
        key = next(iter(record.values[0]), "")
        features.append({"type": "Feature", "id": key, "geometry": geometry, "properties": properties})
    return _json({"type": "FeatureCollection", "features": features})


def _json(document: object) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
