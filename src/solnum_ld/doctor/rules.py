"""The rules: what each client needs, what it loses without, how to mend it; and verdicts on them.

The rules were read out of the clients' behaviour and are told in our own words; none of their code is here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

Text = dict[str, str]
"""A sentence by language: ``fr``, ``en``."""


class Verdict(StrEnum):
    """How a rule is kept. LOSS: a client loses data. RISK: some client may. ABSENT: there is nothing to judge."""

    KEPT = "kept"
    RISK = "risk"
    LOSS = "loss"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: whom it concerns, how bad it is to break it, what is lost then, and the remedy."""

    name: str
    clients: tuple[str, ...]
    severity: Verdict
    loses: Text
    remedy: Text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found for one rule: the verdict, and the reasons where it is not kept."""

    rule: Rule
    verdict: Verdict
    reasons: tuple[Text, ...] = ()
    more: int = 0

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON."""
        return {
            "rule": self.rule.name,
            "verdict": str(self.verdict),
            "clients": list(self.rule.clients),
            "reasons": list(self.reasons),
            "more": self.more,
            "loses": self.rule.loses,
            "remedy": self.rule.remedy,
        }


_BEFORE = re.compile(" (?=[:;!?»])")


def say(french: str, english: str) -> Text:
    """Return a sentence in both languages, the French with the no-break spaces of its signs.

    >>> say("« a » : b", "“a”: b")["fr"]
    '«\\xa0a\\xa0»\\xa0: b'
    """
    return {"fr": _BEFORE.sub("\u00a0", french).replace("« ", "«\u00a0"), "en": english}


_SHOWN = 3


def judge(name: str, problems: Iterable[Text], verdict: Verdict | None = None) -> Outcome:
    """Return the outcome of a rule: kept without problems, else broken as badly as the rule (or ``verdict``) says."""
    found: Sequence[Text] = list({problem["en"]: problem for problem in problems}.values())
    rule = RULES[name]
    if not found:
        return Outcome(rule, Verdict.KEPT)
    return Outcome(rule, verdict or rule.severity, tuple(found[:_SHOWN]), max(0, len(found) - _SHOWN))


def absent(name: str, french: str, english: str) -> Outcome:
    """Return the outcome of a rule for which there is nothing to judge."""
    return Outcome(RULES[name], Verdict.ABSENT, (say(french, english),))


UDATA, CKAN, EUROPA = "udata (data.gouv.fr)", "CKAN", "data.europa.eu"
GOOGLE, OAI, RDFLIB, COMUNICA, LINKS = "Google Dataset Search", "OAI-PMH", "rdflib", "Comunica", "link checkers"
ALL_PORTALS = (UDATA, CKAN, EUROPA)
_LOSS, _RISK = Verdict.LOSS, Verdict.RISK

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        # -- how the catalogue answers ------------------------------------------------------------------------------------
        Rule(
            "catalogue",
            ALL_PORTALS,
            _LOSS,
            say("Rien n’est moissonné.", "Nothing is harvested."),
            say(
                "Publier un dcat:Catalog en RDF, par exemple à /catalog ; ou le nommer avec --catalog.",
                "Publish a dcat:Catalog in RDF, at /catalog for one; or name it with --catalog.",
            ),
        ),
        Rule(
            "head",
            (UDATA, LINKS),
            _LOSS,
            say("La moisson s’arrête avant d’avoir rien lu.", "The harvest stops before anything is read."),
            say("Répondre à HEAD comme à GET, sans corps.", "Answer HEAD as GET, without a body."),
        ),
        Rule(
            "redirect",
            (UDATA,),
            _LOSS,
            say(
                "La moisson est refusée : aucune redirection n’est suivie.",
                "The harvest is refused: no redirect is followed.",
            ),
            say(
                "Répondre 200 sur place, au catalogue et à chaque hydra:next.",
                "Answer 200 in place, at the catalogue and at every hydra:next.",
            ),
        ),
        Rule(
            "any-media-type",
            (UDATA, CKAN),
            _LOSS,
            say("Le portail demande « */* » et reçoit une page.", "The portal asks for “*/*” and is given a page."),
            say(
                "Donner du RDF pour */* ; du HTML seulement à qui le préfère.",
                "Give RDF for */*; HTML only to those who prefer it.",
            ),
        ),
        Rule(
            "media-type",
            ALL_PORTALS,
            _LOSS,
            say("Le format n’est pas reconnu, la moisson échoue.", "The format is not recognised, the harvest fails."),
            say(
                "Servir text/turtle, application/rdf+xml, application/ld+json ou application/n-triples.",
                "Serve text/turtle, application/rdf+xml, application/ld+json or application/n-triples.",
            ),
        ),
        Rule(
            "charset",
            (UDATA,),
            _LOSS,
            say("Les accents sont perdus : « RÃ©inventer ».", "Accents are lost: “RÃ©inventer”."),
            say("Ajouter « ; charset=utf-8 » à tout text/*.", "Add “; charset=utf-8” to every text/*."),
        ),
        Rule(
            "well-formed",
            (*ALL_PORTALS, RDFLIB),
            _LOSS,
            say("La page n’est pas lue, ni celles qui la suivent.", "The page is not read, nor those after it."),
            say("Corriger la syntaxe.", "Mend the syntax."),
        ),
        Rule(
            "absolute-iris",
            (*ALL_PORTALS, RDFLIB),
            _LOSS,
            say(
                "Sans base, un IRI relatif devient un chemin du serveur du portail.",
                "Without a base, a relative IRI becomes a path on the portal’s server.",
            ),
            say("Écrire des IRI absolus.", "Write absolute IRIs."),
        ),
        Rule(
            "remote-context",
            (UDATA, CKAN, RDFLIB),
            _LOSS,
            say(
                "Le contexte JSON-LD est cherché par le réseau pendant la moisson, ou refusé.",
                "The JSON-LD context is fetched over the network while harvesting, or refused.",
            ),
            say("Mettre le contexte dans le document.", "Put the context into the document."),
        ),
        Rule(
            "size",
            (UDATA, CKAN),
            _LOSS,
            say(
                "Au-delà de 15 Mo (udata) ou de 50 Mo par page (CKAN), rien n’est pris.",
                "Above 15 MB (udata) or 50 MB a page (CKAN), nothing is taken.",
            ),
            say("Paginer le catalogue, ou l’alléger.", "Page the catalogue, or make it lighter."),
        ),
        Rule(
            "cors",
            (COMUNICA,),
            _RISK,
            say("Les applications dans un navigateur ne lisent rien.", "Applications in a browser read nothing."),
            say("Envoyer Access-Control-Allow-Origin: *.", "Send Access-Control-Allow-Origin: *."),
        ),
        Rule(
            "vary",
            (LINKS,),
            _RISK,
            say(
                "Un cache peut donner à l’un le format de l’autre.",
                "A cache may give one client the format of another.",
            ),
            say("Envoyer Vary: Accept là où l’on négocie.", "Send Vary: Accept where there is negotiation."),
        ),
        # -- pages of the catalogue -----------------------------------------------------------------------------------------
        Rule(
            "paging",
            ALL_PORTALS,
            _LOSS,
            say(
                "La moisson tourne sans fin, ou s’arrête avant le bout.",
                "The harvest goes round for ever, or stops before the end.",
            ),
            say(
                "hydra:next absolu, sur le même hôte, toujours vers une page nouvelle, absent de la dernière.",
                "An absolute hydra:next on the same host, always to a new page, absent from the last.",
            ),
        ),
        Rule(
            "total-items",
            (EUROPA,),
            _LOSS,
            say(
                "La moisson paginée échoue sans hydra:totalItems.", "The paged harvest fails without hydra:totalItems."
            ),
            say("Donner hydra:totalItems à chaque page.", "State hydra:totalItems on every page."),
        ),
        Rule(
            "self-contained",
            (UDATA,),
            _LOSS,
            say(
                "Chaque page est lue à part : producteur, contact ou fichiers décrits ailleurs sont perdus.",
                "Each page is read apart: a publisher, contact or file described elsewhere is lost.",
            ),
            say(
                "Répéter sur chaque page tout ce que ses jeux citent.",
                "Repeat on each page all that its datasets mention.",
            ),
        ),
        Rule(
            "formats",
            (UDATA, CKAN, RDFLIB),
            _RISK,
            say(
                "Selon le format, le portail ne prend pas la même chose.", "What a portal takes depends on the format."
            ),
            say(
                "Le même graphe à chaque adresse du catalogue, et 200 à HEAD.",
                "The same graph at every address of the catalogue, and 200 to HEAD.",
            ),
        ),
        Rule(
            "not-empty",
            ALL_PORTALS,
            _LOSS,
            say(
                "Une moisson vide efface ou archive ce que le portail avait.",
                "An empty harvest deletes or archives what the portal had.",
            ),
            say(
                "En cas de panne répondre 5xx, jamais un catalogue vide.",
                "On failure answer 5xx, never an empty catalogue.",
            ),
        ),
        # -- what the catalogue says ----------------------------------------------------------------------------------------
        Rule(
            "stub",
            (CKAN, UDATA),
            _LOSS,
            say(
                "CKAN abandonne toute la moisson ; udata saute le jeu.",
                "CKAN gives the whole harvest up; udata skips the dataset.",
            ),
            say(
                "Un dct:title à chaque nœud de type dcat:Dataset ; n’en typer aucun en passant.",
                "A dct:title on every node typed dcat:Dataset; type none in passing.",
            ),
        ),
        Rule(
            "identifier",
            (UDATA, CKAN),
            _LOSS,
            say(
                "Le jeu est sauté, ou remplacé par un autre, ou publié deux fois.",
                "The dataset is skipped, replaced by another, or published twice.",
            ),
            say("Un seul dct:identifier, unique, égal à l’IRI.", "One dct:identifier, unique, equal to the IRI."),
        ),
        Rule(
            "description",
            (UDATA, EUROPA, GOOGLE),
            _LOSS,
            say(
                "Le jeu est refusé ou paraît sans explication.",
                "The dataset is refused, or appears without explanation.",
            ),
            say("Un dct:description à chaque jeu de données.", "A dct:description on every dataset."),
        ),
        Rule(
            "catalogue-described",
            (EUROPA,),
            _LOSS,
            say("Le catalogue n’est pas conforme à DCAT-AP.", "The catalogue does not conform to DCAT-AP."),
            say(
                "dct:title, dct:description et dct:publisher sur le dcat:Catalog.",
                "dct:title, dct:description and dct:publisher on the dcat:Catalog.",
            ),
        ),
        Rule(
            "publisher",
            ALL_PORTALS,
            _RISK,
            say("Le producteur n’est pas nommé.", "The publisher is not named."),
            say(
                "dct:publisher vers un foaf:Agent avec foaf:name, dans la même page.",
                "dct:publisher to a foaf:Agent with foaf:name, on the same page.",
            ),
        ),
        Rule(
            "french",
            (UDATA,),
            _RISK,
            say("Le portail prend une langue au hasard.", "The portal takes a language at random."),
            say(
                "Donner titre et description en français aussi (@fr).",
                "Give title and description in French as well (@fr).",
            ),
        ),
        Rule(
            "licence",
            (UDATA,),
            _LOSS,
            say("« Licence non spécifiée ».", "“License not specified”."),
            say(
                "Pour la Licence Ouverte : https://www.etalab.gouv.fr/licence-ouverte-open-licence",
                "For the Licence Ouverte: https://www.etalab.gouv.fr/licence-ouverte-open-licence",
            ),
        ),
        Rule(
            "licence-of-distributions",
            (CKAN,),
            _RISK,
            say(
                "CKAN lit la licence sur les distributions seulement.",
                "CKAN reads the licence from distributions alone.",
            ),
            say("Répéter dct:license sur chaque distribution.", "Repeat dct:license on every distribution."),
        ),
        Rule(
            "checksum",
            (UDATA,),
            _LOSS,
            say("Le jeu entier échoue.", "The whole dataset fails."),
            say(
                "Omettre spdx:checksum : mettre les sommes dans un fichier à côté.",
                "Leave spdx:checksum out: put the sums into a file beside.",
            ),
        ),
        Rule(
            "access-service",
            (UDATA,),
            _LOSS,
            say("Le service (SPARQL) disparaît du portail.", "The service (SPARQL) vanishes from the portal."),
            say(
                "dcat:service sur le catalogue et dcat:servesDataset, sans dcat:accessService.",
                "dcat:service on the catalogue and dcat:servesDataset, without dcat:accessService.",
            ),
        ),
        Rule(
            "temporal",
            (UDATA,),
            _LOSS,
            say(
                "L’IRI est cherché par le réseau pendant la moisson.",
                "The IRI is fetched over the network while harvesting.",
            ),
            say("dct:temporal vers un nœud anonyme.", "dct:temporal to a blank node."),
        ),
        Rule(
            "download-urls",
            (UDATA,),
            _LOSS,
            say("Deux ressources de même adresse n’en font qu’une.", "Two resources of one address become one."),
            say(
                "Une dcat:downloadURL différente par distribution.",
                "A different dcat:downloadURL for each distribution.",
            ),
        ),
        Rule(
            "distribution-iris",
            (CKAN,),
            _RISK,
            say(
                "Les identifiants des ressources changent à chaque moisson.",
                "The resources’ identifiers change with every harvest.",
            ),
            say("Donner un IRI stable à chaque distribution.", "Give every distribution a stable IRI."),
        ),
        Rule(
            "access-url",
            ALL_PORTALS,
            _LOSS,
            say("La ressource n’a pas d’adresse et n’est pas prise.", "The resource has no address and is not taken."),
            say("Un dcat:accessURL à chaque distribution.", "A dcat:accessURL on every distribution."),
        ),
        Rule(
            "format-labels",
            (UDATA, CKAN),
            _RISK,
            say("Le format s’affiche comme un IRI.", "The format is shown as an IRI."),
            say(
                "rdfs:label sur dct:format et dcat:mediaType, dans la page.",
                "rdfs:label on dct:format and dcat:mediaType, on the page.",
            ),
        ),
        Rule(
            "theme-labels",
            (UDATA,),
            _RISK,
            say("Le thème est perdu.", "The theme is lost."),
            say(
                "skos:prefLabel sur chaque dcat:theme, dans la page.",
                "skos:prefLabel on every dcat:theme, on the page.",
            ),
        ),
        Rule(
            "labels-of-codes",
            (UDATA, CKAN),
            _RISK,
            say("Le portail prend le libellé à la place de l’IRI.", "The portal takes the label in place of the IRI."),
            say("Pas de rdfs:label sur une licence ou une fréquence.", "No rdfs:label on a licence or a frequency."),
        ),
        Rule(
            "dates",
            (UDATA,),
            _RISK,
            say("Une date future ou illisible est ignorée.", "A date in the future, or an unreadable one, is dropped."),
            say(
                "dct:issued et dct:modified en xsd:date, du passé.",
                "dct:issued and dct:modified as xsd:date, in the past.",
            ),
        ),
        Rule(
            "schemas",
            (UDATA,),
            _RISK,
            say(
                "dct:conformsTo est pris pour le schéma des données ; chaque dct:hasPart devient une ressource.",
                "dct:conformsTo is taken for the data’s schema; each dct:hasPart becomes a resource.",
            ),
            say(
                "Les omettre sur un dcat:Dataset, hors vrai schéma.",
                "Leave them out on a dcat:Dataset, but for a true schema.",
            ),
        ),
        Rule(
            "valid-iris",
            (UDATA, CKAN, RDFLIB),
            _LOSS,
            say(
                "Le catalogue du portail ne peut plus être exporté.",
                "The portal’s own catalogue can no longer be exported.",
            ),
            say("Encoder les blancs et les signes interdits.", "Encode blanks and forbidden characters."),
        ),
        Rule(
            "landing-page",
            (UDATA, CKAN, GOOGLE),
            _RISK,
            say("Le portail ne renvoie pas à la source.", "The portal has no link back to the source."),
            say("Un dcat:landingPage qui répond 200 en HTML.", "A dcat:landingPage that answers 200 in HTML."),
        ),
        Rule(
            "contact-point",
            (UDATA, CKAN, EUROPA),
            _RISK,
            say("Personne à qui écrire.", "Nobody to write to."),
            say(
                "dcat:contactPoint vers un vcard:Kind avec vcard:fn et vcard:hasEmail, dans la même page.",
                "dcat:contactPoint to a vcard:Kind with vcard:fn and vcard:hasEmail, on the same page.",
            ),
        ),
        Rule(
            "dereferencing",
            (RDFLIB, COMUNICA, LINKS),
            _RISK,
            say("L’IRI d’un jeu ne mène à rien.", "A dataset’s IRI leads nowhere."),
            say(
                "Répondre à l’IRI, ou par 303, avec du RDF qui le décrit.",
                "Answer at the IRI, or by 303, with RDF that describes it.",
            ),
        ),
        Rule(
            "services",
            (UDATA,),
            _RISK,
            say("Le service est sauté.", "The service is skipped."),
            say(
                "dct:identifier, dct:title, dcat:endpointURL et dcat:servesDataset sur chaque dcat:DataService.",
                "dct:identifier, dct:title, dcat:endpointURL and dcat:servesDataset on every dcat:DataService.",
            ),
        ),
        # -- files ------------------------------------------------------------------------------------------------------------
        Rule(
            "downloads",
            (LINKS, EUROPA),
            _LOSS,
            say("Le lien est compté mort.", "The link counts as dead."),
            say(
                "Répondre 200 à HEAD et à GET à chaque dcat:downloadURL.",
                "Answer HEAD and GET at every dcat:downloadURL with 200.",
            ),
        ),
        Rule(
            "download-facts",
            (LINKS,),
            _RISK,
            say("La taille ou le type annoncés sont faux.", "The size or the type announced are wrong."),
            say(
                "dcat:byteSize et dcat:mediaType selon le fichier servi.",
                "dcat:byteSize and dcat:mediaType as the file is served.",
            ),
        ),
        # -- pages for search engines -----------------------------------------------------------------------------------------
        Rule(
            "schema-org",
            (GOOGLE,),
            _LOSS,
            say("Le jeu n’est pas trouvé.", "The dataset is not found."),
            say(
                "Un bloc JSON-LD de type Dataset, avec name et description (50 à 5000 signes), dans le HTML servi.",
                "A JSON-LD block of type Dataset, with name and description (50 to 5000 characters), in the HTML as served.",
            ),
        ),
        Rule(
            "schema-org-recommended",
            (GOOGLE,),
            _RISK,
            say("La fiche est pauvre.", "The entry is poor."),
            say(
                "Ajouter license, creator et distribution.contentUrl.",
                "Add license, creator and distribution.contentUrl.",
            ),
        ),
        Rule(
            "robots",
            (GOOGLE,),
            _LOSS,
            say("Les pages des jeux ne sont pas visitées.", "The datasets’ pages are not visited."),
            say("Ne pas les interdire dans robots.txt.", "Do not forbid them in robots.txt."),
        ),
        Rule(
            "sitemap",
            (GOOGLE,),
            _RISK,
            say("Les pages sont trouvées par hasard.", "Pages are found by chance."),
            say(
                "Une ligne Sitemap dans robots.txt, et les pages des jeux dedans.",
                "A Sitemap line in robots.txt, and the datasets’ pages in it.",
            ),
        ),
        Rule(
            "signposting",
            (LINKS,),
            _RISK,
            say(
                "Les robots de citation ne trouvent ni l’IRI durable ni les données.",
                "Citation robots find neither the lasting IRI nor the data.",
            ),
            say(
                "En-tête Link de la page : cite-as, describedby, item (FAIR Signposting).",
                "A Link header on the page: cite-as, describedby, item (FAIR Signposting).",
            ),
        ),
        # -- OAI-PMH ----------------------------------------------------------------------------------------------------------
        Rule(
            "oai-identify",
            (OAI, EUROPA),
            _LOSS,
            say("Le dépôt n’est pas reconnu.", "The repository is not recognised."),
            say(
                "Identify : 200, text/xml, protocolVersion 2.0, baseURL égale à l’adresse, adminEmail, granularity.",
                "Identify: 200, text/xml, protocolVersion 2.0, baseURL equal to the address, adminEmail, granularity.",
            ),
        ),
        Rule(
            "oai-dc",
            (OAI,),
            _LOSS,
            say("Aucun enregistrement n’est pris.", "No record is taken."),
            say(
                "Offrir oai_dc, avec titre et identifiant à chaque enregistrement.",
                "Offer oai_dc, with a title and an identifier in every record.",
            ),
        ),
        Rule(
            "oai-tokens",
            (OAI,),
            _LOSS,
            say(
                "La moisson s’arrête à la première page, ou ne finit pas.",
                "The harvest stops at the first page, or never ends.",
            ),
            say(
                "Un resumptionToken seul suffit à la suite ; vide à la dernière page.",
                "A resumptionToken alone suffices for what follows; empty on the last page.",
            ),
        ),
        Rule(
            "oai-errors",
            (OAI,),
            _RISK,
            say("Une erreur est prise pour une panne.", "An error is taken for a failure."),
            say("Répondre aux fautes par error, avec status 200.", "Answer faults by error, with status 200."),
        ),
        Rule(
            "oai-dates",
            (OAI,),
            _LOSS,
            say("La moisson des seuls changements échoue.", "Harvesting changes alone fails."),
            say(
                "Accepter from et until au jour comme à la seconde.",
                "Accept from and until to the day and to the second.",
            ),
        ),
        Rule(
            "oai-deleted",
            (OAI,),
            _RISK,
            say("Les suppressions ne sont pas dites.", "Deletions are not told."),
            say("deletedRecord persistent.", "deletedRecord persistent."),
        ),
        Rule(
            "oai-post",
            (OAI,),
            _RISK,
            say("Un moissonneur qui emploie POST échoue.", "A harvester that uses POST fails."),
            say("Répondre à POST comme à GET.", "Answer POST as GET."),
        ),
        Rule(
            "oai-plain",
            (OAI,),
            _RISK,
            say("Le balisage s’affiche tel quel.", "Markup is shown as it is."),
            say("Pas de HTML dans dc:description.", "No HTML in dc:description."),
        ),
        # -- programs -----------------------------------------------------------------------------------------------------------
        Rule(
            "void",
            (COMUNICA, RDFLIB),
            _RISK,
            say("Les robots du web de données ne trouvent rien.", "Linked-data crawlers find nothing."),
            say("Une description VoID à /.well-known/void.", "A VoID description at /.well-known/void."),
        ),
        Rule(
            "sparql-query",
            (COMUNICA,),
            _LOSS,
            say("Aucune question n’a de réponse.", "No query is answered."),
            say(
                "Répondre au protocole SPARQL 1.1, par GET et par POST.",
                "Answer the SPARQL 1.1 Protocol, by GET and by POST.",
            ),
        ),
        Rule(
            "sparql-errors",
            (COMUNICA,),
            _RISK,
            say("Une requête fausse paraît vide.", "A malformed query looks empty."),
            say("400 pour une requête mal formée.", "400 for a malformed query."),
        ),
        Rule(
            "sparql-description",
            (COMUNICA,),
            _RISK,
            say("Le client devine ce que sait le service.", "The client guesses what the service can do."),
            say("Une description sd:Service à l’adresse nue.", "An sd:Service description at the bare address."),
        ),
    )
}
