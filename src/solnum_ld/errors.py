"""The error tree: named for what went wrong, carrying data, knowing nothing of HTTP or of exit codes.

SolnumError
├── SourceError            the source folder cannot be used
│   └── SourceInvalid      … and here is every problem found in it
├── ReleaseError           releases on disk
│   ├── NoRelease
│   ├── ReleaseBusy        another build holds the lock
│   ├── ReleaseMismatch    a release of another source or base
│   └── LedgerUnreadable   what went live when cannot be read
├── SettingsError          a setting is wrong or missing
├── Unreachable            another's server that was to be visited does not answer
├── NotFound               no such resource
│   └── Gone               withdrawn on purpose
├── NotAcceptable          nothing on offer pleases the client
├── MalformedRequest       the request itself is wrong
│   └── MalformedQuery     … its SPARQL query is
├── RequestRefused         understood, and not done here: updates, federation, foreign graphs
│   └── ResultTooLarge     a result past the limit
├── TooManyRequests        this client asks too much at once
├── UnsupportedContent     a body of a media type we do not read
├── ContentTooLarge        a body past the limit
└── StoreUnavailable       the engine does not answer
    ├── StoreBusy          … because too many others ask
    ├── EngineFault        … with an answer that can be used
    ├── QueryAborted       … this query, which broke it or took too much memory
    └── QueryTimeout       … within the time limit
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solnum_ld.findings import Finding
    from solnum_ld.mediatypes import Format


class SolnumError(Exception):
    """Something this program can name went wrong. ``str(error)`` is one sentence for a person."""


class SourceError(SolnumError):
    """The source folder cannot be used."""


class SourceInvalid(SourceError):
    """The source was read and does not pass; ``findings`` holds every problem."""

    def __init__(self, message: str, findings: Sequence[Finding]) -> None:
        super().__init__(message)
        self.findings = tuple(findings)

    def __reduce__(self) -> tuple[type[SourceInvalid], tuple[str, tuple[Finding, ...]]]:
        """Say how to make this anew in another process."""
        return type(self), (str(self), self.findings)


class ReleaseError(SolnumError):
    """The releases on disk do not allow what was asked."""


class NoRelease(ReleaseError):
    """There is no release (of that name)."""


class ReleaseBusy(ReleaseError):
    """Another process is building in the same folder."""


class ReleaseMismatch(ReleaseError):
    """The folder holds releases of another source or base."""


class LedgerUnreadable(ReleaseError):
    """The ledger of what went live when is missing or broken; it can be made anew."""


class SettingsError(SolnumError):
    """A setting is wrong or missing."""


class Unreachable(SolnumError):
    """A server that was to be visited does not answer."""


class NotFound(SolnumError):
    """No resource of that IRI."""


class Gone(NotFound):
    """The resource was withdrawn on purpose."""


class NotAcceptable(SolnumError):
    """None of ``offers`` is acceptable to the client (RFC 9110, 15.5.7)."""

    def __init__(self, offers: Sequence[Format], message: str = "") -> None:
        super().__init__(message or "Nothing that is offered here is acceptable to the request's Accept header.")
        self.offers = tuple(offers)


class MalformedRequest(SolnumError):
    """The request itself is wrong."""


class MalformedQuery(MalformedRequest):
    """The SPARQL query is not one, or not one that is answered here.

    ``line`` and ``column`` count from 1 and are None when they are not known; ``expected`` are the tokens that could
    stand there.
    """

    def __init__(
        self, message: str, *, line: int | None = None, column: int | None = None, expected: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.line, self.column, self.expected = line, column, tuple(expected)


class RequestRefused(SolnumError):
    """The request is understood and refused."""


class ResultTooLarge(RequestRefused):
    """The result is past the size limit."""


class TooManyRequests(SolnumError):
    """This client asks more than its share; ``retry_after`` is in seconds."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnsupportedContent(SolnumError):
    """The request's body is of a media type that is not read here."""


class ContentTooLarge(SolnumError):
    """The request's body is past the limit."""


class RangeOutside(SolnumError):
    """None of the ranges asked for is in the file, which has ``size`` bytes (RFC 9110, 15.5.17)."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The file has {size} bytes here; nothing of what was asked for is in it.")
        self.size = size


class StoreUnavailable(SolnumError):
    """The engine does not answer."""


class StoreBusy(StoreUnavailable):
    """Too many queries are waiting."""


class EngineFault(StoreUnavailable):
    """An engine on another machine answered, and what it sent cannot be used or is not whole."""


class QueryAborted(StoreUnavailable):
    """The query broke the engine or asked for too much memory, and was stopped."""


class QueryTimeout(StoreUnavailable):
    """The query ran past the time limit and was stopped."""
