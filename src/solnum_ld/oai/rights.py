"""Under which licence records may be used (OAI-PMH, guidelines: Conveying rights expressions about metadata).

The licence is that of the records. What they are about, a book for one, has its own, which ``dc:rights`` tells where it is known.
"""

from __future__ import annotations

from typing import cast

from lxml import etree

from solnum_ld.oai.xml import add, locate_schema

_RIGHTS = "http://www.openarchives.org/OAI/2.0/rights/"
_SCHEMAS = "http://www.openarchives.org/OAI/2.0/"
_DEFAULT = cast("dict[str, str]", {None: _RIGHTS})


def add_rights(record: etree._Element, licence: str) -> None:
    """Say in a record under which licence it may be used (guidelines, 3)."""
    add(_root(add(record, "about"), "rights"), "rightsReference", namespace=_RIGHTS, ref=licence)


def add_manifest(identify: etree._Element, licence: str) -> None:
    """Say of the repository that this is the licence of all records (guidelines, 4.1)."""
    manifest = _root(add(identify, "description"), "rightsManifest")
    manifest.set("appliesTo", f"{_SCHEMAS}entity#metadata")
    add(add(manifest, "rights", namespace=_RIGHTS), "rightsReference", namespace=_RIGHTS, ref=licence)


def _root(parent: etree._Element, name: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{_RIGHTS}}}{name}", nsmap=_DEFAULT)
    locate_schema(element, _RIGHTS, f"{_SCHEMAS}{name}.xsd")
    return element
