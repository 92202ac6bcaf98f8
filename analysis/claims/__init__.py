"""What is said of this family, and what the figures say to it."""

from analysis.claims.records import Claim, Finding, list_claims

__all__ = ["Claim", "Finding", "list_claims"]
