"""What all scripts that write into documents share: a table, and parts between two comment lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[str]], numeric: tuple[int, ...] = ()) -> str:
    """A table whose `numeric` columns are set to the right."""
    rule = ["---:" if column in numeric else "---" for column in range(len(headers))]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (headers, rule, *rows))


def with_parts(text: str, parts: Mapping[str, str]) -> str:
    """A document with each part made anew between its comment lines, `<!-- name -->` and `<!-- /name -->`."""
    for name, part in parts.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text, found = re.subn(pattern, lambda match, part=part: f"{match[1]}{part}{match[2]}", text, flags=re.DOTALL)
        assert found == 1, f"the document has {found} places for {name}"
    return text
