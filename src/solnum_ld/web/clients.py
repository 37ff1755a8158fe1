"""Who asks, and how much each may ask at once: an address, or what a trusted proxy says of it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope

from solnum_ld.errors import SettingsError, TooManyRequests

Network = IPv4Network | IPv6Network
_REMEMBERED = 100_000
_IPV6_PREFIX = 64
"""An IPv6 client owns a whole network of this length: it counts as one."""


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Return addresses and CIDR blocks as networks; raise SettingsError for what is none.

    >>> networks(["10.0.0.0/8", "::1"])
    (IPv4Network('10.0.0.0/8'), IPv6Network('::1/128'))
    """
    found = []
    for text in texts:
        try:
            found.append(ip_network(text.strip(), strict=False))
        except ValueError as error:
            raise SettingsError(f"--trusted-proxy {text!r} is not an address or a CIDR block.") from error
    return tuple(found)


class Clients:
    """Counts what each client is asking. ``concurrency`` queries at once, and ``rate`` a second where it is set."""

    def __init__(self, concurrency: int = 16, rate: float = 0.0, trusted: Sequence[Network] = ()) -> None:
        self._concurrency, self._rate, self._trusted = concurrency, rate, tuple(trusted)
        self._asking: dict[str, int] = {}
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def name(self, scope: Scope) -> str:
        """Return who sent a request: its peer, or the address that trusted proxies hand on in X-Forwarded-For."""
        peer = scope["client"][0] if scope.get("client") else ""
        if not self._trusted or not self.trusted(peer):
            return _key(peer)
        lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        for hop in reversed(",".join(lines).split(",")):
            hop = hop.strip().removeprefix("[").partition("]")[0]
            if hop and not self.trusted(hop):
                return _key(hop)
        return _key(peer)

    @staticmethod
    def peer(address: str) -> str:
        """Return by what a connection from ``address`` is counted."""
        return _key(address)

    def trusted(self, text: str) -> bool:
        """Tell whether an address is that of a proxy that is believed."""
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)

    @contextmanager
    def asking(self, client: str) -> Iterator[None]:
        """Count a query of ``client`` while it is answered; raise TooManyRequests past its share."""
        self._spend(client)
        count = self._asking.get(client, 0)
        if count >= self._concurrency:
            raise TooManyRequests(f"You have {count} queries under way, which is as many as are answered at once.")
        self._asking[client] = count + 1
        try:
            yield
        finally:
            left = self._asking[client] - 1
            if left:
                self._asking[client] = left
            else:
                del self._asking[client]

    def _spend(self, client: str) -> None:
        """Take a token of the client's bucket, which holds one second's worth (at least one)."""
        if not self._rate:
            return
        size = max(self._rate, 1.0)
        now = time.monotonic()
        tokens, since = self._buckets.pop(client, (size, now))
        tokens = min(size, tokens + (now - since) * self._rate)
        allowed = tokens >= 1
        self._buckets[client] = (tokens - 1 if allowed else tokens, now)
        while len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        if not allowed:
            wait = max(1, round((1 - tokens) / self._rate + 0.5))
            raise TooManyRequests(f"You ask more than {self._rate:g} queries a second.", wait)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=4096)
def _key(text: str) -> str:
    address = _address(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address) if address else text
