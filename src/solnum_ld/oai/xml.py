"""Small pieces of XML: elements, texts that XML can hold, bytes. Written by lxml, never from strings."""

from __future__ import annotations

import re

from lxml import etree

OAI = "http://www.openarchives.org/OAI/2.0/"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
DC = "http://purl.org/dc/elements/1.1/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Return a text without the characters that XML 1.0 cannot hold (2.2), line ends as XML has them."""
    return NOT_XML.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def add(
    parent: etree._Element, name: str, text: str | None = None, namespace: str = OAI, **attributes: str
) -> etree._Element:
    """Add an element to ``parent`` and return it."""
    child = etree.SubElement(parent, f"{{{namespace}}}{name}")
    for key, value in attributes.items():
        child.set(key, clean(value))
    if text is not None:
        child.text = clean(text)
    return child


def locate_schema(element: etree._Element, namespace: str, schema: str) -> None:
    """Say on an element where the schema of its namespace lies."""
    element.set(f"{{{XSI}}}schemaLocation", f"{namespace} {schema}")
