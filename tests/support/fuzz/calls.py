"""What is called with hostile input, kind by kind: the public API, files, designs and command lines."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

from tests.support.fuzz.designs import design_text, legal_config
from tests.support.fuzz.documents import SMALL, forged, json_file, weights
from tests.support.fuzz.values import WORDS, hostile

#: What is done with one input; what it returns nobody looks at.
Deed = Callable[[], object]
#: CPU seconds that a summary of a legal design may take, however huge.
SUMMARY_SECONDS = 1.0

DEVICE = {
    "name": "mine",
    "fp32_flops_per_s": 1e13,
    "fp16_flops_per_s": 2e13,
    "bandwidth_bytes_per_s": 1e12,
    "sm_count": 80,
}
SPACE = {"growth_rate": (16, 24), "block_config[1]": range(8, 25, 8)}


@cache
def functions() -> Mapping[str, tuple[Callable[..., object], dict[str, Any]]]:
    """Public functions, and an argument of each that it takes."""
    import analysis
    import archs
    from analysis.chains import chain, get_chain
    from analysis.hardware.measure.record import Machine, Measurement, Workload
    from analysis.memory.storages import Footprint
    from analysis.search.store import Store
    from archs import checks
    from training.recipes import get_recipe, recipe_for

    network = {"target": "peleenet", "image_size": 64, "batch_size": 2}
    config = archs.get_config("densenet121", **SMALL)
    workload = Workload(image_size=64)
    machine = Machine("cpu", "PyTorch", 1)
    design = '{"schema": 1, "name": "x", "family": "densenet", "config": {}}'

    def predict_on(**device: Any) -> object:
        return analysis.predict("peleenet", analysis.Device(**device), 2)

    def overridden(name: Any, value: Any) -> object:
        return archs.get_config(name, growth_rate=value)

    def meta(arch: Any, weights: Any, **options: Any) -> object:
        return archs.create_model(arch, weights=weights, device="meta", **options)

    def backbone(**options: Any) -> object:
        return archs.create_backbone("densenet121", **SMALL, **options)

    measured = {
        "name": "x",
        "family": "densenet",
        "workload": workload,
        "machine": machine,
        "flops": 10,
        "times": (0.1,),
    }
    return {
        "list_archs": (archs.list_archs, {"pattern": "dense*", "family": "densenet"}),
        "get_config": (overridden, {"name": "densenet121", "value": 12}),
        "get_family": (archs.get_family, {"name": "densenet"}),
        "get_spec": (archs.get_spec, {"name": "densenet121"}),
        "plan_layers": (archs.plan_layers, {"config": config, "image_size": 64, "batch_size": 2}),
        "parse_design": (archs.parse_design, {"content": design, "source": "text"}),
        "read_design": (archs.read_design, {"path": "nowhere.json"}),
        "Design": (archs.Design, {"name": "x", "config": config}),
        "create_model": (meta, {"arch": "densenet121", "weights": None, **SMALL}),
        "create_backbone": (backbone, {"out_indices": (0, 1), "frozen_stages": 1, "frozen_norm": False}),
        "parse_image_size": (checks.parse_image_size, {"text": "224x192"}),
        "resolve_detector": (lambda target: analysis.summarize(target, 256), {"target": "retinanet/densenet121"}),
        "summarize": (
            analysis.summarize,
            network
            | {"dtype": "float32", "route": "auto", "input": None, "in_channels": None, "verify": True}
            | {"allow_uncounted": False, "head": True, "out_indices": None},
        ),
        "compare": (analysis.compare, {"targets": ["peleenet"], "image_size": 64, "batch_size": 2, "dtype": "float32"}),
        "memory": (
            analysis.memory,
            network | {"dtype": "float32", "mode": "training", "lifetimes": "eager", "inplace_relu": True},
        ),
        "count_depth": (analysis.count_depth, {"target": config}),
        "Footprint": (Footprint("training", ((1, 2),), 1).largest_batch, {"budget_bytes": 1000}),
        "predict": (
            analysis.predict,
            network | {"device": "RTX 3090", "precision": "fp16", "layout": "nhwc", "execution": "eager"},
        ),
        "Device": (predict_on, DEVICE),
        "get_device": (analysis.get_device, {"device": "RTX 3090"}),
        "read_device": (analysis.read_device, {"path": "nowhere.json"}),
        "published": (
            analysis.published,
            {"table": "throughput", "arch": None, "device": None, "metric": None, "layout": None, "schedule": None},
        ),
        "Space": (analysis.Space, {"base": config, "choices": SPACE, "name": "x"}),
        "Space of values": (
            lambda values, others: analysis.Space("densenet121", {"growth_rate": values, "compression": others}),
            {"values": (1, 2), "others": (0.5, 1.0)},
        ),
        "get_space": (analysis.get_space, {"name": "peleenet"}),
        "search": (
            analysis.search,
            {"space": analysis.Space("densenet121", SPACE), "budgets": {"macs": (None, 1e12)}, "limit": 3, "seed": 0}
            | {"objectives": ("params", "macs"), "batch_size": 1, "dtype": "float32", "evaluators": {}}
            | {"store": None, "progress": None, "jobs": None},
        ),
        "search by": (
            lambda low, high, sense: analysis.search(
                analysis.Space("densenet121", SPACE), {"macs": (low, high)}, {"macs": sense}, 3
            ),
            {"low": None, "high": 1e12, "sense": "min"},
        ),
        "Store": (Store, {"folder": "/proc/nowhere"}),
        "Workload": (
            Workload,
            {"device": "cpu", "batch_size": 1, "image_size": 64, "precision": "fp32", "channels_last": False}
            | {"compile": False, "repeats": 3},
        ),
        "Machine": (Machine, {"device_name": "x", "software": "y", "threads": 1, "clock_mhz": 1.0}),
        "Measurement": (
            lambda **values: Measurement(**values).row(),
            measured | {"peak_memory_bytes": 5, "joules_per_image": 0.1, "id": "x", "date": "2026-01-01"},
        ),
        "benchmark": (analysis.benchmark, {"target": "nobody", "device": "cpu", "batch_size": 1, "repeats": 1}),
        "chain": (
            lambda one, other, **options: chain(one, other, **options),
            {"one": "vovnet39", "other": "peleenet", "image_size": 64, "batch_size": 1, "dtype": "fp16"},
        ),
        "get_chain": (get_chain, {}),
        "get_recipe": (lambda name, value: get_recipe(name, epochs=value), {"name": "digits", "value": 1}),
        "recipe_for": (recipe_for, {"data": "digits"}),
        "optimize_for_inference": (analysis.optimize_for_inference, {"model": None, "fold_bn": True, "compile": False}),
    }


def api(random: Random, folder: Path) -> tuple[str, Deed]:
    """A public function with one or two hostile arguments."""
    name = random.choice(list(functions()))
    function, arguments = functions()[name]
    given = dict(arguments)
    for key in random.sample(list(given), min(len(given), random.choice([1, 1, 1, 2]))):
        given[key] = hostile(random)
    several = (
        () if arguments else [random.choice(["densenet121", hostile(random)]) for _ in range(random.choice([1, 2, 3]))]
    )
    return name, lambda: function(*several, **given)


def any_field(random: Random, folder: Path) -> tuple[str, Deed]:
    """A config with a hostile value in some field."""
    config = legal_config(random, large=0.1)
    name = random.choice([each.name for each in fields(config)])
    value = hostile(random)
    values = {each.name: getattr(config, each.name) for each in fields(config)} | {name: value}
    return f"{type(config).__name__}.{name}", lambda: type(config)(**values)


def design(random: Random, folder: Path) -> tuple[str, Deed]:
    """What stands for a design, in a link or a file; what is one is counted."""
    from archs.design import parse_design, read_design

    text = design_text(random)
    if random.random() < 0.3:
        path = json_file(random, folder, text if isinstance(text, bytes) else text.encode(errors="surrogatepass"))
        return "read_design", lambda: counted(read_design(path).config)
    return "parse_design", lambda: counted(parse_design(text).config)


def huge(random: Random, folder: Path) -> tuple[str, Deed]:
    """A legal design, at any size: its summary is quick, or a sentence."""
    config = legal_config(random, large=0.8)
    size = random.choice([None, None, 64, random.randint(1, 8192)])
    return type(config).__name__, lambda: counted(config, size, random.choice([1, 65536]))


class TooSlowError(Exception):
    """A summary took more than its share of the processor."""


def counted(config: Any, image_size: int | None = None, batch_size: int = 1) -> None:
    """Summarise a legal design. Raises: TooSlowError."""
    import analysis

    begin = process_time()
    try:
        analysis.summarize(config, image_size, batch_size)
    finally:
        if (spent := process_time() - begin) > SUMMARY_SECONDS:
            raise TooSlowError(f"{spent:.1f} s for {config!r} at {image_size}")


def record(random: Random, folder: Path) -> tuple[str, Deed]:
    """Measurements that are imported, read and shown."""
    from analysis.hardware.measure.results import SCHEMA, Results
    from tests.support.measurements import measurement

    records = [measurement(name).to_json() for name in "ab"]
    file = forged(random, {"schema": SCHEMA, "measurements": records}) if random.random() < 0.9 else records
    path = json_file(random, folder, json.dumps(file).encode(errors="surrogatepass"))

    def deed() -> None:
        results = Results(folder / "store")
        results.import_from(path)
        for one in results.all():
            json.dumps(one.row(), default=str)

    return "import", deed


def stored(random: Random, folder: Path) -> tuple[str, Deed]:
    """A store of measurements that somebody else has written into."""
    from analysis.hardware.measure.results import FILE_NAME, SCHEMA, Results
    from tests.support.measurements import measurement

    file = forged(random, {"schema": SCHEMA, "measurements": [measurement(name).to_json() for name in "ab"]})
    (folder / FILE_NAME).write_bytes(json.dumps(file).encode(errors="surrogatepass"))

    def deed() -> None:
        with contextlib.suppress(_sentences()):
            Results(folder).all()
        if (folder / FILE_NAME).exists() and not isinstance(file, dict):
            raise AssertionError("a store that holds nothing is still there")
        for one in Results(folder).all() if not isinstance(file, dict) or file.get("schema") == SCHEMA else ():
            json.dumps(one.row(), default=str)

    return "store", deed


def _sentences() -> type[Exception]:
    from archs.errors import DenseScopeError

    return DenseScopeError


def device_file(random: Random, folder: Path) -> tuple[str, Deed]:
    """A device of one's own, as a file."""
    import analysis

    path = json_file(random, folder, json.dumps(forged(random, DEVICE)).encode(errors="surrogatepass"))
    return "read_device", lambda: analysis.predict("peleenet", analysis.read_device(path), 2)


def weight_file(random: Random, folder: Path) -> tuple[str, Deed]:
    """A file of weights, into a network; or as a network."""
    import archs

    path = weights(random, folder)
    if path.suffix == ".safetensors" and random.random() < 0.3:
        return "described", lambda: archs.plan_layers(path)
    return path.suffix, lambda: archs.create_model("densenet121", weights=path, **SMALL)


def link(random: Random, folder: Path) -> tuple[str, Deed]:
    """A page as a crafted link opens it; Counters, which takes half a minute whatever the link, is left out."""
    from tests.support.app import COMPARE, COUNTERS, open_app
    from tests.support.hostile import breaking_out, crafted_link

    script, parameters = crafted_link(random)
    while script == COUNTERS:
        script, parameters = crafted_link(random)

    def deed() -> None:
        app = open_app(**parameters) if script == COMPARE else open_app(script, **parameters)
        if shown := breaking_out(app):
            raise AssertionError(f"shown otherwise than it stands: {shown}")

    return script, deed


#: Commands that only look, and options of theirs with a value that they take.
COMMANDS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "list": ((), {"--family": "densenet"}),
    "fields": (("peleenet",), {}),
    "summary": (
        ("peleenet",),
        {"--image-size": "64", "--batch-size": "2", "--dtype": "fp16", "--set": "growth_rate=16"},
    ),
    "compare": (("peleenet", "vovnet39"), {"--image-size": "64", "--batch-size": "2", "--set": "num_classes=3"}),
    "depth": (("peleenet",), {}),
    "parts": (("retinanet/densenet121",), {"--image-size": "256"}),
    "table": (("peleenet",), {"--image-size": "64"}),
    "diff": (("peleenet", "vovnet39"), {"--set": "num_classes=3"}),
    "memory": (("peleenet",), {"--mode": "training", "--budget": "1", "--batch-size": "2", "--image-size": "64"}),
    "predict": (("peleenet",), {"--device": "RTX 3090", "--batch-size": "2", "--device-file": "nowhere.json"}),
    "published": ((), {"--arch": "densenet121", "--device": "RTX 4090", "--metric": "images_per_s"}),
    "search": ((), {"--space": "peleenet", "--limit": "3", "--max-macs": "1e9", "--minimize": "params", "--seed": "1"}),
    "results": ((), {"--import": "nowhere.json", "--delete": "x"}),
    "runs": ((), {}),
}
FORMATS = ("table", "csv", "json", "markdown", "latex", "x")


class BadEndingError(Exception):
    """A command ended with something else than its output, or status 2 and one line."""


def command(random: Random, folder: Path) -> tuple[str, Deed]:
    """A command line with a hostile word in it."""
    from cli import main

    name = random.choice(list(COMMANDS))
    given, options = COMMANDS[name]
    words = [*given]
    chosen = random.sample(list(options), random.randint(0, len(options)))
    parts = [[option, options[option]] for option in chosen]
    if random.random() < 0.3:
        parts.append(["--format", random.choice(FORMATS)])
    line = [name, *words, *(word for part in parts for word in part)]
    for _ in range(random.choice([1, 1, 2])):
        place = random.randrange(1, len(line) + 1)
        odd = random.choice(
            [*WORDS, "--layers", "--help", "--nonsense", "--set", "growth_rate=", "block_config=" + "9," * 999]
        )
        line[place : place + random.randrange(2)] = [odd.replace("\0", "")[:100_000]]

    def deed() -> None:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(line)
        said = err.getvalue()
        if status not in (0, 2) or "Traceback" in said or len(said) > 10_000 or (status == 2 and said.count("\n") != 1):
            raise BadEndingError(f"status {status}, {said[:300]!r}")

    return name, deed


#: Every kind of input: how often it is drawn, and what draws it.
KINDS: dict[str, tuple[int, Callable[[Random, Path], tuple[str, Deed]]]] = {
    "api": (8, api),
    "field": (4, any_field),
    "design": (4, design),
    "huge": (1, huge),
    "import": (2, record),
    "store": (1, stored),
    "device": (1, device_file),
    "weights": (2, weight_file),
    "command": (2, command),
    "link": (1, link),
}


def draw(seed: int, number: int, folder: Path, kinds: Mapping[str, Any] = KINDS) -> tuple[str, Deed]:
    """One input by its number: what it is called, and what is done with it."""
    random = Random(f"{seed} {number}")
    kind = random.choices(list(kinds), [weight for weight, _ in kinds.values()])[0]
    name, deed = kinds[kind][1](random, folder)
    return f"{kind} {name}", deed
