"""Where the sum of evidence starts, and what it must reach to decide."""

import math
from typing import Final

PRIOR: Final = -5.0
"""Log-odds before any record: one name in 150 of those with answers. Chosen: 2026-11-22;
Infoblox (April 2025) calls the technique not common, so precision dominates."""

CONVICTION: Final = round(math.log(0.95 / 0.05), 6)
"""Log-odds of a verdict: 19 to 1 either way. Wald's bounds for error rates of 5 % after the prior
(Sequential Analysis, 1947); what lies between is undecided."""
