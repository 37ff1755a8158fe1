"""Whatever our OpenAPI document allows, and near misses of it, never meets an internal error (schemathesis, 50 a route)."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from support import Server

pytestmark = pytest.mark.stress
SECONDS = float(os.environ.get("STRESS_SECONDS", "600"))
EXAMPLES = 50


def operations(base: str) -> list[object]:
    """Return every operation of the document that a server gives of itself."""
    schema = schemathesis.openapi.from_url(f"{base}openapi.json")
    found = [result.ok() for result in schema.get_all_operations()]
    assert {"/sparql", "/doc/{path}"} <= {operation.path for operation in found}, "routes are missing from the document"
    return found


def never_an_internal_error(operation, until: float) -> Callable[[], None]:
    """Return a check of one operation, with input that keeps to the document and input that does not."""
    modes = schemathesis.GenerationMode

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(
        case=operation.as_strategy(generation_mode=modes.POSITIVE)
        | operation.as_strategy(generation_mode=modes.NEGATIVE)
    )
    def check(case) -> None:
        if time.monotonic() < until:
            answer = case.call(timeout=40)
            assert answer.status_code < 500 or answer.status_code in {503, 504}, (
                case.as_curl_command(),
                answer.text[:500],
            )

    return check


def test_no_route_answers_with_an_internal_error(server: Server) -> None:
    until = time.monotonic() + SECONDS / 4
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for operation in operations(server.base):
            never_an_internal_error(operation, until)()
    assert server.process.poll() is None
    assert not [line for line in server.log if "Traceback" in line]
