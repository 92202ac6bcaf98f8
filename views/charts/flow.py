"""Data flow as a film: marks that each stand for some steps, shown as SVG (alone, still or moving) and as GIF."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from analysis.structure.data_flow import Flow, Step
from analysis.units import format_si, without_zeros
from views.charts.axes import linear_ticks
from views.charts.memory import short_name
from views.theme import Theme, text_on

if TYPE_CHECKING:
    from PIL import Image

WIDTH, HEIGHT = 460, 308
#: Room for names, of the rows, and of the chart of live memory below them.
LEFT, TOP, ROWS, CHART_TOP, CHART = 132, 42, 152, 216, 72
#: Of letters, and their height.
SIZE, LETTER = 11, 5.8
#: Names stand where rows are at least so high.
LEGIBLE = 11
FAMILY = "Source Sans, Source Sans Pro, sans-serif"
#: A film lasts so long at most, and a step so long at most, in milliseconds.
FILM, SLOW = 20_000, 500


class Mark(NamedTuple):
    """A polygon (by its corners) or a text (at a point), shown from one step to another."""

    points: tuple[tuple[float, float], ...]
    fill: str
    first: int
    last: int
    text: str = ""
    #: Of a text: "start", "middle" or "end".
    anchor: str = "start"
    bold: bool = False
    opacity: float = 1.0


class Film(NamedTuple):
    """The marks of a flow, and in words what happens at each step."""

    name: str
    marks: tuple[Mark, ...]
    words: tuple[str, ...]


def films(flows: Sequence[Flow], theme: Theme) -> list[Film]:
    """A film each, on the same scales."""
    widest = max(piece.nbytes for flow in flows for piece in flow.pieces)
    highest = max(step.live_bytes for flow in flows for step in flow.steps)
    longest = max(len(flow.steps) for flow in flows)
    return [
        Film(
            f"{flow.network}, {flow.part}",
            (*_head(flow, theme), *_rows(flow, widest, theme), *_live(flow, highest, longest, theme)),
            tuple([f"{flow.network}: {_words(flow, step)}" for step in flow.steps]),
        )
        for flow in flows
    ]


def step_ms(films: Sequence[Film]) -> int:
    """How long a step stands."""
    return min(SLOW, FILM // max(len(film.words) for film in films))


def _words(flow: Flow, step: Step) -> str:
    """What a layer does with memory."""
    name = short_name(step.layer.name)
    if step.overwrites:
        return f"{name} overwrites its input"
    if step.layer.op == "concat":
        return f"{name} copies {len(step.reads)} tensors, {format_si(step.read_bytes, 'B')}"
    return f"{name} makes {format_si(flow.pieces[step.target].nbytes, 'B')}"


def _head(flow: Flow, theme: Theme) -> Iterator[Mark]:
    last = len(flow.steps) - 1
    yield Mark(((0, 14),), theme.text, 0, last, f"{flow.network}, {flow.part}", bold=True)
    for number, step in enumerate(flow.steps):
        yield Mark(((0, 32),), theme.text, number, number, f"{number + 1} of {last + 1}: {_words(flow, step)}")


def _rows(flow: Flow, widest: int, theme: Theme) -> Iterator[Mark]:
    """A bar a piece of memory while it is alive, as long as its bytes; bands from what is read to what is made."""
    high = ROWS / flow.rows
    bar = 0.72 * high

    def wide(nbytes: int) -> float:
        return max(1.0, (WIDTH - LEFT) * nbytes / widest)

    def top(piece: int) -> float:
        return TOP + high * flow.pieces[piece].row + (high - bar) / 2

    for piece, one in enumerate(flow.pieces):
        yield Mark(_box(LEFT, top(piece), wide(one.nbytes), bar), theme.memory_colour(one.kind), one.first, one.last)
    for number, step in enumerate(flow.steps):
        if step.overwrites:
            continue
        made, begin, joins = flow.pieces[step.target], float(LEFT), step.layer.op == "concat"
        for piece, nbytes in step.reads:
            above = flow.pieces[piece].row < made.row
            source, target = top(piece) + bar * above, top(step.target) + bar * (not above)
            end = begin + wide(nbytes if joins else made.nbytes)
            corners = ((LEFT, source), (LEFT + wide(nbytes), source), (end, target), (begin, target))
            yield Mark(corners, theme.memory_colour(made.kind), number, number, opacity=0.35)
            if begin > LEFT:  # where one copy ends and the next begins
                yield Mark(_box(begin - 0.5, top(step.target), 1, bar), theme.page, number, made.last)
            begin = end if joins else begin
    for piece, one in enumerate(flow.pieces if high >= LEGIBLE else ()):
        base, size, end = top(piece) + bar / 2 + SIZE / 3, format_si(one.nbytes, "B"), LEFT + wide(one.nbytes)
        yield Mark(((LEFT - 6, base),), theme.muted, one.first, one.last, short_name(one.name), "end")
        if end + LETTER * (len(size) + 1) < WIDTH:
            yield Mark(((end + 5, base),), theme.text, one.first, one.last, size)
        else:
            colour = text_on(theme.memory_colour(one.kind))
            yield Mark(((WIDTH - 6, base),), colour, one.first, one.last, size, "end")


def _live(flow: Flow, highest: int, longest: int, theme: Theme) -> Iterator[Mark]:
    """Live bytes: what is still to come pale, what has been plain, the step at hand marked."""
    last, wide, scale = len(flow.steps) - 1, (WIDTH - LEFT) / longest, CHART / (1.05 * highest)
    bottom = CHART_TOP + CHART
    yield Mark(((LEFT, CHART_TOP - 8),), theme.muted, 0, last, "Live memory", bold=True)
    for tick in linear_ticks(0, 1.05 * highest, 3):
        y = bottom - scale * tick
        yield Mark(_box(LEFT, y, WIDTH - LEFT, 0.75), theme.grid, 0, last)
        yield Mark(((LEFT - 6, y + SIZE / 3),), theme.muted, 0, last, without_zeros(format_si(tick, "B")), "end")
    for number, step in enumerate(flow.steps):
        high = scale * step.live_bytes
        bar = _box(LEFT + wide * number, bottom - high, max(0.5, wide - 0.5), high)
        yield Mark(bar, theme.muted, 0, last, opacity=0.25)
        yield Mark(bar, theme.muted, number, last, opacity=0.6)
        yield Mark(bar, theme.text, number, number)
        size = format_si(step.live_bytes, "B")
        middle = min(max(LEFT + wide * (number + 0.5), LEFT + LETTER * 5), WIDTH - LETTER * 5)
        yield Mark(((middle, bottom + 14),), theme.text, number, number, f"{size} alive", "middle")


def _box(x: float, y: float, wide: float, high: float) -> tuple[tuple[float, float], ...]:
    return (x, y), (x + wide, y), (x + wide, y + high), (x, y + high)


def svg(film: Film) -> str:
    """All marks, with the steps that they stand for in `data-first` and `data-last`."""
    return _svg(
        film, "".join(_element(mark, f'data-first="{mark.first}" data-last="{mark.last}"') for mark in film.marks)
    )


def moving_svg(films: Sequence[Film], theme: Theme) -> str:
    """Films beside each other as one file that plays by itself, over and over."""
    steps, parts = max(len(film.words) for film in films), []
    seconds = (steps + 3) * step_ms(films) / 1000  # the end stands for a while
    for number, film in enumerate(films):
        marks = "".join(_element(mark, "", _shown(mark, len(film.words), steps + 3, seconds)) for mark in film.marks)
        parts.append(_svg(film, marks, x=number * (WIDTH + GAP)))
    wide = len(films) * (WIDTH + GAP) - GAP
    paper = f'<rect width="{wide}" height="{HEIGHT}" fill="{theme.page}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{HEIGHT}">{paper}{"".join(parts)}</svg>'


#: Between films in one file.
GAP = 24


def _shown(mark: Mark, steps: int, ticks: int, seconds: float) -> str:
    """When a mark is shown, in the words of SVG."""
    if (mark.first, mark.last) == (0, steps - 1):
        return ""
    begin, end = mark.first / ticks, 1.0 if mark.last == steps - 1 else (mark.last + 1) / ticks
    times = [("visible" if begin == 0 else "hidden", 0.0), *([("visible", begin)] if begin else [])]
    times += [("hidden", end)] if end < 1 else []
    values, moments = ";".join(word for word, _ in times), ";".join(f"{time:.5f}" for _, time in times)
    return (
        f'<animate attributeName="visibility" values="{values}" keyTimes="{moments}" calcMode="discrete" '
        f'dur="{seconds:.2f}s" repeatCount="indefinite"/>'
    )


def _svg(film: Film, marks: str, x: float = 0) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" x="{x}" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{FAMILY}" font-size="{SIZE}" role="img" '
        f'aria-label="Data flow of {escape(film.name)}">{marks}</svg>'
    )


def _element(mark: Mark, attributes: str, inside: str = "") -> str:
    style = f'fill="{mark.fill}" {attributes}' + (f' opacity="{mark.opacity}"' if mark.opacity < 1 else "")
    if mark.text:
        (x, y), bold = mark.points[0], ' font-weight="600"' if mark.bold else ""
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{mark.anchor}"{bold}'
        return f"<text {place} {style}>{escape(mark.text)}{inside}</text>"
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in mark.points)
    return f'<polygon points="{points}" {style}>{inside}</polygon>'


#: A GIF is drawn so many times larger, so that edges are smooth.
SMOOTH = 2


def gif(films: Sequence[Film], theme: Theme) -> bytes:
    """The films beside each other, frame by frame."""
    steps = max(len(film.words) for film in films)
    frames = [_frame(films, step, theme) for step in range(steps)]
    file, each = io.BytesIO(), step_ms(films)
    times = [each] * (steps - 1) + [4 * each]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=False)
    return file.getvalue()


def _frame(films: Sequence[Film], step: int, theme: Theme) -> Image.Image:
    """One frame."""
    from PIL import Image, ImageDraw, ImageFont

    zoom, margin = SMOOTH, 12
    wide = len(films) * (WIDTH + GAP) - GAP + 2 * margin
    image = Image.new("RGB", (zoom * wide, zoom * (HEIGHT + 2 * margin)), theme.page)
    draw = ImageDraw.Draw(image, "RGBA")
    font = ImageFont.load_default(zoom * SIZE)
    for number, film in enumerate(films):
        left, at = margin + number * (WIDTH + GAP), min(step, len(film.words) - 1)
        for mark in film.marks:
            if not mark.first <= at <= mark.last:
                continue
            points = [(zoom * (x + left), zoom * (y + margin)) for x, y in mark.points]
            if mark.text:
                anchor = {"start": "ls", "middle": "ms", "end": "rs"}[mark.anchor]
                stroke = 0.3 * zoom if mark.bold else 0
                text = mark.text.replace("\u2009", " ")
                draw.text(points[0], text, mark.fill, font, anchor, stroke_width=stroke)
            else:
                draw.polygon(points, mark.fill + f"{round(255 * mark.opacity):02X}")
    return image.reduce(SMOOTH).quantize(128, Image.Quantize.FASTOCTREE)
