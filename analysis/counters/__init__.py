"""Five public counters, one file each: how it is run, and what it counts for a layer by its own rules.

The files import torch, so `analysis.crosscheck` imports them on demand; the counter itself is imported when it runs.
"""
