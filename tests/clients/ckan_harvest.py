"""Read a catalogue with ckanext-dcat's own parser and print what CKAN would make of it, as JSON.

``python ckan_harvest.py URL`` in an environment with ckan[requirements] and ckanext-dcat. The parser and the profile are
theirs; the list of installed profiles, which needs a whole CKAN, is given by hand.
"""

from __future__ import annotations

import json
import sys
from unittest import mock

import requests
from ckan.common import config
from ckanext.dcat.processors import RDFParser
from ckanext.dcat.profiles import EuropeanDCATAP3Profile

FORMATS = {"text/turtle": "turtle", "application/ld+json": "json-ld", "application/rdf+xml": "xml"}


def main() -> None:
    """Walk the pages as the harvester does."""
    config.update({"ckan.site_url": "http://portal.test", "ckan.locale_default": "fr"})
    datasets, address = {}, sys.argv[1]
    while address:
        answer = requests.get(address, allow_redirects=False, timeout=60)
        answer.raise_for_status()
        with mock.patch.object(RDFParser, "_load_profiles", return_value=[EuropeanDCATAP3Profile]):
            parser = RDFParser()
        parser.parse(answer.text, _format=FORMATS[answer.headers["content-type"].partition(";")[0]])
        for dataset in parser.datasets():
            extras = {extra["key"]: extra["value"] for extra in dataset["extras"]}
            datasets[extras["uri"]] = {
                "title": dataset["title"],
                "publisher": extras.get("publisher_name"),
                "frequency": extras.get("frequency"),
                "files": {
                    resource.get("download_url"): [
                        resource.get("format"),
                        resource.get("size"),
                        resource.get("license"),
                    ]
                    for resource in dataset["resources"]
                },
            }
        address = parser.next_page()
    json.dump(datasets, sys.stdout)


with mock.patch("ckanext.dcat.profiles.base.model", create=True):
    main()
