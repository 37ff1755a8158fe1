"""Ask a server as a client would, within limits: bytes, seconds, redirects. No answer is an exception: failures are replies."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import httpx

from solnum_ld import __version__

MOST_BYTES = 50 * 1024 * 1024
MOST_REDIRECTS = 5
AGENT = f"solnum-ld-doctor/{__version__}"


def is_address(text: str) -> bool:
    """Tell whether a text is an http or https address that can be asked.

    >>> is_address("http://a.example/x"), is_address("http://[broken"), is_address("mailto:a@b.example")
    (True, False, False)
    """
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def resolve(base: str, target: str) -> str:
    """Return where a reference leads; empty where it leads to nothing that can be asked."""
    try:
        address = urljoin(base, target).partition("#")[0]
    except ValueError:
        return ""
    return address if is_address(address) else ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one request; ``error`` is why nothing did, ``status`` then 0."""

    url: str
    status: int = 0
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    body: bytes = b""
    error: str = ""
    via: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Tell whether the answer is 2xx and whole."""
        return 200 <= self.status < 300 and not self.error

    def header(self, name: str) -> str:
        """Return a header, empty when it is absent."""
        return str(self.headers.get(name, ""))

    @property
    def kind(self) -> str:
        """Return the media type, without parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        """Return the charset that the Content-Type states, in lower case; empty when it states none."""
        _, _, parameters = self.header("content-type").partition(";")
        for parameter in parameters.split(";"):
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip('"').lower()
        return ""

    @property
    def said(self) -> str:
        """Return the status for a sentence."""
        return self.error or str(self.status)


class Asker:
    """Asks servers. ``seconds`` bounds each request as a whole."""

    def __init__(self, seconds: float = 30.0, most_bytes: int = MOST_BYTES) -> None:
        self._seconds, self._most_bytes = seconds, most_bytes
        self._client = httpx.Client(
            timeout=seconds,
            follow_redirects=False,
            headers={"user-agent": AGENT},
            limits=httpx.Limits(max_connections=4),
        )
        self.asked = self.answered = 0

    def __enter__(self) -> Asker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(
        self,
        url: str,
        method: str = "GET",
        *,
        accept: str = "*/*",
        follow: bool = False,
        form: dict[str, str] | None = None,
        **headers: str,
    ) -> Reply:
        """Send one request, following redirects only where told to; return what came back."""
        via: list[str] = []
        while True:
            reply = self._once(
                url, method, {"accept": accept, **{k.replace("_", "-"): v for k, v in headers.items()}}, form
            )
            target = reply.headers.get("location")
            if not (follow and 300 <= reply.status < 400 and target):
                break
            if len(via) == MOST_REDIRECTS:
                reply = Reply(url, reply.status, reply.headers, error=f"more than {MOST_REDIRECTS} redirects")
                break
            via.append(url)
            leads = resolve(url, target)
            if not leads:
                reply = Reply(url, error="a redirect leads out of the web")
                break
            url = leads
        return Reply(reply.url, reply.status, reply.headers, reply.body, reply.error, tuple(via))

    def _once(self, url: str, method: str, headers: dict[str, str], form: dict[str, str] | None) -> Reply:
        self.asked += 1
        deadline = time.monotonic() + self._seconds
        body, error = bytearray(), ""
        try:
            with self._client.stream(method, url, headers=headers, data=form) as response:
                self.answered += 1
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > self._most_bytes:
                        error = f"more than {self._most_bytes // (1024 * 1024)} MB"
                        break
                    if time.monotonic() > deadline:
                        error = f"not finished after {self._seconds:g} s"
                        break
                return Reply(url, response.status_code, response.headers, bytes(body), error)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError) as failure:
            return Reply(url, error=f"{type(failure).__name__}: {failure}".rstrip(": "))
