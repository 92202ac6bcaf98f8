"""From one network to another by single changes: what a chain is, what each step costs, and what that says."""

from analysis.chains.counted import CountedChain, chain
from analysis.chains.records import Chain, Step, get_chain, list_chains

__all__ = ["Chain", "CountedChain", "Step", "chain", "get_chain", "list_chains"]
