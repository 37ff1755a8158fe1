"""Harvest a catalogue with udata's own DCAT backend, as data.gouv.fr does, and print what it made of it, as JSON.

``python udata_harvest.py URL`` in an environment with udata, mongomock, phonenumbers and qrcode. Nothing is stored: the
database is mongomock's, in memory, and the run is udata's preview.
"""

from __future__ import annotations

import json
import sys

import mongoengine
import mongomock

_connect = mongoengine.connect


def _in_memory(*arguments: object, **options: object) -> object:
    options["mongo_client_class"] = mongomock.MongoClient
    return _connect(*arguments, **{"uuidRepresentation": "standard", **options})


mongoengine.connect = _in_memory

from udata import settings  # noqa: E402 - after the database is replaced
from udata.app import create_app, standalone  # noqa: E402


class Portal(settings.Testing, settings.Defaults):
    """A French portal that may ask the loopback."""

    MONGODB_HOST = "mongodb://localhost:27017/udata"
    DEFAULT_LANGUAGE, LANGUAGES = "fr", {"fr": "Français", "en": "English"}
    SERVER_NAME, PLUGINS = "portal.test", ()
    URLS_ALLOW_LOCAL = URLS_ALLOW_PRIVATE = True
    SECRET_KEY = API_TOKEN_SECRET = SECURITY_PASSWORD_SALT = WTF_CSRF_SECRET_KEY = "not a secret: nothing is kept" * 2


application = create_app(Portal)
standalone(application)
with application.test_request_context():
    from udata.core.dataset.models import License
    from udata.harvest.backends.dcat import DcatBackend
    from udata.harvest.models import HarvestSource

    License(id="notspecified", title="License Not Specified").save()
    License(id="fr-lo", title="Licence Ouverte", url="https://www.etalab.gouv.fr/licence-ouverte-open-licence").save()
    source = HarvestSource(name="solnum", url=sys.argv[1], backend="dcat")
    source.save(validate=False)
    job = DcatBackend(source, dryrun=True, max_items=None).harvest()
    items = {}
    for item in job.items:
        found = item.dataset or item.dataservice
        items[item.remote_id] = {
            "status": item.status,
            "errors": [str(error.message) for error in item.errors],
            "title": found and found.title,
            "licence": found and found.license and found.license.id,
            "frequency": str(getattr(found, "frequency", None)),
            "files": {r.url: [r.format, r.mime, r.filesize] for r in getattr(found, "resources", [])},
        }
    json.dump({"status": job.status, "errors": [str(e.message) for e in job.errors], "items": items}, sys.stdout)
