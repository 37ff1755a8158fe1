"""Four engines under constant load: releases change to and fro, an engine dies; no request fails and no answer mixes releases.

And every document of the book, from each engine that is tested.
"""

from __future__ import annotations

import shutil
import threading
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from exchange import free_port

from release.building import LOCAL, build_into
from solnum_ld.config import bundled_source
from solnum_ld.release.folder import ReleaseFolder
from store.documents import asked, every_document, told
from store.engines import DBA, load, oxigraph, virtuoso
from stress.load import done, under_load, write_edition
from support import serving, write_small

pytestmark = pytest.mark.stress
CHANGES = 36


def test_no_request_fails_and_no_answer_mixes_two_releases(tmp_path: Path) -> None:
    source = write_small(tmp_path / "source", hub=40)
    with ExitStack() as stack:
        dying = stack.enter_context(ExitStack())
        engines = [dying.enter_context(oxigraph()), *(stack.enter_context(oxigraph()) for _ in range(3))]
        options = ["--port", str(free_port()), "--releases", tmp_path / "releases"]
        store = ["--store", ",".join(engines)]
        for edition in (1, 2):
            write_edition(source, edition)
            done("build", source, *options, "--no-shacl", "--accept-changes")
            done("publish", source, *options, *store, "--grace", "0")
        server = stack.enter_context(serving(source, tmp_path / "releases", *options[:2], "--no-build", *store))
        with under_load(server.base) as seen, httpx.Client(base_url=server.base, timeout=30) as http:
            for change in range(CHANGES):
                before = http.get("version").json()["release"]
                done("rollback", "--source", source, *options)
                if change == CHANGES // 2:
                    dying.close()
                for _ in range(200):
                    if http.get("version").json()["release"] != before:
                        break
                    threading.Event().wait(0.05)
                else:
                    raise AssertionError("the release is not taken up")
        print(seen.total, "requests,", seen.again, "sent again,", len(seen.failed), "failed,", seen.mixed, "mixed")
        seen.check(1000)


def test_every_document_of_the_book_is_the_same_from_every_engine(tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    release = build_into(releases, bundled_source(), LOCAL).release.path
    ReleaseFolder(releases).ensure_ledger()
    expected = asked(releases, (), every_document(releases))
    assert len(expected) > 1500
    (tmp_path / "database").mkdir()
    with ExitStack() as stack:
        engines = [(stack.enter_context(oxigraph()), None)]
        if shutil.which("virtuoso-t") is not None:
            engines.append((stack.enter_context(virtuoso(tmp_path / "database")), DBA))
        for url, credentials in engines:
            assert load(release, url, credentials)
            found = asked(releases, [url], expected)
            assert [document for document in expected if told(found[document]) != told(expected[document])] == []
    print(len(expected), "documents from", 1 + len(engines), "engines")
