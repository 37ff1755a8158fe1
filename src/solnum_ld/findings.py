"""A finding: one problem of a source, with where it is, which rule it breaks and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from solnum_ld.messages import in_language


class Severity(StrEnum):
    """How bad a finding is; the names and meanings of SHACL (section 2.1.4)."""

    VIOLATION = "violation"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem.

    ``file`` is relative to the source folder; ``line`` and ``column`` count from 1. ``messages`` and ``remedy`` are
    sentences; ``messages`` maps a language to a sentence (``en`` always there).
    """

    severity: Severity
    rule: str
    messages: dict[str, str]
    remedy: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    iri: str | None = None
    label: str | None = None
    path: str | None = None
    value: str | None = None
    shape: str | None = None

    def __post_init__(self) -> None:
        """Add the French of an English sentence, where there is one."""
        french = in_language(self.messages.get("en", ""), "fr")
        if "fr" not in self.messages and french != self.messages.get("en", ""):
            object.__setattr__(self, "messages", {**self.messages, "fr": french})

    def message(self, language: str = "en") -> str:
        """Return the sentence in ``language``, else in English, else in whatever there is."""
        return self.messages.get(language) or self.messages.get("en") or next(iter(self.messages.values()))

    @property
    def place(self) -> str:
        """Return ``file:line:column`` as far as known.

        >>> Finding(Severity.WARNING, "bom", {"en": "…"}, file="a.ttl", line=3).place
        'a.ttl:3'
        """
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)

    def as_dict(self) -> dict[str, object]:
        """Return the finding as JSON-ready data, without what is not known."""
        names = ("rule", "file", "line", "column", "iri", "label", "path", "value", "shape", "remedy")
        data: dict[str, object] = {"severity": str(self.severity), "messages": dict(self.messages)}
        data |= {name: getattr(self, name) for name in names if getattr(self, name) not in (None, "")}
        return data


def violation(rule: str, message: str, remedy: str = "", **where: object) -> Finding:
    """Return a finding that stops a build."""
    return Finding(Severity.VIOLATION, rule, {"en": message}, remedy, **where)  # type: ignore[arg-type]  # fields of Finding


def warning(rule: str, message: str, remedy: str = "", **where: object) -> Finding:
    """Return a finding that is published."""
    return Finding(Severity.WARNING, rule, {"en": message}, remedy, **where)  # type: ignore[arg-type]  # fields of Finding


def count_by_severity(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings there are of each severity, all severities named."""
    counts = {str(severity): 0 for severity in Severity}
    for finding in findings:
        counts[str(finding.severity)] += 1
    return counts
