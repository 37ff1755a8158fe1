"""The report in words, for a terminal: what is lost first, then what is at risk, then what is in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.markup import escape

from solnum_ld.doctor.examination import Report
from solnum_ld.doctor.rules import LINKS, Outcome, Verdict

_MARK = {
    Verdict.KEPT: "[green]✓[/]",
    Verdict.RISK: "[yellow]![/]",
    Verdict.LOSS: "[red]✗[/]",
    Verdict.ABSENT: "[dim]–[/]",
}
_ORDER = (Verdict.LOSS, Verdict.RISK, Verdict.ABSENT, Verdict.KEPT)
_HEADINGS = {
    Verdict.LOSS: {"fr": "Perdu", "en": "Lost"},
    Verdict.RISK: {"fr": "En danger", "en": "At risk"},
    Verdict.ABSENT: {"fr": "Rien à juger", "en": "Nothing to judge"},
    Verdict.KEPT: {"fr": "En ordre", "en": "In order"},
}
_BEFORE = {"fr": "\u00a0", "en": ""}
"""What stands before a colon and a semicolon."""

_WORDS = {
    "concerns": {"fr": "concerne", "en": "concerns"},
    "loses": {"fr": "perte", "en": "loss"},
    "remedy": {"fr": "remède", "en": "remedy"},
    "more": {"fr": "et {n} autres", "en": "and {n} more"},
    "takes": {
        "fr": "prend jeux : {datasets}, ressources : {resources}, services : {services}".replace(" :", "\u00a0:"),
        "en": "takes datasets: {datasets}, resources: {resources}, services: {services}",
    },
    "none": {"fr": "aucun catalogue trouvé", "en": "no catalogue found"},
    "asked": {"fr": "{n} requêtes", "en": "{n} requests"},
}


def tell(report: Report, language: str) -> Iterator[str]:
    """Yield the lines of a report, in rich's markup."""
    catalogue = report.catalogue or _WORDS["none"][language]
    yield f"[bold]{escape(report.url)}[/]  ({escape(catalogue)}{_BEFORE[language]}; {_WORDS['asked'][language].format(n=report.requests)})"
    yield ""
    yield from _clients(report, language)
    for verdict in _ORDER:
        outcomes = [outcome for outcome in report.outcomes if outcome.verdict is verdict]
        if not outcomes:
            continue
        yield f"\n[bold]{_HEADINGS[verdict][language]}[/] ({len(outcomes)})"
        if verdict is Verdict.KEPT:
            yield f"  {_MARK[verdict]} " + ", ".join(outcome.rule.name for outcome in outcomes)
        else:
            for outcome in outcomes:
                yield from _tell(outcome, language)


def _clients(report: Report, language: str) -> Iterator[str]:
    """Yield a line for each client: what it would lose, what is at risk."""
    clients = dict.fromkeys(client for outcome in report.outcomes for client in outcome.rule.clients)
    width = max((len(_named(client, language)) for client in clients), default=0)
    for client in sorted(clients):
        own = [outcome for outcome in report.outcomes if client in outcome.rule.clients]
        parts = [_taken(report.takes[client], language)] if client in report.takes else []
        for verdict in (Verdict.LOSS, Verdict.RISK):
            names = [outcome.rule.name for outcome in own if outcome.verdict is verdict]
            if names:
                parts.append(f"{_HEADINGS[verdict][language].lower()}{_BEFORE[language]}: {', '.join(names)}")
        if mark_of(own) is Verdict.KEPT:
            parts.append(_HEADINGS[Verdict.KEPT][language].lower())
        between = f"{_BEFORE[language]}; "
        yield f"  {_MARK[mark_of(own)]} {_named(client, language):{width}}  {between.join(parts) or _HEADINGS[Verdict.ABSENT][language].lower()}"


def mark_of(outcomes: Sequence[Outcome]) -> Verdict:
    """Return the worst verdict; what is absent is no fault beside what is kept."""
    verdicts = {outcome.verdict for outcome in outcomes}
    return min(verdicts - {Verdict.ABSENT} or verdicts, key=_ORDER.index)


def _named(client: str, language: str) -> str:
    """Return what a client is called: products have one name, kinds of programs two."""
    return "vérificateurs de liens" if (client, language) == (LINKS, "fr") else client


def _taken(numbers: dict[str, int], language: str) -> str:
    return _WORDS["takes"][language].format(**numbers)


def _tell(outcome: Outcome, language: str) -> Iterator[str]:
    rule = outcome.rule
    yield f"  {_MARK[outcome.verdict]} [bold]{rule.name}[/]  [dim]{_WORDS['concerns'][language]} {', '.join(_named(client, language) for client in rule.clients)}[/]"
    for reason in outcome.reasons:
        yield f"      {escape(reason[language])}"
    if outcome.more:
        yield f"      {_WORDS['more'][language].format(n=outcome.more)}"
    if outcome.verdict is not Verdict.ABSENT:
        for word, text in (("loses", rule.loses), ("remedy", rule.remedy)):
            yield f"      {_WORDS[word][language]}{_BEFORE[language]}: {escape(text[language])}"
