"""Settings from the environment and the command line; frozen, passed on, never global."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_state_path

from solnum_ld.errors import SettingsError, SourceError
from solnum_ld.iris import is_base

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
_PREFIX = "SOLNUM_"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a source is published. ``source`` is None for the bundled book."""

    source: Path | None
    base: str
    public: str
    releases: Path
    contact: str


class DefaultGraph(StrEnum):
    """What queries see that name no graph: the union of all graphs, or only what the source leaves in none."""

    UNION = "union"
    STRICT = "strict"


MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How a release is served: what visitors' queries may take, and how much each visitor may ask.

    Times in seconds, memory and sizes in bytes; ``client_rate`` is in queries a second, 0: unbounded. ``trusted_proxies``
    are addresses or CIDR blocks; ``metrics_port`` is None for no metrics. ``store`` are addresses of engines, none for the
    embedded one.
    """

    workers: int = 2
    query_timeout: float = 30.0
    query_memory: int = 1024 * MIB
    max_rows: int = 1_000_000
    max_bytes: int = 256 * MIB
    queue: int = 64
    client_concurrency: int = 16
    client_rate: float = 0.0
    trusted_proxies: tuple[str, ...] = ()
    rewrite_schema: bool = True
    slow_query: float = 5.0
    cache: int = 128 * MIB
    metrics_port: int | None = None
    store: tuple[str, ...] = ()


EMBEDDED = "embedded"


def bundled_source() -> Path:
    """Return the folder of the bundled book: inside an installed package, or the checkout that this runs from."""
    package = Path(__file__).resolve().parent
    inside = package / "bundled"
    if inside.is_dir():
        return inside
    checkout = package.parents[1]
    if (checkout / "data" / "catalog.ttl").is_file():
        return checkout
    raise SettingsError("The bundled data is missing; name a folder of RDF files.")


def require_folder(source: Path) -> None:
    """Raise :class:`SourceError` when a source is not a folder."""
    if not source.is_dir():
        raise SourceError(
            f"{source} is not a folder. Name a folder that holds RDF files (.ttl .nt .nq .trig .rdf .jsonld)."
        )


def own_address(host: str, port: int) -> str:
    """Return the address that a server has by itself.

    >>> own_address("127.0.0.1", 8000), own_address("::1", 80), own_address("0.0.0.0", 80)
    ('http://127.0.0.1:8000/', 'http://[::1]/', 'http://localhost/')
    """
    name = "localhost" if host in {"0.0.0.0", "::", ""} else f"[{host}]" if ":" in host else host  # noqa: S104 - named, not bound
    return f"http://{name}/" if port == 80 else f"http://{name}:{port}/"


def make_settings(
    environment: Mapping[str, str],
    *,
    source: Path | None,
    host: str,
    port: int,
    base: str | None = None,
    public: str | None = None,
    releases: Path | None = None,
    contact: str | None = None,
) -> Settings:
    """Return the settings: the command line before the environment (``SOLNUM_BASE_URI`` …) before the defaults.

    Raises :class:`SettingsError` for an address that cannot be a base.
    """
    public_given = public or environment.get(f"{_PREFIX}PUBLIC_URL")
    base = _address(
        base or environment.get(f"{_PREFIX}BASE_URI") or public_given or own_address(host, port), "--base-uri"
    )
    public = _address(public_given or base, "--public-url")
    contact = (contact or environment.get(f"{_PREFIX}CONTACT") or "").removeprefix("mailto:")
    if contact and not re.fullmatch(r"[^@\s<>\"]+@[^@\s<>\"]+", contact):
        raise SettingsError(f"--contact {contact!r} must be an e-mail address.")
    named = releases or (Path(environment[f"{_PREFIX}RELEASES"]) if f"{_PREFIX}RELEASES" in environment else None)
    return Settings(source, base, public, named or default_releases(source, base), contact)


def default_releases(source: Path | None, base: str) -> Path:
    """Return the folder for the releases of one source and one base, in the user's state folder."""
    if source is None:
        key = "bundled"
    else:
        real = source.resolve()
        key = f"{_slug(real.name)}-{hashlib.sha256(str(real).encode()).hexdigest()[:8]}"
    return user_state_path("solnum-ld") / key / folder_name(base)


def folder_name(base: str) -> str:
    """Return what the folder for the releases of a base is called.

    >>> folder_name("http://127.0.0.1:8000/"), folder_name("https://data.example.org/")
    ('127.0.0.1-8000', 'https-data.example.org')
    """
    return _slug(base.partition("://")[2] if base.startswith("http://") else base)


def read_store(value: str) -> tuple[str, ...]:
    """Return the addresses of engines that ``--store`` names, none for the embedded one; raise SettingsError.

    >>> read_store("embedded"), read_store("http://a:7878/query, http://b:7878/query")
    ((), ('http://a:7878/query', 'http://b:7878/query'))
    """
    if value.strip() == EMBEDDED:
        return ()
    urls = tuple(url.strip() for url in value.split(",") if url.strip())
    if not all(map(_is_endpoint, urls)):
        raise SettingsError(
            "--store must be 'embedded' or addresses of SPARQL endpoints, http or https, without user or password: "
            "those come from SOLNUM_STORE_USER and SOLNUM_STORE_PASSWORD."
        )
    if not urls or len(set(urls)) < len(urls):
        raise SettingsError("--store names no address, or one twice.")
    return urls


def _is_endpoint(url: str) -> bool:
    import httpx  # here, since few commands name an engine

    try:
        parts = urlsplit(url)
        port = parts.port  # raises for one that is no number, or too large
        httpx.URL(url).host.encode("idna")  # raises for a name that no host can have
    except (ValueError, httpx.InvalidURL):
        return False
    told = port != 0 and parts.hostname and "@" not in parts.netloc and not parts.fragment
    return parts.scheme in ("http", "https") and bool(told)


def _address(value: str, option: str) -> str:
    value = value if value.endswith("/") else value + "/"
    if not is_base(value):
        raise SettingsError(
            f"{option} {value!r} must be an http or https address without user, query or fragment, like https://data.example.org/"
        )
    return value


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-") or "root"
