"""Links that somebody crafted: values that break out of whatever they are shown in, and what to look for on a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from streamlit.testing.v1 import AppTest

from archs import get_config, list_archs
from archs.config import declared
from archs.design import Design
from views.pages import PAGES

#: An address that nothing of ours leads to.
FOREIGN = "foreign.invalid"
#: What makes links, pictures and pages of its own where it is not shown as it stands; the mark tells it from ours.
MARK = "zq"
PAYLOADS = (
    f"[{MARK}](//{FOREIGN})",
    f"![{MARK}](//{FOREIGN}/i.png)",
    f"{MARK} http://{FOREIGN}/a",
    f"{MARK} www.{FOREIGN}",
    f"{MARK} <a href=//{FOREIGN}>x</a>",
    f"{MARK} <img src=//{FOREIGN}/i onerror=alert(1)>",
    f"{MARK}\\[x](//{FOREIGN})",
    f"{MARK} :material/home: :red[x] $x^2$",
    f"{MARK}`x`[y](//{FOREIGN})",
    f"<b>{MARK}</b><svg/onload=alert(1)>",
    f"{MARK} x@{FOREIGN}",
    f"{MARK} &lt;a href=//{FOREIGN}&gt;",
    f"![{MARK}](http:\\\\{FOREIGN}\\i.png)",
    "\\",
    "../../etc/passwd\0",
    "timm/" + f"densenet121.[{MARK}](//{FOREIGN})",
    "torchvision/resnet18",
    "timm/hf-hub:" + MARK,
    f"run:[{MARK}](//{FOREIGN})",
    "run:../../etc",
)
#: What is no number, and no word.
VALUES = (
    "",
    " ",
    "inf",
    "-inf",
    "nan",
    "1e400",
    "9" * 400,
    "-1",
    "0",
    "1.5",
    "true",
    "None",
    "٣",
    "\0",
    "x" * 3000,
    "[]",
    "{}",
)
#: Keys that every page, or one of them, reads.
KEYS = (
    *("network", "networks", "baseline", "beside", "image_size", "batch_size", "dtype", "design", "designs", "changes"),
    *("aspect", "section", "part", "layer", "kinds", "stages", "x", "y", "size", "log", "columns", "device", "devices"),
    *("gpu_batch", "gpu_precision", "layout", "execution", "calibrate", "evidence", "cost", "layers_of", "run_batch"),
    *("run_network", "repeats", "space", "looked_at", "objectives", "budgets", "search_tabs", "search_x", "recipe"),
    *("train_data", "train_which", "runs", "chart", "design_x", "story", "chain", "step", "verdict", "detection"),
    *("speed_on", "figures", "order", "bars", "flow_stage", "block", "held", "optimizer", "lifetimes", "embed"),
)


def hostile_design(random: Random) -> str:
    """A design of a link whose name breaks out, and whose fields are huge now and then."""
    config = get_config(random.choice(list_archs()))
    text = json.loads(Design(random.choice(PAYLOADS[:14]).replace("\0", "")[:80], config).to_link())
    if random.random() < 0.3:
        field = random.choice([*declared(type(config))])
        text["config"][field] = random.choice([10**400, -1, [256] * 8, "x", None, [[]], True, 1e308, {}])
    return json.dumps(text, ensure_ascii=False)


def crafted_link(random: Random) -> tuple[str, dict[str, list[str]]]:
    """A page's script, and the parameters of a link to it."""
    page = random.choice(PAGES)
    parameters: dict[str, list[str]] = {}
    for _ in range(random.randint(1, 4)):
        key = random.choice((*KEYS, random.choice(PAYLOADS)))
        if key in ("design", "designs") or random.random() < 0.2:
            design = hostile_design(random)
            parameters["design" if page.title == "Design" else "designs"] = [design]
            name = json.loads(design)["name"].replace("/", " ")  # as the shelf calls it
            parameters[random.choice(("network", "networks", "baseline", "beside"))] = [name]
        else:
            parameters[key] = [random.choice((*PAYLOADS, *VALUES)) for _ in range(random.randint(1, 2))]
    return f"views/{page.script}", parameters


#: Fields of Streamlit's messages that it reads as Markdown.
MARKDOWN = ("body", "label", "help", "text", "content", "caption", "message")


def breaking_out(app: AppTest) -> list[str]:
    """What of a page would be shown otherwise than it stands: Markdown that is not escaped, charts with anchors."""
    return [*dict.fromkeys(text for root in app._tree.children.values() for text in _of_node(root))]


def _of_node(node: Any) -> Iterator[str]:
    if type(node).__name__ != "Html":  # which is escaped as such, and knows no Markdown
        yield from _of_message(getattr(node, "proto", None), type(node).__name__)
    for child in getattr(node, "children", {}).values():
        yield from _of_node(child)


def _of_message(message: Any, where: str) -> Iterator[str]:
    if not hasattr(message, "ListFields"):
        return
    for field, value in message.ListFields():
        for each in value if not isinstance(value, (str, bytes)) and hasattr(value, "__iter__") else [value]:
            if isinstance(each, str):
                if _is_loud(field.name, each):
                    yield f"{where}.{field.name}: {each[:300]}"
            else:
                yield from _of_message(each, f"{where}.{field.name}")


def _is_loud(field: str, text: str) -> bool:
    if field == "spec":
        return "<a href" in _drawn(text)
    if field not in MARKDOWN:
        return False
    live = (
        f"[{MARK}](",
        f"http://{FOREIGN}",
        f"www.{FOREIGN}",
        "[x](",
        "[y](",
        f"x@{FOREIGN}",
        f"<b>{MARK}",
        ":red[x]",
    )
    return any(_stands_free(text, each) for each in live)


def _drawn(spec: str) -> str:
    """What a chart draws, as JSON: not what only comes back with a click."""
    try:
        figure = json.loads(spec)
    except ValueError:
        return spec
    for trace in figure.get("data", ()) if isinstance(figure, dict) else ():
        if "customdata" not in f"{trace.get('hovertemplate')}{trace.get('texttemplate')}":
            trace.pop("customdata", None)
    return json.dumps(figure, ensure_ascii=False)


def _stands_free(text: str, part: str) -> bool:
    """Whether a part stands in a text without a backslash before it that is none itself."""
    place = text.find(part)
    while place >= 0:
        before = text[:place]
        if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
            return True
        place = text.find(part, place + 1)
    return False
