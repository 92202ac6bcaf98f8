"""The paper's question, for docs/search.md: what do networks at DenseNet-121's MACs and parameters cost at best?

`python -m scripts.matched_budget` prints the answer; with `--write` it puts it, and the figure, in place. `--store
FOLDER` keeps what was predicted, so that an interrupted run goes on. All DenseNet-BC networks of the preset space are
looked at, and a sample of the VoVNets.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import analysis
from analysis.search.budgets import Bound
from analysis.search.evidence import proxy_evidence
from analysis.search.quantities import PredictedSeconds
from analysis.search.space import Space
from analysis.statistics import spearman
from analysis.units import format_ratio, format_share, format_si
from archs import get_config
from scripts.documents import markdown_table, renewed
from views.theme import family_colour

DOCUMENT = Path(__file__).parent.parent / "docs" / "search.md"
NAME = "densenet121"
#: MACs and parameters may be off by so much either way.
TOLERANCE = 0.05
DRAWN_VOVNETS = 400_000
TIMES: dict[str, PredictedSeconds] = {
    f"{execution}_seconds": PredictedSeconds("RTX 4090", 256, "float16", execution=execution)
    for execution in ("eager", "compiled")
}
GOALS = {
    "memory_access_cost": "memory access cost",
    "eager_seconds": "predicted time, eager",
    "compiled_seconds": "predicted time, compiled",
}


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


def budgets() -> dict[str, tuple[float, float]]:
    summary = analysis.summarize(NAME)
    ends = (1 - TOLERANCE, 1 + TOLERANCE)
    return {key: (ends[0] * getattr(summary, key), ends[1] * getattr(summary, key)) for key in ("params", "macs")}


def compete(store: str | None) -> list[Field]:
    """The fields: DenseNet-BC, those that are no shallower than DenseNet-121, VoVNet."""

    def show(what: str, done: int, total: int) -> None:
        print(f"\r{what}: {done:,} of {total:,}   ", end="", file=sys.stderr)

    fields = []
    for title, name, limit in (("DenseNet-BC", "densenet-bc-imagenet", 10**8), ("VoVNet", "vovnet", DRAWN_VOVNETS)):
        found = analysis.search(
            name, budgets(), tuple(GOALS), limit, evaluators=TIMES, store=store, progress=show, jobs=2
        )
        fields.append(Field(title, found.space, found.looked_at, found.feasible))
    densenets, vovnets = fields
    deep = Bound("depth", True, analysis.count_depth(NAME).total)
    deeper = densenets.networks[deep.holds(densenets.networks["depth"].to_numpy())]
    return [densenets, Field(f"DenseNet-BC, depth ≥ {deep.value}", *densenets[1:3], deeper), vovnets]


def reference() -> dict[str, Any]:
    """DenseNet-121 itself."""
    config = get_config(NAME)
    summary = analysis.summarize(config)
    counted = {key: getattr(summary, key) for key in ("params", "macs", "memory_access_cost")}
    times = {key: time(config) for key, time in TIMES.items()}
    return counted | times | {"depth": summary.depth.total, "fields": f"`{NAME}`"}


def table(fields: list[Field]) -> str:
    base = reference()
    rows = [(f"`{NAME}`", "", *_cells(base, base), "")]
    for field in fields:
        for goal, words in GOALS.items():
            best = field.best(goal)
            rows.append((field.title, words, *_cells(best, base), f"`{best['fields']}`"))
    headers = ("Networks", "With least", "Depth", "Parameters", "MACs", "Memory access cost")
    more = ("Predicted, eager", "Predicted, compiled", "Config")
    return markdown_table((*headers, *more), rows, numeric=(2, 3, 4, 5, 6, 7))


def _cells(row: dict[str, Any], base: dict[str, Any]) -> Iterator[str]:
    yield str(int(row["depth"]))
    for key in ("params", "macs"):
        yield format_si(int(row[key]))
    for key in GOALS:
        value = format_si(float(row[key]), "s") if key in TIMES else format_si(int(row[key]))
        yield f"{value} ({format_ratio(row[key] / base[key])})"


def answer(fields: list[Field]) -> str:
    """The findings in sentences."""
    base = reference()
    densenets, deep, vovnets = fields

    def least(field: Field) -> str:
        access, eager, compiled = (format_ratio(field.best(goal)[goal] / base[goal]) for goal in GOALS)
        return f"{access} the memory access cost, {eager} the predicted time in eager mode and {compiled} compiled"

    errors = []
    for name in (NAME, "vovnet39"):
        error = analysis.predict(name, "RTX 4090").error
        if error:
            errors.append(f"{name}: {format_share(error.median)} in the median, {format_share(error.worst)} at worst")
    return (
        f"MACs and parameters within {format_share(TOLERANCE)} of DenseNet-121's: that leaves "
        f"{len(densenets.networks):,} of {densenets.looked_at:,} DenseNet-BCs, and {len(vovnets.networks):,} of "
        f"{vovnets.looked_at:,} VoVNets that were drawn of {vovnets.space.size:,}.\n\n"
        f"- **Inside DenseNet-BC** it goes down to {least(densenets)} of DenseNet-121, one network for each.\n"
        f"- Of the {len(deep.networks):,} that are no shallower, down to {least(deep)}.\n"
        f"- **One-shot aggregation** goes on to {least(vovnets)}.\n\n"
        "At equal MACs and parameters, memory access cost and predicted time rank DenseNet-BCs almost alike (Spearman "
        f"{_rank(densenets, 'eager_seconds'):.2f} eager, {_rank(densenets, 'compiled_seconds'):.2f} compiled); but "
        "that time comes from a model of traffic and arithmetic, not from a clock. "
        f"Known errors of such predictions, eager: {'; '.join(errors) or 'none'}.\n"
    )


def _rank(field: Field, goal: str) -> float:
    return spearman(field.networks["memory_access_cost"], field.networks[goal])


#: Of docs/matched_budget.png, in pixels; titles of its two charts.
SIZE = {"width": 1200, "height": 560}
TITLES = {"eager_seconds": "Eager", "compiled_seconds": "Compiled"}


def draw(fields: list[Field], reference: dict[str, Any], path: Path) -> None:
    """Write the picture: memory access cost against predicted time."""
    chart = make_subplots(1, 2, subplot_titles=list(TITLES.values()), horizontal_spacing=0.08)
    for column, goal in enumerate(TITLES, start=1):
        for field in (fields[0], fields[-1]):
            colour = family_colour(field.space.family)
            x, y = field.networks["memory_access_cost"] / 1e6, 1000 * field.networks[goal]
            chart.add_trace(_cloud(x, y, f"{field.title}: {len(x):,} networks", colour, legend=column == 1), 1, column)
        x, y = reference["memory_access_cost"] / 1e6, 1000 * reference[goal]
        marker = {"color": "#D55E00", "size": 14, "symbol": "star"}
        star = go.Scatter(x=[x], y=[y], mode="markers", marker=marker, name="DenseNet-121", showlegend=column == 1)
        chart.add_trace(star, 1, column)
    chart.update_xaxes(title="Memory access cost, M elements, one image", rangemode="tozero")
    chart.update_yaxes(title="Predicted time of 256 images, ms, RTX 4090, float16", rangemode="tozero")
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
    from scripts.browser import chromium

    with chromium() as browser:
        page = browser.new_page(viewport=SIZE)
        page.set_content(chart.to_html(include_plotlyjs=True, config={"staticPlot": True}))
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        page.wait_for_timeout(500)
        page.locator(".js-plotly-plot").screenshot(path=path)


def main(arguments: list[str]) -> None:
    store = arguments[arguments.index("--store") + 1] if "--store" in arguments else None
    fields = compete(store)
    parts = {"proxy": f"> {proxy_evidence().sentence()}\n", "answer": answer(fields), "best": table(fields)}
    print(*parts.values(), sep="\n")
    if "--write" in arguments:
        DOCUMENT.write_text(renewed(DOCUMENT, parts), encoding="utf-8")
        draw(fields, reference(), DOCUMENT.with_name("matched_budget.png"))


if __name__ == "__main__":
    main(sys.argv[1:])
