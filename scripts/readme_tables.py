"""The tables of README.md that come from the code.

`python -m scripts.readme_tables` prints them, `python -m scripts.readme_tables --write` puts them in place.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path
from typing import NamedTuple

from analysis.quantities import QUANTITIES
from analysis.summary import summarize

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
    rows = [(quantity.label, f"`{quantity.key}`", quantity.definition) for quantity in QUANTITIES.values()]
    return markdown_table(("Term", "In the API", "Meaning"), rows)


def markdown_table(headers: tuple[str, ...], rows: list[tuple[str, ...]], numeric: tuple[int, ...] = ()) -> str:
    rule = ["---:" if column in numeric else "---" for column in range(len(headers))]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (headers, rule, *rows))


def with_tables(text: str) -> str:
    """The README with each table between its two comment lines made anew."""
    for make in (glossary, published):
        mark = re.escape(make.__name__)
        pattern = rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)"
        text, found = re.subn(pattern, lambda match, make=make: f"{match[1]}{make()}{match[2]}", text, flags=re.DOTALL)
        assert found == 1, f"README.md has {found} places for the table {make.__name__}"
    return text


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(glossary(), published(), sep="\n")
