"""Networks against each other: scatter and bars, each figure in the look of its kind of evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from html import escape
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import plotly.graph_objects as go

from analysis.choice import Candidate, Fact, trained_alike
from analysis.hardware.accuracy import pareto_front
from analysis.hardware.speeds import EVIDENCE
from analysis.quantities import QUANTITIES
from analysis.units import format_exact, format_size
from views.charts import evidence
from views.charts.accuracy import front_line, staircase
from views.charts.axes import ABOVE, axis, scatter_layout
from views.charts.labels import Line, Point, name_marks
from views.tables import Notation
from views.theme import Theme, variant_style

if TYPE_CHECKING:
    import pandas as pd


#: Diameters of the marks in pixels.
SMALLEST, LARGEST, EQUAL = 8, 26, 13
BAR_HEIGHT, LEAST_HEIGHT = 24, 420
#: Of the scatter: it stays on a screen, however long the bars beside it get.
MOST_HEIGHT = 840
#: Of the legend: variants in a row at its side of a laptop, and pixels of a row.
IN_A_ROW, ROW = 4, 28
#: Plot areas on which names must be clear of everything: on a phone, a laptop and a large screen.
AREAS = ((280, 300), (420, 300), (640, 320))
#: Share of an axis that is left free for names at its ends, beside what all axes have.
ROOM = 0.06
#: What a mark is faded to while another is lit.
FADED = 0.25


class Shown(NamedTuple):
    """Networks, and how a chart shows them."""

    #: By family and size; names, families, variants and quantities.
    frame: pd.DataFrame
    #: What is known of each beside what is counted.
    known: Mapping[str, Candidate]
    notation: Notation
    theme: Theme
    #: Names: what the others are set against, and what is pointed at.
    baseline: str = ""
    lit: str | None = None

    def fact(self, name: str, key: str) -> Fact | None:
        """None where it is counted."""
        return self.known[name].fact(key) if name in self.known else None

    def error(self, name: str, key: str, value: float) -> tuple[float, float] | None:
        """How far a figure may lie below and above, in its own units."""
        fact = self.fact(name, key)
        return (fact.error[0] * value, fact.error[1] * value) if fact and fact.error else None

    def is_open(self, name: str, *keys: str) -> bool:
        """Whether some figure has an interval that a rule widens."""
        return any(fact.is_open for key in keys if (fact := self.fact(name, key)))

    def is_ranked(self, name: str, key: str) -> bool:
        """Whether a quantity of a network is an accuracy that was come to as those of most others were."""
        if key == "accuracy_here":
            return name in trained_alike(self.known.values())
        return key == "top1"

    def kind(self, name: str, *keys: str) -> str:
        """The weakest evidence of some figures."""
        kinds = [fact.evidence for key in keys if (fact := self.fact(name, key))]
        return max(kinds, key=EVIDENCE.index) if kinds else "counted"


def height(networks: int) -> int:
    """Of both charts, so that they stand level as far as a screen goes."""
    return max(LEAST_HEIGHT, 60 + BAR_HEIGHT * networks)


def scatter(shown: Shown, x: str, y: str, size: str | None, *, log: bool) -> go.Figure:
    """One mark a network that has both; the area of a mark stands for `size`."""
    notation, theme = shown.notation, shown.theme
    tall = min(height(len(shown.frame)), MOST_HEIGHT)
    frame = shown.frame.assign(x=notation.scale(shown.frame, x), y=notation.scale(shown.frame, y))
    frame = frame.dropna(subset=["x", "y"])
    frame = frame.assign(diameter=_diameters(frame, size), kind=[shown.kind(name, x, y) for name in frame["name"]])
    x_axis, y_axis = (_axis(frame[end], key, notation, log) for end, key in (("x", x), ("y", y)))
    layout = scatter_layout(theme, tall, x_axis, y_axis, itemsizing="constant")
    front = _front(frame[[shown.is_ranked(name, y) for name in frame["name"]]], x)
    bars = [bar for row in frame.to_dict("records") for bar in _bars_of_error(shown, row, x, y)]
    legend = ROW * ((frame["variant"].nunique() - 1) // IN_A_ROW)  # beyond its first row
    first = frame.assign(rank=frame["name"] != shown.baseline).sort_values("rank", kind="stable")
    layout["annotations"] = name_marks(
        list(zip(first["x"], first["y"], strict=True)),
        _titles(list(first["name"]), shown),
        layout,
        theme,
        [*bars, *staircase(front)],
        radii=[diameter / 2 for diameter in first["diameter"]],
        areas=[(width, least + tall - LEAST_HEIGHT - legend) for width, least in AREAS],
    )
    traces = [front_line(front, theme)] if len(front) > 1 else []
    traces += evidence.legend_entries(frame["kind"], theme, bars=False)
    traces += evidence.unchecked_entry(any(shown.is_open(name, x, y) for name in frame["name"]), theme)
    traces += [
        _marks(group, shown, (x, y, size), is_first=is_first) for group, is_first in _alike(frame, shown, (x, y))
    ]
    return go.Figure(traces, layout)


def bars(shown: Shown, key: str, *, by_value: bool = False) -> go.Figure:
    """One bar a network, with its figure at the end."""
    notation, theme = shown.notation, shown.theme
    frame = shown.frame.assign(x=notation.scale(shown.frame, key))
    frame = frame.assign(kind=[shown.kind(name, key) for name in frame["name"]])
    if by_value:
        frame = frame.sort_values("x", kind="stable")
    values = axis(frame["x"].dropna(), partial(notation.write_tick, key), "", most=5)
    values |= {"title": None, "range": (0, values["range"][1] * (1.35 if notation.style == "exact" else 1.2))}
    names = list(frame["name"])
    kinds = evidence.legend_entries(frame["kind"], theme, bars=True)
    kinds += evidence.unchecked_entry(any(shown.is_open(name, key) for name in names), theme)
    layout: dict[str, Any] = {
        "template": theme.template,
        "height": height(len(frame)),
        "showlegend": bool(kinds),
        "legend": ABOVE | {"itemclick": False},
        "xaxis": values,
        "yaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": names[::-1],
            "tickvals": names,
            "ticktext": [f"{title}  " for title in _titles(names, shown)],
            "showgrid": False,
        },
        "bargap": 0.35,
        "annotations": [_figure(row, key, shown) for row in frame.to_dict("records")],
    }
    figure = go.Figure([*kinds, *(_bars(group, shown, key) for group, _ in _alike(frame, shown, (key,)))], layout)
    base = frame.loc[frame["name"] == shown.baseline, "x"].dropna()
    if len(base):
        figure.add_vline(x=base.item(), line={"color": theme.muted, "width": 1, "dash": "dot"})
    return figure


def _axis(values: pd.Series[float], key: str, notation: Notation, log: bool) -> dict[str, Any]:
    """With room for names beside the outermost marks."""
    points = QUANTITIES[key].form == "points"
    write, log = partial(notation.write_tick, key), log and not points
    found = axis(values, write, notation.label(key), log=log, zero=not points)
    low, high = found["range"]
    room = ROOM * (high - low)
    return found | {"range": (low - room if log else low, high + room)}


def _titles(names: Sequence[str], shown: Shown) -> list[str]:
    """Names; with the size of their images where that is not the baseline's: they cost less for that alone."""
    sizes = dict(zip(shown.frame["name"], shown.frame["image_size"], strict=True))
    usual = sizes.get(shown.baseline)
    titles = []
    for name in names:
        differs = usual is not None and sizes[name] != usual
        title = f"{escape(name)}, {format_size(sizes[name])}" if differs else escape(name)
        titles.append(f"<b>{title}</b>" if name == shown.baseline else title)
    return titles


def _alike(frame: pd.DataFrame, shown: Shown, keys: tuple[str, ...]) -> Iterator[tuple[pd.DataFrame, bool]]:
    """Rows that are drawn alike, and whether they are the first of their variant; of known errors and of none, which
    Plotly would draw as errors of zero; of checked ones and of others.
    """
    errors = [
        tuple((bool((fact := shown.fact(name, key)) and fact.error), shown.is_open(name, key)) for key in keys)
        for name in frame["name"]
    ]
    seen = set()
    for (family, variant, _, _), group in frame.assign(errors=errors).groupby(
        ["family", "variant", "kind", "errors"], sort=False
    ):
        yield group, (family, variant) not in seen
        seen.add((family, variant))


def _selected(group: pd.DataFrame, shown: Shown) -> dict[str, Any]:
    """What is pointed at stands out, all else fades: in the charts' own words for what has been clicked."""
    faded = {"unselected": {"marker": {"opacity": FADED}}}
    if shown.lit is None:
        return faded
    return faded | {"selectedpoints": [number for number, name in enumerate(group["name"]) if name == shown.lit]}


def _marks(group: pd.DataFrame, shown: Shown, keys: tuple[str, str, str | None], *, is_first: bool) -> dict[str, Any]:
    """A trace as a plain dictionary, which Plotly takes in several times faster than its own objects."""
    row, theme = group.iloc[0], shown.theme
    colour = theme.variant_colour(row["family"], row["variant"])
    symbol = variant_style(row["family"], row["variant"]).symbol
    style = {"symbol": symbol, "color": colour, "opacity": 0.9, "line": {"color": theme.outline(colour), "width": 1.2}}
    if row["kind"] != "counted":
        style = evidence.mark_style(row["kind"], colour, theme, symbol)
    diameters = group["diameter"]
    if row["kind"] == "trained":
        diameters = diameters.clip(lower=EQUAL) + evidence.HOLE
    x, y, _ = keys
    return {
        "type": "scatter",
        "x": group["x"].tolist(),
        "y": group["y"].tolist(),
        "name": row["variant"],
        "legendgroup": row["variant"],
        "showlegend": is_first,
        "mode": "markers",
        "cliponaxis": False,
        "customdata": group["name"].tolist(),
        "hovertext": [_hover(each, keys, shown) for each in group.to_dict("records")],
        "hoverinfo": "text",
        "marker": style | {"size": diameters.tolist()},
        "error_x": _error_bar(group, shown, x, "x"),
        "error_y": _error_bar(group, shown, y, "y"),
        **_selected(group, shown),
    }


def _bars(group: pd.DataFrame, shown: Shown, key: str) -> dict[str, Any]:
    """As `_marks`."""
    row, theme = group.iloc[0], shown.theme
    colour = theme.variant_colour(row["family"], row["variant"])
    style: dict[str, Any] = {"color": colour, "line": {"color": theme.outline(colour), "width": 1}}
    if row["kind"] != "counted":
        style = evidence.bar_styles(row["kind"], [colour] * len(group), theme)
    return {
        "type": "bar",
        "orientation": "h",
        "x": group["x"].tolist(),
        "y": group["name"].tolist(),
        "name": row["variant"],
        "showlegend": False,
        "customdata": group["name"].tolist(),
        "marker": style,
        "error_x": _error_bar(group, shown, key, "x"),
        "hovertext": [_hover(each, (key,), shown) for each in group.to_dict("records")],
        "hoverinfo": "text",
        **_selected(group, shown),
    }


def _error_bar(group: pd.DataFrame, shown: Shown, key: str, end: str) -> dict[str, Any]:
    facts = [shown.fact(name, key) for name in group["name"]]
    is_open = shown.is_open(group["name"].iloc[0], key)
    errors = [fact.error if fact else None for fact in facts]
    return evidence.error_bar(errors, group[end], shown.theme, checked=not is_open)


def _bars_of_error(shown: Shown, row: Mapping[Any, Any], x: str, y: str) -> Iterator[Line]:
    """The error bars of a mark as lines that no name may cross."""
    if error := shown.error(row["name"], x, row["x"]):
        yield (row["x"] - error[0], row["y"]), (row["x"] + error[1], row["y"])
    if error := shown.error(row["name"], y, row["y"]):
        yield (row["x"], row["y"] - error[0]), (row["x"], row["y"] + error[1])


def _front(frame: pd.DataFrame, cost: str) -> list[Point]:
    """The networks that no other beats in both accuracy and cost, the best cost first."""
    rows = [{"cost": x, "error": -y} for x, y in zip(frame["x"], frame["y"], strict=True)]
    return [(row["cost"], -row["error"]) for row in pareto_front(rows, more_is_better=cost == "images_per_s")]


def _figure(row: Mapping[Any, Any], key: str, shown: Shown) -> dict[str, Any]:
    """The value beside its bar, clear of its error bar."""
    value = row["x"]
    is_known = value == value
    error = shown.error(row["name"], key, value) if is_known else None
    return {
        "x": value + (error[1] if error else 0) if is_known else 0,
        "y": row["name"],
        "text": shown.notation.write(key, value) if is_known else "not known",
        "xanchor": "left",
        "xshift": 4,
        "showarrow": False,
        "borderpad": 0,
        "bgcolor": shown.theme.page,
        "font": {"color": shown.theme.text if is_known else shown.theme.muted, "size": 12},
    }


def _diameters(frame: pd.DataFrame, size: str | None) -> list[float]:
    """Marks whose area is proportional to the quantity, as far as the smallest can still be seen."""
    if size is None or not frame[size].max() > 0:
        return [float(EQUAL)] * len(frame)
    most = frame[size].max()
    return [max(SMALLEST, LARGEST * sqrt(value / most)) if value == value else SMALLEST for value in frame[size]]


def _hover(row: Mapping[Any, Any], keys: tuple[str | None, ...], shown: Shown) -> str:
    lines = [f"<b>{escape(row['name'])}</b> ({row['variant']})"]
    for key in dict.fromkeys(keys):
        if key and row[key] == row[key]:
            fact = shown.fact(row["name"], key)
            told = f" (<b>{fact.evidence}</b>)" if fact else ""
            lines.append(f"{QUANTITIES[key].label}: {format_exact(key, row[key])}{told}")
    if (one := shown.known.get(row["name"])) and any(shown.fact(row["name"], key) for key in keys if key):
        lines += evidence.details(one, {key for key in keys if key})
    return evidence.wrap(lines)
