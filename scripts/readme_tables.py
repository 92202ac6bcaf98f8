"""The tables of README.md that come from the code.

`python -m scripts.readme_tables` prints them, `python -m scripts.readme_tables --write` puts them in place.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import NamedTuple

from analysis.quantities import NETWORK_QUANTITIES, QUANTITIES
from analysis.summary import summarize
from scripts.markdown import markdown_table, with_parts

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PUBLISHED = ROOT / "analysis" / "data" / "published_counts.csv"
SCALES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


class Claim(NamedTuple):
    """A published count, and what DenseScope counts."""

    name: str
    quantity: str
    published: str
    source: str
    note: str
    ours: int

    @property
    def agrees(self) -> bool:
        """Ours rounds to what was published, at the digits that were published."""
        number, _, prefix = self.published.partition(" ")
        decimals = len(number.partition(".")[2])
        return round(self.ours / SCALES[prefix], decimals) == float(number)


def claims() -> list[Claim]:
    """Every published count, with ours at the network's own image size."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return [
            Claim(**row, ours=getattr(summarize(row["name"], image_size=None), row["quantity"]))
            for row in csv.DictReader(file)
        ]


def published() -> str:
    """Ours against what others published."""
    rows = []
    for name, quantity, published, source, note, ours in claims():
        shown = f"{int(published):,}" if published.isdigit() else published
        rows.append(
            (f"`{name}`", QUANTITIES[quantity].label, shown, f"{ours:,}", f"{source}; {note}" if note else source)
        )
    return markdown_table(("Network", "Quantity", "Published", "DenseScope", "Source"), rows, numeric=(2, 3))


def glossary() -> str:
    """What every quantity means."""
    rows = [(QUANTITIES[key].label, f"`{key}`", QUANTITIES[key].definition) for key in NETWORK_QUANTITIES]
    return markdown_table(("Term", "In the API", "Meaning"), rows)


def with_tables(text: str) -> str:
    """The README with its tables made anew."""
    return with_parts(text, {make.__name__: make() for make in (glossary, published)})


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(glossary(), published(), sep="\n")
