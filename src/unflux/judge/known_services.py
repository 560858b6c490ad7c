"""Public pools and peer-to-peer seeds whose names client software carries built in.

They answer with random volunteers or home nodes and so look like flux in every count. A listing is
evidence with a bounded ratio, never a veto. Sources: the seed names that the reference clients of
the respective networks publish in their chain parameters, the NTP pool project, and FluxBuster's
shipped list (Perdisci et al. 2012).
"""

from typing import Final

POOLS: Final = (
    "ntp.org",
    "ntppool.org",
    "pool-ntp.org",
    "oftc.net",
    "libera.chat",
    "freenode.net",
    "sks-keyservers.net",
    "nyud.net",
    "clamav.net",
)

SEEDS: Final = (
    "sipa.be",
    "bluematt.me",
    "dashjr.org",
    "dashjr-list-of-p2p-nodes.us",
    "bitcoinstats.com",
    "jonasschnelli.ch",
    "petertodd.org",
    "petertodd.net",
    "sprovoost.nl",
    "emzy.de",
    "wiz.biz",
    "achownodes.xyz",
    "lightning.directory",
    "darosior.ninja",
    "loshan.co.uk",
    "thrasher.io",
    "litecointools.com",
    "litecoinpool.org",
    "koin-project.com",
    "multidoge.org",
    "dogecoin.com",
    "dashdot.io",
    "z.cash",
    "str4d.xyz",
    "zfnd.org",
    "vtconline.org",
    "bitcoinunlimited.info",
    "bchd.cash",
    "flowee.cash",
    "electroncash.de",
)
