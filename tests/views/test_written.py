"""A frame with its texts is sent as pandas' own Styler sends it, row by row and letter by letter."""

from __future__ import annotations

import pandas as pd
from pandas.io.formats.style import Styler
from streamlit.elements.lib.pandas_styler_utils import marshall_styler
from streamlit.proto.ArrowData_pb2 import ArrowData

from views.written import written

VALUES = pd.DataFrame({"name": ["a", None, "<b>c"], "macs": [1.5e9, float("nan"), 3.0]}, index=[4, 0, 9])
TEXTS = pd.DataFrame({"name": ["a", "–", "<b>c"], "macs": ["1.50 G", "–", "3"]}, index=VALUES.index)
STYLES = {1: "font-weight: 700; background-color: #80808018;"}


def test_as_a_styler() -> None:
    sent, expected = ArrowData(), ArrowData()
    marshall_styler(sent, written(VALUES, TEXTS, STYLES), "0")
    texts = dict(zip(VALUES["macs"], TEXTS["macs"], strict=True))
    styler = Styler(VALUES, uuid="0").format({"macs": lambda value: texts.get(value, "–")}, na_rep="–")
    styler.apply(lambda row: [STYLES[1] if row.name == 0 else ""] * len(row), axis="columns")
    marshall_styler(expected, styler, "0")
    assert sent.styler.display_values == expected.styler.display_values
    assert sent.styler.styles.replace(" ", "") == expected.styler.styles.replace(" ", "")
