"""The validation report of a release: the same findings as RDF (SHACL, section 3.6), as JSON and as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyoxigraph as ox

from solnum_ld.findings import Finding, Severity, count_by_severity
from solnum_ld.iris import is_absolute
from solnum_ld.namespaces import DCTERMS, PREFIXES, RDF_TYPE, RDFS, SH, XSD
from solnum_ld.rdf import to_bytes

_SEVERITIES = {Severity.VIOLATION: "Violation", Severity.WARNING: "Warning", Severity.INFO: "Info"}


def as_text(findings: Sequence[Finding], language: str = "en") -> str:
    """Return the findings as text, one block each, the worst first."""
    if not findings:
        return "No problem was found.\n"
    blocks = [_block(finding, language) for finding in worst_first(findings)]
    counts = count_by_severity(findings)
    summary = ", ".join(f"{n} {name}{'s' if n != 1 else ''}" for name, n in counts.items() if n)
    return "\n".join(blocks) + f"\n{summary}\n"


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings in the order in which a person wants them."""
    order = list(Severity)
    return sorted(
        findings, key=lambda f: (order.index(f.severity), f.file or "", f.line or 0, f.column or 0, f.rule, f.iri or "")
    )


def _block(finding: Finding, language: str) -> str:
    head = f"{finding.place + ': ' if finding.place else ''}{finding.severity}: {finding.message(language)} [{finding.rule}]"
    lines = [head]
    if finding.iri:
        lines.append(f"    resource: {f'{finding.label} ' if finding.label else ''}<{finding.iri}>")
    if finding.path:
        lines.append(f"    property: {finding.path}")
    if finding.value is not None:
        lines.append(f"    value:    {finding.value}")
    if finding.shape:
        lines.append(f"    shape:    {finding.shape}")
    if finding.remedy:
        lines.append(f"    to mend:  {finding.remedy}")
    return "\n".join(lines) + "\n"


def write_report(folder: Path, findings: Sequence[Finding], iri: str) -> None:
    """Write report.txt, report.json and report.ttl into ``folder``; ``iri`` is the report's own name."""
    folder.mkdir(exist_ok=True)
    (folder / "report.txt").write_text(as_text(findings), "utf-8")
    data = {
        "conforms": conforms(findings),
        "counts": count_by_severity(findings),
        "results": [f.as_dict() for f in worst_first(findings)],
    }
    (folder / "report.json").write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", "utf-8")
    (folder / "report.ttl").write_bytes(to_bytes(_triples(findings, iri), ox.RdfFormat.TURTLE, PREFIXES))


def conforms(findings: Sequence[Finding]) -> bool:
    """Tell whether nothing stops a build."""
    return not any(f.severity is Severity.VIOLATION for f in findings)


def _triples(findings: Sequence[Finding], iri: str) -> list[ox.Triple]:
    report = ox.NamedNode(iri)
    triples = [
        ox.Triple(report, ox.NamedNode(RDF_TYPE), ox.NamedNode(SH + "ValidationReport")),
        ox.Triple(report, ox.NamedNode(RDFS + "label"), ox.Literal("Rapport de validation", language="fr")),
        ox.Triple(report, ox.NamedNode(RDFS + "label"), ox.Literal("Validation report", language="en")),
        ox.Triple(
            report,
            ox.NamedNode(SH + "conforms"),
            ox.Literal(str(conforms(findings)).lower(), datatype=ox.NamedNode(XSD + "boolean")),
        ),
    ]
    for number, finding in enumerate(worst_first(findings), 1):
        node = ox.NamedNode(f"{iri}#result-{number}")
        triples.append(ox.Triple(report, ox.NamedNode(SH + "result"), node))
        triples.append(ox.Triple(node, ox.NamedNode(RDF_TYPE), ox.NamedNode(SH + "ValidationResult")))
        triples.append(
            ox.Triple(node, ox.NamedNode(SH + "resultSeverity"), ox.NamedNode(SH + _SEVERITIES[finding.severity]))
        )
        triples.extend(
            ox.Triple(node, ox.NamedNode(SH + "resultMessage"), ox.Literal(text, language=lang))
            for lang, text in finding.messages.items()
        )
        for predicate, value in (
            ("focusNode", finding.iri),
            ("resultPath", finding.path),
            ("sourceShape", finding.shape),
        ):
            if value and is_absolute(value):
                triples.append(ox.Triple(node, ox.NamedNode(SH + predicate), ox.NamedNode(value)))
        if finding.value is not None:
            triples.append(ox.Triple(node, ox.NamedNode(SH + "value"), ox.Literal(finding.value)))
        if finding.place:
            triples.append(ox.Triple(node, ox.NamedNode(DCTERMS + "source"), ox.Literal(finding.place)))
    return triples
