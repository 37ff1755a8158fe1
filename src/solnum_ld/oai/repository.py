"""The repository: what is asked of the ledger and the store, answered in XML (OAI-PMH 2.0, 3 and 4)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from lxml import etree

from solnum_ld.ledger import DATASETS, Entry, Ledger, RecordSet, Span
from solnum_ld.manifest import Manifest
from solnum_ld.oai import dcat_ap, dublin_core
from solnum_ld.oai.protocol import Asked, Fault, Verb, parse_request
from solnum_ld.oai.rights import add_manifest, add_rights
from solnum_ld.oai.tokens import Token, write_token
from solnum_ld.oai.xml import OAI, OAI_DC, XSI, add, clean, locate_schema
from solnum_ld.store import Store
from solnum_ld.store.protocol import Description, Window

PAGE = 100
"""Records of a page of a list."""

_SCHEMA = "http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
_IDENTIFIER = "http://www.openarchives.org/OAI/2.0/oai-identifier"
_DOMAIN = re.compile(r"[a-zA-Z][a-zA-Z0-9\-]*(\.[a-zA-Z][a-zA-Z0-9\-]*)+\Z")
_NO_CONTACT = "contact@example.org"
_DEFAULT = cast("dict[str, str]", {None: OAI})  # lxml names the default namespace None, its type stubs do not


@dataclass(frozen=True, slots=True)
class MetadataFormat:
    """A form in which records are had."""

    prefix: str
    schema: str
    namespace: str


FORMATS: dict[str, MetadataFormat] = {
    "oai_dc": MetadataFormat("oai_dc", dublin_core.SCHEMA_LOCATION, OAI_DC),
    "dcat_ap": MetadataFormat("dcat_ap", dcat_ap.SCHEMA_LOCATION, dcat_ap.NAMESPACE),
}


@dataclass(frozen=True, slots=True)
class Repository:
    """A release and its ledger, as a repository of records."""

    ledger: Ledger
    store: Store
    manifest: Manifest
    now: datetime

    async def answer(self, arguments: Sequence[tuple[str, str]] | None) -> bytes:
        """Return the answer to a request, an error of the protocol included; None are arguments that cannot be read."""
        root, request = self._envelope()
        try:
            if arguments is None:
                raise Fault("badArgument", "The arguments are not URL-encoded UTF-8, or too many.")
            asked = parse_request(arguments)
            echoed = dict(asked.arguments)
            answer = await self._answer(asked)
        except Fault as fault:
            if fault.code not in {"badVerb", "badArgument"}:
                for name, value in arguments or ():
                    request.set(name, clean(value))
            add(root, "error", str(fault), code=fault.code)
        else:
            for name, value in echoed.items():
                request.set(name, clean(value))
            root.append(answer)
        return await asyncio.to_thread(_bytes, root)

    def _envelope(self) -> tuple[etree._Element, etree._Element]:
        root = etree.Element(f"{{{OAI}}}OAI-PMH", nsmap={**_DEFAULT, "xsi": XSI})
        locate_schema(root, OAI, _SCHEMA)
        add(root, "responseDate", self.now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return root, add(root, "request", self.address)

    @property
    def address(self) -> str:
        """Return where the repository answers."""
        return f"{self.manifest.public}oai"

    async def _answer(self, asked: Asked) -> etree._Element:
        answer = etree.Element(f"{{{OAI}}}{asked.verb}", nsmap=_DEFAULT)
        match asked.verb:
            case Verb.IDENTIFY:
                self._identify(answer)
            case Verb.LIST_FORMATS:
                self._list_formats(answer, asked.identifier)
            case Verb.LIST_SETS:
                self._list_sets(answer, asked)
            case Verb.GET_RECORD:
                await self._get_record(answer, asked)
            case Verb.LIST_IDENTIFIERS | Verb.LIST_RECORDS:
                await self._list(answer, asked)
        return answer

    def _identify(self, answer: etree._Element) -> None:
        titles = self.manifest.dataset.title
        add(answer, "repositoryName", titles.get("fr") or next(iter(titles.values())))
        add(answer, "baseURL", self.address)
        add(answer, "protocolVersion", "2.0")
        add(answer, "adminEmail", self.manifest.contact or _NO_CONTACT)
        add(answer, "earliestDatestamp", self.ledger.earliest)
        add(answer, "deletedRecord", "persistent")
        add(answer, "granularity", "YYYY-MM-DDThh:mm:ssZ")
        add(answer, "compression", "gzip")
        whole = self.ledger.span("", None, None)
        host = self.manifest.base.split("/")[2]
        if whole is not None and _DOMAIN.match(host):
            about = etree.SubElement(
                add(answer, "description"),
                f"{{{_IDENTIFIER}}}oai-identifier",
                nsmap=cast("dict[str, str]", {None: _IDENTIFIER}),
            )
            locate_schema(about, _IDENTIFIER, f"{_IDENTIFIER}.xsd")
            sample = self.ledger.page(whole, whole.first, 1)[0].identifier
            for name, text in (
                ("scheme", "oai"),
                ("repositoryIdentifier", host),
                ("delimiter", ":"),
                ("sampleIdentifier", sample),
            ):
                add(about, name, text, _IDENTIFIER)
        if self.manifest.dataset.license:
            add_manifest(answer, self.manifest.dataset.license)

    def _list_formats(self, answer: etree._Element, identifier: str) -> None:
        for form in _formats_of(self._entry(identifier)) if identifier else FORMATS.values():
            element = add(answer, "metadataFormat")
            add(element, "metadataPrefix", form.prefix)
            add(element, "schema", form.schema)
            add(element, "metadataNamespace", form.namespace)

    def _list_sets(self, answer: etree._Element, asked: Asked) -> None:
        if asked.token is not None:
            raise Fault("badResumptionToken", "The list of sets is one page.")
        for one in self._sets():
            element = add(answer, "set")
            add(element, "setSpec", one.spec)
            add(element, "setName", one.name)
            if one.description:
                add(element, "setDescription").append(dublin_core.described(one.description))

    def _sets(self) -> list[RecordSet]:
        sets = self.ledger.sets()
        if not sets:
            raise Fault("noSetHierarchy", "This repository has no sets.")
        return sets

    def _entry(self, identifier: str) -> Entry:
        entry = self.ledger.find(identifier)
        if entry is None:
            raise Fault("idDoesNotExist", "There is no record of this identifier.")
        return entry

    async def _get_record(self, answer: etree._Element, asked: Asked) -> None:
        entry = self._entry(asked.identifier)
        if asked.prefix not in {form.prefix for form in _formats_of(entry)}:
            raise Fault("cannotDisseminateFormat", f"This record cannot be had as {asked.prefix[:100]!r}.")
        await self._records(answer, [entry], asked.prefix)

    async def _list(self, answer: etree._Element, asked: Asked) -> None:
        span = self._span(asked)
        start = span.first if asked.token is None else asked.token.position
        if asked.token is not None and not span.first < start <= span.last:
            raise Fault("badResumptionToken", "This resumptionToken leads nowhere.")
        entries = await asyncio.to_thread(self.ledger.page, span, start, PAGE)
        if asked.verb == Verb.LIST_IDENTIFIERS:
            for entry in entries:
                _header(answer, entry)
        else:
            await self._records(answer, entries, asked.prefix)
        after = start + len(entries)
        if after <= span.last or asked.token is not None:
            element = add(answer, "resumptionToken", completeListSize=str(span.size), cursor=str(start - span.first))
            if after <= span.last:
                element.text = write_token(
                    Token(asked.verb, asked.prefix, asked.set, asked.start, asked.end, self.ledger.state, after)
                )

    def _span(self, asked: Asked) -> Span:
        """Return the stretch of records that a list is; raise the fault that makes it none."""
        if asked.token is not None and asked.token.state != self.ledger.state:
            raise Fault("badResumptionToken", "The records have changed since this list was begun: begin it anew.")
        if asked.prefix not in FORMATS:
            raise Fault("cannotDisseminateFormat", f"The formats are {', '.join(FORMATS)}.")
        if asked.set:
            self._sets()
        name = asked.set if asked.prefix == "oai_dc" else DATASETS + asked.set
        span = self.ledger.span(name, asked.start, asked.end)
        if span is None:
            raise Fault("noRecordsMatch", "No record is in this set and changed between these times.")
        return span

    async def _records(self, answer: etree._Element, entries: Iterable[Entry], prefix: str) -> None:
        for entry in entries:
            record = add(answer, "record")
            _header(record, entry)
            if not entry.deleted:
                add(record, "metadata").append(await self._metadata(entry.iri, prefix))
                if self.manifest.dataset.license:
                    add_rights(record, self.manifest.dataset.license)

    async def _metadata(self, iri: str, prefix: str) -> etree._Element:
        if prefix == "dcat_ap":
            return dcat_ap.dcat_ap(await dcat_ap.dataset_triples(self.store, iri))
        found = await self.store.describe(iri, Window(own=True))
        return dublin_core.dublin_core(found or Description(iri, (), (), (), {}, (), ()))


def _formats_of(entry: Entry) -> list[MetadataFormat]:
    return [form for form in FORMATS.values() if form.prefix == "oai_dc" or entry.dataset]


def _header(parent: etree._Element, entry: Entry) -> None:
    header = add(parent, "header", **({"status": "deleted"} if entry.deleted else {}))
    add(header, "identifier", entry.identifier)
    add(header, "datestamp", entry.stamp)
    for spec in entry.sets:
        add(header, "setSpec", spec)


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
