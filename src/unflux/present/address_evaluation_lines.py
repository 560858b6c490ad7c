"""An evaluation of addresses as one line of JSON: ``unflux/address-evaluation/1``."""

from typing import Final

from unflux.model.address_evaluation import AddressEvaluation
from unflux.present.evaluation_lines import share_object
from unflux.present.json_lines import compose_line, text

SCHEMA: Final = "unflux/address-evaluation/1"


def render(evaluation: AddressEvaluation) -> str:
    """Return the line, newline included; schema in ``docs/schemas``."""
    return compose_line(
        {
            "schema": SCHEMA,
            "evaluated": evaluation.evaluated,
            "accused": share_object(evaluation.accused),
            "right_role": share_object(evaluation.right_role),
            "suspected": evaluation.suspected,
            "undecided": evaluation.undecided,
            "strangers": [text(address) for address in evaluation.strangers],
            "is_first": evaluation.is_first,
            "firsts": list(evaluation.firsts),
            "groups": [
                {
                    "network": text(group.network),
                    "role": text(group.role),
                    "accused": share_object(group.accused),
                    "right_role": share_object(group.right_role),
                }
                for group in evaluation.groups
            ],
            "drops": evaluation.drops,
        }
    )
