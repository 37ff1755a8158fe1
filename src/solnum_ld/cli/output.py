"""What the command line prints, where, and with which exit code: data on stdout, all else on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from solnum_ld.errors import NoRelease, ReleaseMismatch, SettingsError, SolnumError, SourceError, SourceInvalid
from solnum_ld.findings import Finding, Severity, count_by_severity
from solnum_ld.messages import in_language

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
_COLOURS = {Severity.VIOLATION: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


class Bars:
    """Progress on stderr: bars on a terminal, nothing elsewhere. Notes are printed in any case."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def stage(self, text: str, total: int | None = None) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(said(text), total=total)

    def advance(self, done: int) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=done)

    def note(self, text: str) -> None:
        err.print(escape(said(text)), soft_wrap=True)


@contextlib.contextmanager
def exit_codes(*, as_json: bool = False) -> Iterator[None]:
    """Turn errors into one message and an exit code."""
    try:
        yield
    except SourceInvalid as error:
        print_findings(error.findings, as_json=as_json, conforms=False)
        if not as_json:
            err.print(
                f"[bold red]{escape(said(str(error)))}[/] {said('The previous release, if any, is untouched.')}",
                soft_wrap=True,
            )
        raise typer.Exit(1) from None
    except SourceError as error:
        fail(str(error), as_json=as_json, code=2)
    except NoRelease as error:
        fail(str(error), as_json=as_json, code=1)
    except SolnumError as error:
        fail(str(error), as_json=as_json, code=2 if isinstance(error, SettingsError | ReleaseMismatch) else 1)
    except KeyboardInterrupt:
        err.print(said("Stopped."))
        raise typer.Exit(130) from None


def fail(message: str, *, as_json: bool, code: int) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"error": message}, ensure_ascii=False) + "\n")
    err.print(f"[bold red]{said('Error:')}[/] {escape(said(message))}", soft_wrap=True)
    raise typer.Exit(code)


def language() -> str:
    """Return the language of messages: that of the terminal's locale, English by default."""
    return (
        "fr"
        if (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "").startswith("fr")
        else "en"
    )


def said(sentence: str) -> str:
    """Return a sentence of ours in the language of messages."""
    return in_language(sentence, language())


def figure(number: float, decimals: int = 0) -> str:
    """Return a number as the language of messages writes it."""
    text = f"{number:,.{decimals}f}"
    return text.replace(",", "\u202f").replace(".", ",") if language() == "fr" else text


def print_findings(findings: tuple[Finding, ...] | list[Finding], *, as_json: bool, conforms: bool) -> None:
    """Print findings: as JSON on stdout, or in words on stderr."""
    from solnum_ld.release.report import worst_first

    if as_json:
        data = {
            "conforms": conforms,
            "counts": count_by_severity(findings),
            "results": [f.as_dict() for f in worst_first(findings)],
        }
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
        return
    wanted = language()
    for finding in worst_first(findings):
        place = f"{finding.place}: " if finding.place else ""
        colour = _COLOURS[finding.severity]
        err.print(
            f"[bold]{escape(place)}[/][{colour}]{said(finding.severity)}[/]{said(':')} {escape(finding.message(wanted))} [dim]({escape(finding.rule)})[/]",
            soft_wrap=True,
        )
        if finding.iri:
            err.print(
                f"    {said('resource')}{said(':')} {escape(f'{finding.label} ' if finding.label else '')}<{escape(finding.iri)}>",
                soft_wrap=True,
            )
        for name, value in (
            ("property", finding.path),
            ("value", finding.value),
            ("shape", finding.shape),
            ("to mend", said(finding.remedy)),
        ):
            if value:
                err.print(f"    {said(name) + said(':'):9} {escape(value)}", soft_wrap=True)
    counts = ", ".join(
        f"{n} {said(name)}{'s' if n != 1 else ''}" for name, n in count_by_severity(findings).items() if n
    )
    if counts:
        err.print(escape(counts))
