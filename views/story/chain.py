"""A chain: the waterfall of a quantity, one step in words, and the part of the network that the step changes."""

from __future__ import annotations

from functools import lru_cache, partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.chains import Chain, CountedChain, get_chain, list_chains
from analysis.chains.counted import COSTS, MEASURED, PREDICTED, SHAPE, Stop, count_chain
from analysis.chains.findings import chain_finding, step_sentences
from analysis.hardware.speeds import usual_conditions
from analysis.quantities import QUANTITIES, label_of
from archs.design import MAX_NAME, Design
from views import sidebar, tables, widgets, workbench
from views.charts import story as figures
from views.charts.diagram import draw as draw_svg
from views.sections.block_diagram import HELP as DIAGRAM_HELP
from views.sections.block_diagram import file_name, show_picture
from views.sidebar import InputSettings
from views.story.parts import changed_parts

#: Of the link; and the element whose bars lead to steps.
CHAIN, STEP, QUANTITY, WATERFALL = "chain", "step", "story_quantity", "story_waterfall"
#: What a chain is seen in.
SHOWN = {key: label_of(key) for key in (*COSTS, *PREDICTED, *SHAPE)} | {MEASURED: "Published accuracy"}
HELP = "The first network, what each change adds or takes away, and the last network. Click a bar for its change."


@lru_cache(64)
def counted(chain: Chain, settings: InputSettings, device: str) -> CountedChain:
    """A chain with what its steps cost. Raises: DenseScopeError: the input does not suit a network."""
    return count_chain(chain, settings.image_size, settings.batch_size, settings.dtype, device)


def draw_chain(head: DeltaGenerator) -> None:
    """The section; its title and what it finds stand in the head."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="story_choices"):
        chain = choose_chain()
        key = widgets.choose("Quantity", QUANTITY, SHOWN, "macs", width=230)
        device = sidebar.choose_device("Times predicted for", "story_device", width=180)
    head.title(f"Story: {chain.title}", anchor=False)
    settings = sidebar.current()
    with widgets.errors_said("Choose another input in the sidebar."):
        found = counted(chain, settings, device)
        with head:
            widgets.say(chain_finding(found, key))
        picture, words = st.columns([11, 9], gap="medium")
        steps = [str(number) for number in range(1, len(found.stops))]
        coming = widgets.coming_value(STEP)
        with picture:
            draw_waterfall(found, key, int(coming) if coming in steps else 1)
        with words:
            step = choose_step(found, steps)
            draw_words(found, step)
        draw_parts(*found.stops[step - 1 : step + 1])
        given = usual_conditions(device)
        timed = f"an image in batches of {given.batch_size}, {given.precision}"
        counted_at = f"Counted at {settings.describe()}, for the whole batch; times are predicted for {timed}."
        st.caption(f"{counted_at} The changes: {chain.source}.")
        widgets.downloads(found.to_frame(), chain.name)


def choose_chain() -> Chain:
    """One of the shipped chains; the link holds its title."""
    titles = {name: get_chain(name).title for name in list_chains()}
    return get_chain(widgets.choose("Chain", CHAIN, titles, next(iter(titles)), on_change=go_to, args=(1,)))


def go_to(step: int, chain: str = "") -> None:
    """Show another step, or another chain."""
    st.session_state[STEP] = str(step)
    if chain:
        st.session_state[CHAIN] = chain


def choose_step(found: CountedChain, steps: list[str]) -> int:
    """The step that is shown: by its number, the one before or after it; behind the last comes the next chain."""
    if st.session_state.get(STEP, "1") not in steps:  # of a longer chain
        del st.session_state[STEP]
    with st.container(horizontal=True, vertical_alignment="center", key="story_steps"):
        back, onwards = st.empty(), st.empty()
        step = int(widgets.choose_segment("Step", STEP, steps, "1", label_visibility="collapsed"))
        names = list_chains()
        following = names[(names.index(found.chain.name) + 1) % len(names)]
        where = (step + 1,) if step < len(steps) else (1, following)
        label = "Next" if step < len(steps) else "Next story"
        back.button("Back", on_click=go_to, args=(step - 1,), disabled=step == 1, shortcut="Left", key="story_back")
        onwards.button(label, on_click=go_to, args=where, shortcut="Right", key="story_next")
    return step


def draw_words(found: CountedChain, step: int) -> None:
    """What the step is, and what it costs and saves; the network to go on with."""
    stop = found.stops[step]
    st.header(f"{step}. {stop.step.title}", anchor=False)
    for sentence in step_sentences(found, step):
        widgets.say(sentence)
    if stop.step.target.config is None:
        return
    with st.container(horizontal=True):
        help = "Opens this network in Design, where everything about it can be changed."
        if st.button("Edit from here", icon=":material/edit:", help=help):
            open_in_design(stop)
        help = "Opens Training with this network, which says first how long it takes."
        if st.button("Train this", icon=":material/model_training:", help=help):
            open_in_training(stop)


def open_in_design(stop: Stop) -> None:
    """Go on with the network of a step."""
    put_on_bench(stop)
    widgets.open_page("views/design/design.py")


def open_in_training(stop: Stop) -> None:
    """Train the network of a step; one that is not registered is kept among the designs."""
    name = stop.step.registered
    if not name:
        put_on_bench(stop)
        name = workbench.bench().keep().name
    st.session_state["network"] = name
    widgets.open_page("views/training/training.py", {"network": name})


def put_on_bench(stop: Stop) -> None:
    """Make the network of a step the design at hand."""
    name = stop.step.registered or stop.step.title
    workbench.bench().put(Design(name[:MAX_NAME], stop.step.target.config))


def draw_waterfall(found: CountedChain, key: str, step: int) -> None:
    """The chain in one quantity, beside its table of all."""
    help = f"{HELP}\n\n**{SHOWN[key]}**: {QUANTITIES[key].definition if key in QUANTITIES else found.metric}"
    label = found.label(key)
    with widgets.chart_or_table(f"{label}, change by change", help, partial(show_table, found, key), live=True):
        if sum(stop.value(key) is not None for stop in found.stops) < 2:
            st.caption(f"{label} is not known of two of these networks.")
            return
        figure = figures.waterfall(found, key, step, widgets.current_theme())
        about = f"Waterfall of {label} over {len(found.stops) - 1} changes from {found.chain.title}."
        widgets.draw(figure, WATERFALL, about, show_clicked)


def show_clicked() -> None:
    """Show the step whose bar has been clicked."""
    points = st.session_state[WATERFALL]["selection"]["points"]
    if points and points[0]["customdata"]:
        go_to(points[0]["customdata"])


def show_table(found: CountedChain, key: str) -> None:
    """One row a step, all quantities with their changes, the chosen one first."""
    tables.show(found.to_frame(), found.columns(key), "story_table")


def draw_parts(before: Stop, after: Stop) -> None:
    """The part of the network that changes, before and after."""
    st.header("What does the change look like?", help=DIAGRAM_HELP, anchor=False)
    one, other = changed_parts(before.summary, after.summary)
    shown = {"Before": (before, one), "After": (after, other)}
    if one == other:
        shown = {"Before and after": (after, other)}
        st.caption("The blocks stay as they are: there are only more of them, or fewer.")
    for place, (when, (stop, part)) in widgets.side_by_side([*shown.items()]):
        name = stop.step.title
        with place:
            st.markdown(f"**{when}**: {widgets.literal(name)}, {part.title}")
            picture = draw_svg(part, widgets.current_theme(), name)
            show_picture(picture, file_name(name, part.title), f"story_{when}")
