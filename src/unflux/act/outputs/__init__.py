"""The outputs, one file each; what is listed here exists."""

from typing import Final

from unflux.act.output import Output
from unflux.act.outputs.abuse import Abuse
from unflux.act.outputs.bird import Bird
from unflux.act.outputs.csv_table import CsvTable
from unflux.act.outputs.dnsdist import Dnsdist
from unflux.act.outputs.dnsmasq import Dnsmasq
from unflux.act.outputs.exabgp import Exabgp
from unflux.act.outputs.hosts import Hosts
from unflux.act.outputs.misp import Misp
from unflux.act.outputs.nftables import Nftables
from unflux.act.outputs.nftables_isp import NftablesIsp
from unflux.act.outputs.plain_list import PlainList
from unflux.act.outputs.rpz import Rpz
from unflux.act.outputs.snort import Snort
from unflux.act.outputs.stix import Stix
from unflux.act.outputs.suricata import Suricata
from unflux.act.outputs.takedown import Takedown
from unflux.act.outputs.unbound import Unbound
from unflux.act.outputs.zeek_intel import ZeekIntel

OUTPUTS: Final[tuple[Output, ...]] = (
    Rpz(), Unbound(), Dnsmasq(), Hosts(), Dnsdist(), Nftables(), NftablesIsp(), Exabgp(), Bird(),
    Suricata(), Snort(), ZeekIntel(), Stix(), Misp(), CsvTable(), PlainList(), Abuse(), Takedown(),
)  # fmt: skip
