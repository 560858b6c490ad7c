"""The compiled passes over text that the interpreter calls."""

from unflux.read.kernel.scan.addresses import canonical_addresses
from unflux.read.kernel.scan.fields import blank_out, split_elements, split_fields
from unflux.read.kernel.scan.names import lower_plain_names
from unflux.read.kernel.scan.numbers import read_moments, read_whole_numbers
from unflux.read.kernel.scan.objects import scan_objects
from unflux.read.kernel.scan.spans import encode_spans, gather_spans

ENTRIES = (
    blank_out,
    canonical_addresses,
    encode_spans,
    gather_spans,
    lower_plain_names,
    read_moments,
    read_whole_numbers,
    scan_objects,
    split_elements,
    split_fields,
)
