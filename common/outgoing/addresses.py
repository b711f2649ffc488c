"""Where a request may go: whoever names a host must not reach, through us, what only we can reach.

Which addresses are special stands in the registries of IANA (RFC 6890) and the documents named beside each network.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_ADDRESS = 2_000
NOWHERE: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this host (RFC 1122)"),
    ("10.0.0.0/8", "a private network (RFC 1918)"),
    ("100.64.0.0/10", "shared by carriers (RFC 6598)"),
    ("127.0.0.0/8", "loopback (RFC 1122)"),
    ("169.254.0.0/16", "link-local (RFC 3927)"),
    ("172.16.0.0/12", "a private network (RFC 1918)"),
    ("192.0.0.0/24", "reserved for protocols (RFC 6890)"),
    ("192.0.2.0/24", "for documentation (RFC 5737)"),
    ("192.88.99.0/24", "6to4 relays (RFC 7526)"),
    ("192.168.0.0/16", "a private network (RFC 1918)"),
    ("198.18.0.0/15", "for measuring (RFC 2544)"),
    ("198.51.100.0/24", "for documentation (RFC 5737)"),
    ("203.0.113.0/24", "for documentation (RFC 5737)"),
    ("224.0.0.0/4", "multicast (RFC 5771)"),
    ("240.0.0.0/4", "reserved (RFC 1112)"),
    ("::/128", "unspecified (RFC 4291)"),
    ("::1/128", "loopback (RFC 4291)"),
    ("64:ff9b:1::/48", "translated by a local network (RFC 8215)"),
    ("100::/64", "discarded (RFC 6666)"),
    ("2001::/23", "reserved for protocols (RFC 2928)"),
    ("2001:db8::/32", "for documentation (RFC 3849)"),
    ("2002::/16", "6to4 (RFC 7526)"),
    ("3fff::/20", "for documentation (RFC 9637)"),
    ("5f00::/16", "segment routing (RFC 9602)"),
    ("fc00::/7", "a unique local network (RFC 4193)"),
    ("fe80::/10", "link-local (RFC 4291)"),
    ("fec0::/10", "site-local (RFC 3879)"),
    ("ff00::/8", "multicast (RFC 4291)"),
)
_NOWHERE = tuple((ip_network(network), what) for network, what in NOWHERE)
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Policy:
    """What this installation allows beyond the public Internet by https."""

    allows_http: bool = False
    networks: tuple[Network, ...] = ()
    """Networks of the house that may be reached as well."""

    def refusal(self, address: Address) -> str:
        """What an address is that nothing may be sent to, in words that follow “which is”; "" for one that is fine."""
        meant = embedded(address)
        if any(meant in network for network in self.networks if network.version == meant.version):
            return ""
        for network, what in _NOWHERE:
            if network.version == meant.version and meant in network:
                return what
        if isinstance(meant, IPv6Address):
            return "" if meant in _PUBLIC_IPV6 else "no public address (RFC 4291)"
        return "" if meant.is_global else "no public address"


def embedded(address: Address) -> Address:
    """The IPv4 address within an IPv6 one that leads there: IPv4-mapped (RFC 4291, 2.5.5.2) and NAT64 (RFC 6052)."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def address_problem(text: str, policy: Policy) -> str:
    """What is wrong with an address to send to, as far as it can be said without looking its name up; "" for nothing.

    What its name leads to is looked at each time something is sent.
    """
    if len(text) > LONGEST_ADDRESS:
        return f"An address has at most {LONGEST_ADDRESS:,} characters; this has {len(text):,}."
    if not text.isascii() or not text.isprintable() or " " in text:
        return "Write the address as browsers send it: letters, digits and %-signs, such as https://hooks.example/soc."
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        return "This is no address; write one such as https://hooks.example/soc."
    if url.scheme not in ("https", "http") or not url.host:
        return "This is no address of the web; write one such as https://hooks.example/soc."
    if url.scheme == "http" and not policy.allows_http:
        return "What is sent by http can be read on its way; use https, or have WEBHOOK_HTTP set on the server."
    if url.userinfo:
        return "A name and password do not belong into the address: it is shown. The signature proves who sends."
    if url.fragment or "#" in text:
        return "What follows # is never sent; take it away."
    if url.port is not None and not 0 < url.port < 65_536:
        return "The port must be a number from 1 to 65535."
    try:
        host = ip_address(url.host)
    except ValueError:
        return ""
    refused = policy.refusal(host)
    return not_there(url.host, host, refused) if refused else ""


def not_there(host: str, address: Address, what: str) -> str:
    """Why nothing is sent to an address, and the way out."""
    leads = "" if host == str(address) else f"{host} leads to "
    return (
        f"{leads}{address}, which is {what}: nothing is sent there. "
        "Networks of the house are allowed by WEBHOOK_NETWORKS on the server."
    )
