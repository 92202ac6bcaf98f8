"""DenseScope in the browser: `streamlit run app.py`. A router; each page of `views/` is one screen."""

from pathlib import Path

import streamlit as st

from archs.errors import DenseScopeError
from views import sidebar, widgets

VIEWS = [
    st.Page("views/compare.py", title="Compare", icon=":material/compare_arrows:", default=True),
    st.Page("views/layers.py", title="Layers", icon=":material/layers:"),
    st.Page("views/architecture/architecture.py", title="Architecture", icon=":material/account_tree:"),
    st.Page("views/design/design.py", title="Design", icon=":material/edit:"),
    st.Page("views/memory/memory.py", title="Memory", icon=":material/memory:"),
    st.Page("views/search/search.py", title="Search", icon=":material/travel_explore:"),
    st.Page("views/counters.py", title="Counters", icon=":material/calculate:"),
    st.Page("views/hardware/hardware.py", title="Hardware", icon=":material/speed:"),
]

ASSETS = Path(__file__).parent / "views"
st.set_page_config(page_title="DenseScope", page_icon=ASSETS / "icon.svg", layout="wide")
st.html(ASSETS / "style.css")
page = st.navigation(VIEWS, position="top")
sidebar.draw_sidebar(image_size_only=page.title == "Hardware")
try:
    page.run()
except DenseScopeError as error:
    st.error(str(error), icon=":material/error:")
widgets.drop_unknown_parameters()
