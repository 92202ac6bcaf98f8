"""What is said of this family, and what the figures say."""

# Claims are told in this order.
# isort: off
from analysis.claims import shapes as shapes
from analysis.claims import costs as costs
from analysis.claims import successors as successors

# isort: on
from analysis.claims.records import Claim, Finding, list_claims

__all__ = ["Claim", "Finding", "list_claims"]
