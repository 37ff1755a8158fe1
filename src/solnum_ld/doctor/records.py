"""What a harvester of records meets: the answers of a repository to the requests of OAI-PMH 2.0, right and wrong ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from lxml import etree

from solnum_ld.doctor.asking import Asker, Reply
from solnum_ld.doctor.rules import Outcome, Text, absent, judge, say

MOST_PAGES = 3
NS = {
    "o": "http://www.openarchives.org/OAI/2.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "oai_dc": "http://www.openarchives.org/OAI/2.0/oai_dc/",
}
_NAMES = ("oai-identify", "oai-dc", "oai-tokens", "oai-errors", "oai-dates", "oai-deleted", "oai-post", "oai-plain")
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
_MARKUP = re.compile(r"</?(?:p|br|a|b|i|em|strong|div|span|ul|ol|li|h[1-6])\b[^<>]*>", re.IGNORECASE)


class Repository:
    """A repository as a harvester sees it."""

    def __init__(self, asker: Asker, address: str) -> None:
        self.asker, self.address = asker, address

    def get(self, **arguments: str) -> tuple[Reply, etree._Element | None]:
        """Ask by GET; return the reply, and the answer where it is XML."""
        reply = self.asker.ask(f"{self.address}?{urlencode(arguments)}", follow=True)
        return reply, read(reply)


def read(reply: Reply) -> etree._Element | None:
    """Return the answer of a repository; None when it is none."""
    try:
        root = etree.fromstring(reply.body, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root if root.tag == f"{{{NS['o']}}}OAI-PMH" else None


def texts(root: etree._Element | None, path: str) -> list[str]:
    """Return the texts of the elements at a path."""
    return [] if root is None else [(element.text or "").strip() for element in root.iterfind(path, NS)]


def examine_records(asker: Asker, address: str) -> Iterator[Outcome]:
    """Yield outcomes about the repository at ``address``."""
    repository = Repository(asker, address)
    reply, identity = repository.get(verb="Identify")
    if reply.status == 404 or identity is None:
        if reply.ok and "xml" in reply.kind:
            yield judge("oai-identify", [say(f"{address} : réponse illisible.", f"{address}: unreadable answer.")])
        for name in _NAMES if not (reply.ok and "xml" in reply.kind) else _NAMES[1:]:
            yield absent(name, f"Pas de dépôt OAI-PMH à {address}.", f"No OAI-PMH repository at {address}.")
        return
    yield judge("oai-identify", _identity(address, reply, identity))
    first_reply, first = repository.get(verb="ListRecords", metadataPrefix="oai_dc")
    yield judge("oai-dc", _records(first_reply, first))
    yield judge("oai-tokens", _tokens(repository, first))
    yield judge("oai-errors", _errors(repository))
    yield judge("oai-dates", _dates(repository, identity))
    kept = texts(identity, ".//o:deletedRecord") == ["persistent"]
    said = ", ".join(texts(identity, ".//o:deletedRecord")) or "∅"
    yield judge("oai-deleted", [] if kept else [say(f"deletedRecord : {said}", f"deletedRecord: {said}")])
    posted = asker.ask(address, "POST", form={"verb": "Identify"})
    yield judge(
        "oai-post",
        []
        if texts(read(posted), ".//o:baseURL")
        else [say(f"POST {address} : {posted.said}", f"POST {address}: {posted.said}")],
    )
    marked = [text for text in texts(first, ".//dc:description") if _MARKUP.search(text)]
    yield judge("oai-plain", (say(f"« {text[:80]} »", f"“{text[:80]}”") for text in marked))


def _identity(address: str, reply: Reply, root: etree._Element) -> Iterator[Text]:
    if reply.status != 200 or reply.kind != "text/xml":
        yield say(f"{reply.said}, {reply.kind}", f"{reply.said}, {reply.kind}")
    base = "".join(texts(root, ".//o:baseURL")[:1])
    if base != address:
        yield say(f"baseURL : {base or '∅'}", f"baseURL: {base or '∅'}")
    if texts(root, ".//o:protocolVersion") != ["2.0"]:
        yield say("protocolVersion n’est pas 2.0.", "protocolVersion is not 2.0.")
    for name in ("repositoryName", "adminEmail", "earliestDatestamp", "granularity"):
        if not any(texts(root, f".//o:{name}")):
            yield say(f"{name} manque.", f"{name} is missing.")


def _records(reply: Reply, root: etree._Element | None) -> Iterator[Text]:
    records = [] if root is None else root.findall(".//o:record", NS)
    if not records:
        codes = [element.get("code") for element in ([] if root is None else root.iterfind(".//o:error", NS))]
        yield say(f"ListRecords : {codes or reply.said}", f"ListRecords: {codes or reply.said}")
    for record in records:
        if (header := record.find("o:header", NS)) is not None and header.get("status") == "deleted":
            continue
        name = "".join(texts(record, ".//o:identifier")[:1])
        for element in ("title", "identifier"):
            if not any(texts(record, f".//dc:{element}")):
                yield say(f"{name} : pas de dc:{element}.", f"{name}: no dc:{element}.")


def _tokens(repository: Repository, root: etree._Element | None) -> Iterator[Text]:
    seen: set[str] = set(texts(root, ".//o:header/o:identifier"))
    given: set[str] = set()
    for _ in range(MOST_PAGES):
        token = "".join(texts(root, ".//o:resumptionToken")[:1])
        if not token:
            return
        if token in given:
            yield say("Le même resumptionToken revient.", "The same resumptionToken comes back.")
            return
        given.add(token)
        reply, root = repository.get(verb="ListRecords", resumptionToken=token)
        names = set(texts(root, ".//o:header/o:identifier"))
        if not names:
            yield say(f"La suite n’est pas donnée : {reply.said}", f"What follows is not given: {reply.said}")
            return
        if names <= seen:
            yield say("La suite répète ce qui précède.", "What follows repeats what came before.")
            return
        seen |= names


def _errors(repository: Repository) -> Iterator[Text]:
    for code, arguments in {
        "badVerb": {"verb": "Nonsense"},
        "badArgument": {"verb": "ListRecords"},
        "cannotDisseminateFormat": {"verb": "ListRecords", "metadataPrefix": "none_such"},
        "badResumptionToken": {"verb": "ListRecords", "resumptionToken": "none-such"},
        "idDoesNotExist": {"verb": "GetRecord", "metadataPrefix": "oai_dc", "identifier": "oai:none.example:none"},
    }.items():
        reply, root = repository.get(**arguments)
        codes = [element.get("code") for element in ([] if root is None else root.iterfind(".//o:error", NS))]
        if reply.status != 200 or code not in codes:
            yield say(f"{code} attendu : {codes or reply.said}", f"{code} expected: {codes or reply.said}")


def _dates(repository: Repository, identity: etree._Element) -> Iterator[Text]:
    earliest = "".join(texts(identity, ".//o:earliestDatestamp")[:1])
    for start in dict.fromkeys((earliest[:10], earliest)):
        reply, root = repository.get(verb="ListIdentifiers", metadataPrefix="oai_dc", **{"from": start})
        if not texts(root, ".//o:header/o:identifier"):
            yield say(
                f"from={start} : {reply.said}, sans enregistrement.", f"from={start}: {reply.said}, without a record."
            )
