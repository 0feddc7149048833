"""By which names the server may be called, so that no page of another site speaks to it through somebody's browser.

A foreign page reaches a server on this machine in two ways: by sending a request to it outright, which `same_site`
sees, and by letting its own name point here (DNS rebinding), which `known` sees: the browser then sends that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own."""
    if host.lower() in _LOCAL_NAMES or host.lower().endswith(".localhost"):
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def host_of(header: str) -> str:
    """The host of a Host header, without port and brackets, in small letters; "" where it makes no sense."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


class Hosts:
    """The names of one server: the address it listens on, `external_url`, and every address given as numbers."""

    def __init__(self, listens: str, external_url: str = "") -> None:
        external = urlsplit(external_url)
        self._names = {listens.lower(), (external.hostname or "").lower()} - {""}
        # A browser leaves out the port that everybody knows.
        usual = ":443" if external.scheme == "https" else ":80"
        netloc = external.netloc.lower().removesuffix(usual)
        self._external_origin = f"{external.scheme}://{netloc}" if external_url else ""
        self.local = is_loopback(listens)

    def known(self, header: str) -> bool:
        """Whether this Host header is one of ours. An address in numbers is: no name was turned into it."""
        host = host_of(header)
        return bool(host) and (host in self._names or is_loopback(host) or _is_address(host))

    def same_site(self, headers: Mapping[str, str], *, encrypted: bool = False) -> bool:
        """Whether a request that changes something comes from our own pages or from no page at all.

        `encrypted`: it came over https to us, so that a page of ours that came otherwise is somebody else's.
        """
        if headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = headers.get("Origin", "").lower()
        if not origin or origin == self._external_origin:
            return True
        parts = urlsplit(origin)
        schemes = ("https",) if encrypted else ("http", "https")  # a proxy in front may have ended the encryption
        return parts.scheme in schemes and parts.netloc == headers.get("Host", "").lower()


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
