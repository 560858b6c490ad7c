"""TTL: how long a record may be kept, in seconds."""

from typing import Final

MAX_TTL_S: Final = 2**31 - 1
"""The largest that there is (RFC 2181 section 8)."""
