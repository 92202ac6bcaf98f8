"""Charts that Plotly draws once in the browser, where Streamlit makes it draw them several times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from plotly.basedatatypes import BaseFigure

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: What Streamlit adds to a chart that is clicked, unless it is there.
CLICKED = {"clickmode": "event+select", "dragmode": "pan"}


class Once(BaseFigure):  # type: ignore[misc]
    """A figure written so that a copy of it is no other one for Plotly: Streamlit draws it, and at once a copy.

    A copied template is another one, so it is written out; copied data are others, unless they are of one revision and
    no typed arrays. With other data a chart is another element anyway.
    """

    def __init__(self, figure: go.Figure, *, clicked: bool = False) -> None:
        # what Plotly's own way to a dict would copy thrice is copied below
        layout, traces = dict(figure._layout), figure._data
        style = dict(layout.pop("template")["layout"])
        axes = {letter: style.pop(f"{letter}axis", {}) for letter in "xy"}
        style |= {name: axes[name[0]] for name in {*_axes(figure), *(key for key in layout if key[1:5] == "axis")}}
        layout = _merged(style, layout) | {"datarevision": 1} | (CLICKED if clicked else {})
        self._written = _without_links({"data": traces, "layout": layout})

    def to_dict(self) -> dict[str, Any]:
        """What Streamlit sends."""
        return self._written


#: What our charts write beside text; whatever else begins like a tag is text.
_NO_TAG = re.compile(r"<(?!/?(?:b|i|sub|sup|extra|span)>|br>)")
#: What comes back with a click, as it was given; it is drawn only where one of these says so.
_CLICKED, _TEMPLATES = "customdata", ("hovertemplate", "texttemplate")


def _without_links(value: Any) -> Any:
    """A part of a figure in which no name, from wherever, is an anchor or a style."""
    if isinstance(value, str):
        return _NO_TAG.sub("&lt;", value)
    if isinstance(value, dict):
        is_drawn = any(_CLICKED in str(value.get(template, "")) for template in _TEMPLATES)
        return {key: each if key == _CLICKED and not is_drawn else _without_links(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [*map(_without_links, value)]
    if getattr(getattr(value, "dtype", None), "kind", "") in ("O", "U"):
        return [*map(_without_links, value.tolist())]
    return value


def _axes(figure: go.Figure) -> Iterator[str]:
    """The keys of the axes that the traces are drawn on."""
    for trace in figure.data:
        for letter in "xy":
            if f"{letter}axis" in trace:
                yield f"{letter}axis{(trace[f'{letter}axis'] or letter)[1:]}"


def _merged(style: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A style, but for what has one of its own."""
    both = {
        key: _merged(style[key], own[key])
        for key in style
        if isinstance(style[key], dict) and isinstance(own.get(key), dict)
    }
    return {**style, **own, **both}
