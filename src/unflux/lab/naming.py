"""Names for a lab's internets, all below the reserved top level domains of RFC 2606."""

from collections.abc import Callable
from random import Random
from typing import Final

RESERVED_TLDS: Final = ("example", "test", "invalid")

_CONSONANTS: Final = "bcdfghjklmnprstvz"
_VOWELS: Final = "aeiou"
_HOST_SIGNS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_FIRST: Final = ("amber", "birch", "brook", "cedar", "clear", "copper", "corner", "early", "fern",
                 "field", "golden", "green", "harbour", "hill", "lake", "little", "maple", "meadow",
                 "north", "oak", "old", "open", "orchard", "quiet", "river", "silver", "stone",
                 "sunny", "valley", "willow")  # fmt: skip
_SECOND: Final = ("bakery", "bikes", "books", "cafe", "chess", "choir", "clinic", "dance", "design",
                  "farm", "garden", "gazette", "hotel", "kitchen", "lamps", "library", "museum",
                  "music", "paint", "photo", "pottery", "press", "school", "shoes", "studio",
                  "tea", "tools", "travel", "weaving", "works")  # fmt: skip


class Namer:
    """Gives out registrable domains; none twice."""

    def __init__(self, rng: Random, tlds: tuple[str, ...] | None = None) -> None:
        """``tlds``: below which every name lies; by default each sort of name has its own."""
        self._rng = rng
        self._tlds = tlds
        self._given: set[str] = set()

    def plain(self) -> str:
        """Return a name such as small businesses have."""
        return self._first_free(
            lambda rng: f"{rng.choice(_FIRST)}-{rng.choice(_SECOND)}", tlds=("example",)
        )

    def pronounceable(self) -> str:
        """Return a made-up word."""
        return self._first_free(
            lambda rng: "".join(
                rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(rng.randint(3, 5))
            ),
            tlds=RESERVED_TLDS,
        )

    def any_sort(self) -> str:
        """Return a name that tells nothing of who has it: words, numbered words, or made up."""
        if self._rng.random() < 0.5:
            return self.pronounceable()
        return self._first_free(
            lambda rng: (
                f"{rng.choice(_FIRST)}-{rng.choice(_SECOND)}"
                f"{rng.randrange(2, 1000) if rng.random() < 0.3 else ''}"
            ),
            tlds=("example",),
        )

    def generated(self) -> str:
        """Return letters without sense, as a domain generation algorithm makes them."""
        return self._first_free(
            lambda rng: "".join(
                rng.choice(_CONSONANTS + "qwxy" + _VOWELS) for _ in range(rng.randint(10, 15))
            ),
            tlds=("test", "invalid"),
        )

    def _first_free(self, make: Callable[[Random], str], *, tlds: tuple[str, ...]) -> str:
        while True:
            name = f"{make(self._rng)}.{self._rng.choice(self._tlds or tlds)}"
            if name not in self._given:
                self._given.add(name)
                return name


def random_host(rng: Random, domain: str) -> str:
    """Return a random host name below the domain, as spam with wildcards carries it."""
    label = "".join(rng.choice(_HOST_SIGNS) for _ in range(rng.randint(5, 9)))
    return f"{label}.{domain}"


def misspell(rng: Random, name: str) -> str:
    """Return the name with two letters of its first label swapped or one doubled."""
    label, rest = name.split(".", 1)
    place = rng.choice([p for p, sign in enumerate(label[:-1]) if sign != "-"])
    here, after = label[place], label[place + 1]
    typo = after + here if after not in (here, "-") else here + here + after
    typo = label[:place] + typo + label[place + 2 :]
    return f"{typo}.{rest}"
