"""The source's JSON-LD context (``ontology/context.jsonld``): whether documents can be written against it."""

from __future__ import annotations

import json
from pathlib import Path

from solnum_ld.findings import Finding, violation

_REMEDY = "Correct the context; what it says must be in the file itself."


def check_context(path: Path, root: Path) -> list[Finding]:
    """Return what is wrong with a context: JSON, its form, a definition that no processor takes, a remote part."""
    name = path.relative_to(root).as_posix()
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except json.JSONDecodeError as error:
        message = f"The context is not JSON: {error.msg}."
        return [violation("context", message, _REMEDY, file=name, line=error.lineno, column=error.colno)]
    except (OSError, UnicodeDecodeError) as error:
        return [violation("context", f"The context cannot be read: {error}.", "Save it as UTF-8.", file=name)]
    definition = document.get("@context") if isinstance(document, dict) else None
    if not isinstance(definition, dict):
        return [violation("context", "The file has no @context that is an object.", _REMEDY, file=name)]
    wrong = _refused(definition)
    return [violation("context", f"The context cannot be used: {wrong}.", _REMEDY, file=name)] if wrong else []


def _refused(definition: dict[str, object]) -> str | None:
    """Return what no processor takes, or takes from elsewhere (JSON-LD 1.1, 9.15); None when there is nothing of the kind."""
    for term, value in definition.items():
        if term == "@import":
            return "@import names a remote context"
        if not isinstance(value, str | dict | bool | float | int | None):
            return f"{term!r} is defined by a {type(value).__name__}"
        if isinstance(value, dict):
            for key in ("@id", "@type", "@reverse"):
                if not isinstance(value.get(key, ""), str | None):
                    return f"{key} of {term!r} is no string"
            inner = value.get("@context", {})
            if not isinstance(inner, dict):
                return f"@context of {term!r} is no object"
            wrong = _refused(inner)
            if wrong:
                return wrong
    return None
