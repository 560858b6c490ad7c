"""Names and addresses that everybody needs, whoever put them into an answer.

The lists are of 2026-11-24 and change rarely; what they miss, the user's own allow-list, the
forwarders of the resolver and the neighbours in the records cover. A root or TLD server that moves
is then still used by every other name of the records.
"""

from ipaddress import ip_network
from typing import Final

from unflux.act.protected import Protected

ROOT_SERVERS: Final = (
    "198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241",
    "192.112.36.4", "198.97.190.53", "192.36.148.17", "192.58.128.30", "193.0.14.129",
    "199.7.83.42", "202.12.27.33",
    "2001:503:ba3e::2:30", "2801:1b8:10::b", "2001:500:2::c", "2001:500:2d::d", "2001:500:a8::e",
    "2001:500:2f::f", "2001:500:12::d0d", "2001:500:1::53", "2001:7fe::53", "2001:503:c27::2:30",
    "2001:7fd::1", "2001:500:9f::42", "2001:dc3::35",
)  # fmt: skip
"""a to m.root-servers.net (InterNIC's root.hints of 2024-07-18, which a test compares)."""

FORMER_ROOT_SERVERS: Final = (
    "199.9.14.201", "192.228.79.201", "2001:500:200::b", "2001:500:84::b",  # b
    "128.8.10.90", "128.63.2.53", "2001:500:1::803f:235", "198.32.64.12",  # d, h, h, l
)  # fmt: skip
"""Where old resolvers still ask (RFC 9609 section 3: priming starts from what was built in)."""

GTLD_SERVERS: Final = (
    "192.5.6.30", "192.33.14.30", "192.26.92.30", "192.31.80.30", "192.12.94.30", "192.35.51.30",
    "192.42.93.30", "192.54.112.30", "192.43.172.30", "192.48.79.30", "192.52.178.30",
    "192.41.162.30", "192.55.83.30",
    "2001:503:a83e::2:30", "2001:503:231d::2:30", "2001:503:83eb::30", "2001:500:856e::30",
    "2001:502:1ca1::30", "2001:503:d414::30", "2001:503:eea3::30", "2001:502:8cc::30",
    "2001:503:39c1::30", "2001:502:7094::30", "2001:503:d2d::30", "2001:500:d937::30",
    "2001:501:b1f9::30",
)  # fmt: skip
"""a to m.gtld-servers.net, which answer for com and net."""

PUBLIC_RESOLVERS: Final = (
    "1.0.0.0/24", "1.1.1.0/24", "2606:4700:4700::/48",  # Cloudflare
    "8.8.4.0/24", "8.8.8.0/24", "2001:4860:4860::/48",  # Google
    "9.9.9.0/24", "149.112.112.0/24", "149.112.149.0/24", "2620:fe::/48",  # Quad9
    "208.67.216.0/21", "2620:119:35::/48", "2620:119:53::/48", "2620:0:ccc::/48",
    "2620:0:ccd::/48",  # OpenDNS
    "94.140.14.0/24", "94.140.15.0/24", "2a10:50c0::/32",  # AdGuard
    "185.228.168.0/24", "185.228.169.0/24", "2a0d:2a00::/32",  # CleanBrowsing
    "76.76.2.0/24", "76.76.10.0/24", "2606:1a40::/32",  # Control D
    "45.90.28.0/22", "2a07:a8c0::/32", "2a07:a8c1::/32",  # NextDNS
    "4.2.2.0/29", "64.6.64.6", "64.6.65.6", "2620:74:1b::1:1", "2620:74:1c::2:2",  # Lumen, UltraDNS
    "156.154.70.0/24", "156.154.71.0/24", "8.26.56.26", "8.20.247.20",  # UltraDNS, Comodo
    "193.110.81.0/24", "185.253.5.0/24", "86.54.11.0/24", "2a0f:fc80::/32",  # dns0.eu, DNS4EU
    "77.88.8.0/24", "2a02:6b8::feed:0/112",  # Yandex
    "114.114.114.0/24", "114.114.115.0/24", "223.5.5.5", "223.6.6.6", "119.29.29.29",
    "180.76.76.76", "2400:3200::1", "2400:3200:baba::1",  # 114DNS, AliDNS, DNSPod, Baidu
    "84.200.69.80", "84.200.70.40", "74.82.42.42", "2001:470:20::2",  # DNS.WATCH, Hurricane
)  # fmt: skip
"""Resolvers that whole countries have built into their devices, by what each provider publishes."""

NAMES: Final = (
    "root-servers.net", "gtld-servers.net", "iana.org", "iana-servers.net", "internic.net",
    "arpa", "nstld.com", "verisign-grs.com", "nic.uk", "denic.de", "afilias-nst.info",
    "afilias-nst.org", "ripe.net", "arin.net", "apnic.net", "lacnic.net", "afrinic.net",
    "icann.org", "ultradns.net", "dns.google", "one.one.one.one", "cloudflare-dns.com", "quad9.net",
    "opendns.com", "adguard-dns.com", "cleanbrowsing.org", "controld.com", "nextdns.io", "dns0.eu",
    "joindns4.eu",
    # Special-use names (RFC 6761 and its registry) that mean the machine itself or its network.
    # The names kept for documentation and tests (example, test, invalid) are nobody's to protect.
    "localhost", "local", "onion", "internal",
)  # fmt: skip
"""Zones, each with all below it, of the root, of registries, and of public resolvers."""

INFRASTRUCTURE: Final = Protected.of(
    NAMES,
    map(ip_network, (*ROOT_SERVERS, *FORMER_ROOT_SERVERS, *GTLD_SERVERS, *PUBLIC_RESOLVERS)),
)
