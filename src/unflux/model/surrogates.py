"""Text with halves of surrogate pairs, which the network can send and UTF-8 cannot hold."""


def without_lone_surrogates(text: str) -> str:
    r"""Return text that UTF-8 can hold: half a surrogate pair is spelt out as ``\udc80``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
