"""The tables of docs/memory.md that are counted, not measured.

`python -m scripts.memory_tables` prints them, with `--write` it puts them in place.
"""

from __future__ import annotations

import sys
from pathlib import Path

from analysis.memory.designs import training_designs
from analysis.summary import summarize
from scripts.markdown import markdown_table, with_parts

DOCUMENT = Path(__file__).parent.parent / "docs" / "memory.md"
BATCH = 8
NETWORKS = ("densenet121", "densenet201", "densenet264", "densenetbc100_k12", "peleenet", "vovnet39", "ese_vovnet39b")


def training() -> str:
    """What each network keeps for the backward pass, plain and recomputed, and what recomputing costs."""
    rows = []
    for name in NETWORKS:
        summary = summarize(name, image_size=None, batch_size=BATCH)
        designs = training_designs(summary)
        plain, recomputed = designs["plain"], designs["recomputed"]
        kept = [f"{found.saved_bytes / 1e6:,.1f} MB" for found in (plain, recomputed)]
        less = 1 - recomputed.saved_bytes / plain.saved_bytes
        again = recomputed.recomputed_costs
        share = again.bytes_moved / summary.bytes_moved
        rows.append((f"`{name}`", *kept, f"{less:.1%}", f"{again.bytes_moved / 1e9:,.2f} GB", f"{share:.0%}"))
    headers = ("network", "plain", "recomputed", "less", "moved again", "of a forward pass")
    return markdown_table(headers, rows, numeric=(1, 2, 3, 4, 5))


def with_tables(text: str) -> str:
    """The document with its table made anew."""
    return with_parts(text, {"training": training()})


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(with_tables(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(training())
