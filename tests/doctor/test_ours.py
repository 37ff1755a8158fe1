"""Our own server is in good health: no client loses anything of the book, nothing is at risk."""

from __future__ import annotations

from solnum_ld.doctor.examination import examine
from solnum_ld.doctor.rules import Verdict
from support import Server


def test_every_client_understands_all_of_the_book(book: Server) -> None:
    report = examine(book.base)
    ill = [
        (o.rule.name, [text["en"] for text in o.reasons])
        for o in report.outcomes
        if o.verdict in {Verdict.LOSS, Verdict.RISK}
    ]
    assert ill == []
    assert report.catalogue == f"{book.base}catalog"
    assert {o.rule.name for o in report.outcomes if o.verdict is Verdict.ABSENT} == {
        "paging",
        "total-items",
        "self-contained",
    }
