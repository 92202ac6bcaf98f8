"""What the browser is shown: `app.py` serves it. A router; each page of `views/` is one screen."""

from pathlib import Path

import streamlit as st

from views import ask, sidebar, widgets
from views.pages import PAGES

ASSETS = Path(__file__).parent / "views"
st.set_page_config(page_title="DenseScope", page_icon=ASSETS / "icon.svg", layout="wide")
st.html(ASSETS / "style.css")
scripts = [st.Page(f"views/{one.script}", title=one.title, icon=f":material/{one.icon}:") for one in PAGES]
script = st.navigation(scripts, position="top")
page = next(one for one in PAGES if one.title == script.title)
widgets.carry_over(page.title)
widgets.know_parameters(sidebar.INPUT)
ask.draw(page.shows)
sidebar.draw_input(page.reads_now)
with widgets.errors_said():
    script.run()
widgets.drop_unknown_parameters()
