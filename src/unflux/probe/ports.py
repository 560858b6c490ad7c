"""Ports: where the services of agents are looked for; they relay what visitors use."""

from typing import Final

HTTP: Final = 80
HTTPS: Final = 443
NAMES: Final = 53
