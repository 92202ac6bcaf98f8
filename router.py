"""What the browser is shown: `app.py` serves it. A router; each page of `views/` is one screen."""

from pathlib import Path

import streamlit as st

from views import ask, browser, public, share, sidebar, widgets, workbench
from views.pages import PAGES
from views.work.turns import TURNS

ICON = Path(__file__).parent / "views" / "icon.svg"
with TURNS.turn(public.session_id()):
    st.set_page_config(page_title="DenseScope", page_icon=ICON, layout="wide")
    scripts = [
        st.Page(f"views/{one.script}", title=one.title, icon=f":material/{one.icon}:", default=one.is_start)
        for one in PAGES
    ]
    script = st.navigation(scripts, position="top")
    page = next(one for one in PAGES if one.title == script.title)
    if public.is_public():
        public.keep_apart()
        public.note_visit()
    widgets.restore_link()
    browser.attach()
    with st.container(horizontal=True, gap="small", key="pages"):
        for each in scripts:
            st.page_link(each)
    widgets.carry_over(page.title)
    workbench.read_link()
    widgets.know_parameters([*sidebar.INPUT, sidebar.BACKBONE])
    ask.draw(page.shows)
    sidebar.draw_input(page.reads_now)
    with widgets.errors_said():
        script.run()
    share.draw()
    workbench.write_link()
    widgets.drop_unknown_parameters()
