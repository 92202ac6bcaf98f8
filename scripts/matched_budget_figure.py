"""docs/matched_budget.png: the networks of `scripts.matched_budget`, memory access cost against predicted time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.search.space import Space
from scripts.browser import chromium
from views.theme import FAMILY_COLOURS

SIZE = {"width": 1200, "height": 560}
TITLES = {"eager_seconds": "Eager", "compiled_seconds": "Compiled"}


class Field(NamedTuple):
    """Networks that compete: those of a space at DenseNet-121's budget."""

    title: str
    space: Space
    looked_at: int
    networks: pd.DataFrame

    def best(self, goal: str) -> dict[str, Any]:
        """The network with least of it."""
        row: dict[Any, Any] = self.networks.sort_values([goal, "index"]).iloc[0].to_dict()
        return row | {"fields": self.fields(int(row["index"]))}

    def fields(self, index: int) -> str:
        """What tells a config of the space from its base."""
        config = self.space.config_at(index)
        return ", ".join(f"{name}={getattr(config, name)}" for name in self.space.open_fields)


def draw(fields: list[Field], reference: dict[str, Any], path: Path) -> None:
    """Write the picture."""
    chart = make_subplots(1, 2, subplot_titles=list(TITLES.values()), horizontal_spacing=0.08)
    for column, goal in enumerate(TITLES, start=1):
        for field in (fields[0], fields[-1]):
            colour = FAMILY_COLOURS[field.space.family]
            x, y = field.networks["memory_access_cost"] / 1e6, 1000 * field.networks[goal]
            chart.add_trace(_cloud(x, y, f"{field.title}: {len(x):,} networks", colour, legend=column == 1), 1, column)
        x, y = reference["memory_access_cost"] / 1e6, 1000 * reference[goal]
        marker = {"color": "#D55E00", "size": 14, "symbol": "star"}
        star = go.Scatter(x=[x], y=[y], mode="markers", marker=marker, name="DenseNet-121", showlegend=column == 1)
        chart.add_trace(star, 1, column)
    chart.update_xaxes(title="Memory access cost, M elements, one image", rangemode="tozero")
    chart.update_yaxes(title="Predicted time of 256 images, ms, RTX 4090, fp16", rangemode="tozero")
    chart.update_layout(
        **SIZE,
        template="simple_white",
        font={"family": "Source Sans 3, Helvetica, Arial, sans-serif", "size": 14},
        legend={"orientation": "h", "x": 0, "y": 1.18, "itemsizing": "constant", "entrywidth": 250},
        margin={"l": 70, "r": 20, "t": 90, "b": 60},
    )
    _photograph(chart, path)


def _cloud(x: Any, y: Any, name: str, colour: str, *, legend: bool) -> go.Scatter:
    """Open marks: these times are predicted."""
    marker = {"color": colour, "size": 5, "symbol": "circle-open", "opacity": 0.45}
    return go.Scatter(x=x, y=y, mode="markers", marker=marker, name=name, showlegend=legend)


def _photograph(chart: go.Figure, path: Path) -> None:
    with chromium() as browser:
        page = browser.new_page(viewport=SIZE)
        page.set_content(chart.to_html(include_plotlyjs=True, config={"staticPlot": True}))
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        page.wait_for_timeout(500)
        page.locator(".js-plotly-plot").screenshot(path=path)
