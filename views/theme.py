"""Colours and the Plotly template, light and dark: the one place that knows them. `.streamlit/config.toml` matches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from archs.family import VariantStyle
from archs.registry import get_family, list_families

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: Okabe-Ito, then hues between its own, which marks of their own shape set apart for the colour-blind; the same in both
#: themes: a colour for each family (`family_colour`).
PALETTE = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9"),
    *("#8C6D31", "#7A8B00", "#00A0A8", "#AA4499", "#B5485F"),
)
OTHER_FAMILY = "#8A8F98"

#: Marks of what is no variant of a family (`views.networks.variant`).
OTHER_VARIANTS = {
    "timm": VariantStyle("cross"),
    "torchvision": VariantStyle("x", -0.35),
    "your design": VariantStyle("star"),
}


def family_colour(family: str | None) -> str:
    """A family's place in the palette, or the next that none has; grey for other networks, and once all are taken.

    >>> family_colour("densenet"), family_colour("timm")
    ('#0072B2', '#8A8F98')
    """
    slots = {name: get_family(name).look.slot for name in list_families()}
    free = (slot for slot in range(len(PALETTE)) if slot not in slots.values())
    places = {name: next(free, None) if slot is None else slot for name, slot in slots.items()}
    place = places.get(family or "")
    return OTHER_FAMILY if place is None else PALETTE[place]


def variant_style(family: str | None, variant: str) -> VariantStyle:
    """Symbol and shade of a network's marks."""
    variants = get_family(family).look.variants if family in list_families() else {}
    return OTHER_VARIANTS.get(variant) or variants.get(variant, VariantStyle())


#: Kinds of memory that are no kind of operation: the operation whose colour they take, and how far it goes to the
#: outline's.
MEMORY_STYLES = {
    "image": ("copy", 0.0),
    "concat copy": ("concat", 0.0),
    "features": ("convolution 1×1", 0.0),
    "BN input": ("normalisation", 0.0),
    "ReLU output": ("activation", 0.0),
    "conv input": ("convolution k×k", 0.0),
    "pooling input": ("pooling", 0.0),
    "pooling index": ("pooling", 0.35),
    "boxes": ("pooling", 0.6),
    "activation input": ("activation", 0.35),
    "activation output": ("activation", 0.6),
    "product operand": ("arithmetic", 0.0),
    "linear input": ("linear", 0.0),
    "dropout mask": ("copy", 0.0),
    "LN input": ("normalisation", 0.35),
    "LN statistics": ("normalisation", 0.6),
    "GN input": ("normalisation", 0.35),
    "GN statistics": ("normalisation", 0.6),
    "BN statistics": ("normalisation", 0.6),
    "other": ("matrix product", 0.0),
}


class Mark(NamedTuple):
    """How networks of one kind of a family are marked: by colour and, for the colour-blind, by shape."""

    variant: str
    colour: str
    symbol: str


@dataclass(frozen=True)
class Theme:
    """What charts are drawn with."""

    text: str
    muted: str
    grid: str
    #: Background of every second stage.
    band: str
    paper: str
    #: What charts stand on.
    page: str
    #: Where mark outlines go from the fill: towards black on light paper, towards white on dark.
    outline_towards: str
    #: Kinds of operation: violets carry the weights, the rest is warm or grey; no family's colour.
    kinds: Mapping[str, str]

    def variant_colour(self, family: str | None, variant: str) -> str:
        """The fill of a network's marks."""
        shade = variant_style(family, variant).shade
        return mix(family_colour(family), "#FFFFFF" if shade > 0 else "#000000", abs(shade))

    def mark(self, family: str | None, variant: str) -> Mark:
        """The marks of a kind of networks."""
        return Mark(variant, self.variant_colour(family, variant), variant_style(family, variant).symbol)

    def memory_colour(self, kind: str) -> str:
        """The fill of a kind of memory: that of its operation, or a shade of it."""
        op_kind, shade = MEMORY_STYLES.get(kind, (kind, 0.0))
        return mix(self.kinds[op_kind], self.outline_towards, shade)

    def outline(self, fill: str) -> str:
        """An outline that stands out from the paper where a light fill does not."""
        return mix(fill, self.outline_towards, 0.4)

    @cached_property
    def template(self) -> go.layout.Template:
        """The Plotly template."""
        import plotly.graph_objects as go

        axis = {
            "gridcolor": self.grid,
            "linecolor": self.grid,
            "zerolinecolor": self.grid,
            "tickfont": {"color": self.muted, "size": 12},
            "title": {"font": {"color": self.muted, "size": 12}},
            "automargin": True,
            "separatethousands": True,
        }
        return go.layout.Template(
            layout={
                "font": {"family": '"Source Sans", "Source Sans Pro", sans-serif', "color": self.text, "size": 13},
                "paper_bgcolor": "rgba(0,0,0,0)",
                "plot_bgcolor": "rgba(0,0,0,0)",
                "xaxis": axis,
                "yaxis": axis,
                "hoverlabel": {"bgcolor": self.paper, "bordercolor": self.muted, "font": {"color": self.text}},
                "legend": {"font": {"color": self.text, "size": 12}, "bgcolor": "rgba(0,0,0,0)"},
                # The toolbar has the right margin to itself: it covers neither legend nor marks.
                "modebar": {"orientation": "v", "bgcolor": "rgba(0,0,0,0)", "color": self.muted},
                "margin": {"l": 8, "r": 36, "t": 8, "b": 8},
            }
        )


def mix(colour: str, other: str, share: float) -> str:
    """`colour` with a share of another one, both as #RRGGBB.

    >>> mix("#000000", "#FFFFFF", 0.5)
    '#808080'
    """
    channels = [(int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in channels)


def text_on(fill: str) -> str:
    """Black or white, whichever stands out more from a fill.

    >>> text_on("#0072B2"), text_on("#E69F00")
    ('#FFFFFF', '#000000')
    """
    parts = (int(fill[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    luminance = sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#FFFFFF"


LIGHT = Theme(
    text="#1B1F24",
    muted="#56606B",
    grid="#E3E6EA",
    band="#F1F3F5",
    paper="#FFFFFF",
    page="#FFFFFF",
    outline_towards="#000000",
    kinds={
        "convolution 1×1": "#6E5F94",
        "convolution k×k": "#9C8BC0",
        "depthwise": "#473B6B",
        "linear": "#77808C",
        "matrix product": "#848F9D",
        "concat": "#B04A55",
        "normalisation": "#A97A4B",
        "activation": "#8D8B4E",
        "pooling": "#7A8F95",
        "arithmetic": "#4F5A66",
        "copy": "#8F7F78",
    },
)

DARK = Theme(
    text="#E6E8EB",
    muted="#A7B0BB",
    grid="#2C323A",
    band="#1B1F26",
    paper="#1E2228",
    page="#14171C",
    outline_towards="#FFFFFF",
    kinds={
        "convolution 1×1": "#8A7BB5",
        "convolution k×k": "#B9ABDA",
        "depthwise": "#6B5C9B",
        "linear": "#8D96A3",
        "matrix product": "#A9B4C2",
        "concat": "#CC6670",
        "normalisation": "#C39667",
        "activation": "#A9A768",
        "pooling": "#93A9AF",
        "arithmetic": "#6C7886",
        "copy": "#B5A49D",
    },
)
