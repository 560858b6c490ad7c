"""Write a generated internet into a folder: records, labels, address table."""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.csv as pacsv

from unflux.lab.adversary.generation import Generated
from unflux.model.errors import UnfluxError

COMPRESSION_LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class GeneratedFiles:
    """Where the parts of a generated internet are."""

    folder: Path

    @property
    def records(self) -> Path:
        """Records as a plain table, by time."""
        return self.folder / "records.csv.gz"

    @property
    def labels(self) -> Path:
        """What each registrable domain is: ``domain,label,kind,family``."""
        return self.folder / "labels.csv"

    @property
    def routes(self) -> Path:
        """Who holds the addresses: ``prefix,asn,holder,country``, for ``--asn``."""
        return self.folder / "asn.csv"

    def write(self, generated: Generated) -> None:
        """Write all three; raise UnfluxError where the folder does not allow it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write_records(generated)
            self._write_labels(generated)
            self._write_routes(generated)
        except OSError as error:
            message = f"{self.folder}: cannot be written ({error.strerror})"
            raise UnfluxError(message) from error

    def _write_records(self, generated: Generated) -> None:
        # No name and no time in the header, so that the same seed gives the same bytes.
        with (
            self.records.open("wb") as plain,
            gzip.GzipFile(
                filename="", mode="wb", compresslevel=COMPRESSION_LEVEL, fileobj=plain, mtime=0
            ) as sink,
        ):
            options = pacsv.WriteOptions(include_header=False, quoting_style="none")
            sink.write((",".join(generated.records.column_names) + "\n").encode())
            pacsv.write_csv(generated.records, sink, options)

    def _write_labels(self, generated: Generated) -> None:
        with self.labels.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("domain", "label", "kind", "family"))
            for domain, truth in sorted(generated.truth.items()):
                writer.writerow((domain, truth.label, truth.kind, truth.family))

    def _write_routes(self, generated: Generated) -> None:
        with self.routes.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("prefix", "asn", "holder", "country"))
            writer.writerows(generated.population.route_rows())
