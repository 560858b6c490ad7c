"""How DuckDB is set up, for the engine and the store alike."""

from typing import Final

QUIET: Final = "SET enable_progress_bar = false"
"""Run on each connection: where Python runs no file, DuckDB takes it for a person's session, and
would draw a bar into what is written to standard output after two seconds."""


def duckdb_settings(
    *, workers: int | None = None, memory_bytes: int | None = None
) -> dict[str, str | int]:
    """Return the settings of a connection.

    ``workers`` threads, null: one per core. At most ``memory_bytes`` before spilling to disk,
    null: four fifths of the machine's or the container's. Extensions are never fetched: what the
    package brings is all that is used.
    """
    settings: dict[str, str | int] = {
        "autoinstall_known_extensions": "false",
        "preserve_insertion_order": "false",
    }
    if workers is not None:
        settings["threads"] = workers
    if memory_bytes is not None:
        settings["memory_limit"] = f"{memory_bytes}B"
    return settings
