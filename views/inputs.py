"""The input that all views measure with: image size, batch size and dtype, set in the sidebar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import streamlit as st

from analysis import Summary, summarize
from analysis.costs import DTYPE_BYTES
from analysis.units import format_size
from archs import checks
from archs.errors import ConfigError
from archs.layer import Pair
from views import widgets

OWN_SIZE = "own"
IMAGE_SIZES = (OWN_SIZE, "32", "96", "128", "160", "192", "224", "256", "320", "384", "512", "192×256")


@dataclass(frozen=True)
class InputSettings:
    """What the networks are given; an image size of None is each network's own."""

    image_size: int | Pair | None = None
    batch_size: int = 1
    dtype: str = "float32"

    def summarize(self, target: Any) -> Summary:
        """A network at this input. Raises: DenseScopeError: the input does not suit it."""
        return summarize(target, self.image_size, self.batch_size, self.dtype)

    def __str__(self) -> str:
        height_width = (self.image_size,) * 2 if isinstance(self.image_size, int) else self.image_size
        size = f"{format_size(height_width)} input" if height_width else "each network's own input size"
        return f"{size}, batch {self.batch_size}, {self.dtype}"


def draw_sidebar(*, image_size_only: bool = False) -> None:
    """The widgets; views ask `current` for what they say, those with a batch and a precision of their own the size."""
    with st.sidebar:
        st.subheader("Input")
        widgets.choose_or_type(
            "Image size",
            "image_size",
            IMAGE_SIZES,
            OWN_SIZE,
            help="`own`: what each network was made for. Or type a side such as `300`, or `192x256` (height × width).",
        )
        if image_size_only:
            return
        left, right = st.columns(2)
        with left:
            widgets.choose_integer(
                "Batch size", "batch_size", 1, checks.MAX_BATCH_SIZE, help="Images per forward pass."
            )
        with right:
            widgets.choose(
                "Data type", "dtype", tuple(DTYPE_BYTES), "float32", help="Sets the bytes of an element, nothing else."
            )


def current() -> InputSettings:
    """The settings in the sidebar. A bad image size is handled as in `current_image_size`."""
    return InputSettings(current_image_size(), st.session_state["batch_size"], st.session_state["dtype"])


def current_image_size() -> int | Pair | None:
    """The image size in the sidebar; says so where it is none, and goes on with each network's own."""
    try:
        return parse_image_size(st.session_state["image_size"])
    except ConfigError as error:
        st.error(f"{error} Each network's own size is used until then.", icon=":material/error:")
        return None


def parse_image_size(text: str) -> int | Pair | None:
    """What a person typed as an image size: "own", a side, or height × width.

    >>> parse_image_size("224"), parse_image_size("192 × 256"), parse_image_size("own")
    (224, (192, 256), None)

    Raises:
        ConfigError: it is none of these.
    """
    text = text.strip().lower()
    if text == OWN_SIZE:
        return None
    sides = re.fullmatch(r"([0-9]{1,9})(?:\s*[x×*,;]\s*([0-9]{1,9}))?", text)
    if sides is None:
        raise ConfigError("image_size", text, f"'{OWN_SIZE}', a side such as 224, or height × width such as 192×256")
    height, width = checks.image_size((int(sides[1]), int(sides[2] or sides[1])))
    return height if sides[2] is None or height == width else (height, width)
