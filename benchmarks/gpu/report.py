"""What does the file of a run say? A page of Markdown: predicted beside measured, counted beside allocated."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from analysis.facts import data_sheet
from analysis.statistics import median
from analysis.units import format_change, format_duration, format_ratio, format_share, format_si, format_size, join
from archs import files
from benchmarks.gpu.checks import CHECKS, Check
from benchmarks.gpu.compared import Compared, by_kind, compare, predicted_step
from benchmarks.gpu.record import Record
from benchmarks.gpu.schedule import TOO_LATE

TIMED = [check for check in CHECKS if check.key.startswith(("eager", "compiled", "channels"))]
#: What the memory that was read is beside.
WHEN = {"inference": "peak at inference", "training": "saved in training", "step": "peak of a step, SGD"}
#: Where the factors of a prediction come from.
CALIBRATED = {"published": "published figures of this GPU", "other devices": "published figures of other GPUs"}
#: So many names tell which cases were not reached.
NAMED = 4


def write_report(record: Record, path: Path) -> None:
    """The whole page, from the record alone and what is predicted today."""
    files.write(path, ("\n".join(_page(record)) + "\n").encode())


def described(check: Check, case: Mapping[str, Any]) -> str:
    """A case in a few words: what tells it from the others of its check."""
    name, *others = [
        key if value is True else str(value)
        for key, value in case.items()
        if value is not False and (key == "name" or any(other[key] != value for other in check.cases))
    ] or ["all"]
    return f"{name} ({', '.join(others)})" if others else name


def _page(record: Record) -> Iterator[str]:
    machine = record.machine
    yield f"# What a GPU says: {machine['device_name']}\n"
    yield (
        f"{machine['device_name']} with {format_si(machine['memory_bytes'], 'B')} and {machine['multiprocessors']} "
        f"multiprocessors (compute capability {machine['capability']}); {machine['software']}; {machine['host']}. "
        f"Inference and training under amp float16 unless it says otherwise, weights and images random. Written by "
        "`python -m benchmarks.gpu`; nothing is calibrated by these figures.\n"
    )
    yield from _overview(record)
    for section in (_speed, _layers, _memory, _training, _optimised, _energy, _tests, _missing):
        yield from section(record)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], words: int = 1) -> str:
    """Markdown; the first `words` columns are words, the others figures."""
    sides = ["left" if number < words else "right" for number in range(len(heads))]
    return tabulate(list(rows), heads, tablefmt="pipe", disable_numparse=True, colalign=sides) + "\n"


def _overview(record: Record) -> Iterator[str]:
    rows = []
    for check in CHECKS:
        outcomes = Counter(case["outcome"] for case in record.cases if case["check"] == check.key)
        seconds = sum(case["wall_seconds"] for case in record.cases if case["check"] == check.key)
        ends = [outcomes["measured"], outcomes["out of memory"], outcomes["failed"] + outcomes["stopped"]]
        rows.append((check.title, len(check.cases), *ends, len(check.cases) - sum(ends), format_duration(seconds)))
    heads = ("Check", "Cases", "Measured", "Out of memory", "Failed", "Not reached", "Took")
    yield table(heads, rows)


def _speed(record: Record) -> Iterator[str]:
    found = {check: pairs for check in TIMED if (pairs := compare(record, check.key))}
    if not found:
        return
    yield "## Predicted against measured\n"
    factors = {pair.predicted.calibration for pairs in found.values() for pair in pairs if pair.predicted}
    if factors:
        yield (
            "Errors are predicted seconds over measured ones, less one: above 0 the prediction is too slow. The "
            f"prediction's factors come from {' and '.join(sorted(CALIBRATED[one] for one in factors))}.\n"
        )
        yield table(
            ("Check", "Networks", "Median error", "Bias", "Worst", "Within its interval"),
            [_errors(check.title, pairs) for check, pairs in found.items() if any(pair.predicted for pair in pairs)],
        )
        families = {check: _by_family(pairs) for check, pairs in found.items()}
        names = dict.fromkeys(family for errors in families.values() for family in errors)
        yield "Bias by family, with the number of networks:\n"
        yield table(
            ("Family", *(check.title for check in families)),
            [(name, *(_bias(errors.get(name, [])) for errors in families.values())) for name in names],
        )
    else:
        yield f"{_why_not(record.machine['device_name'])}: nothing is predicted.\n"
    for check, pairs in found.items():
        yield f"### {check.title}\n"
        heads = ("Network", "Image", "Predicted", "Nine in ten", "Measured", "Error", "FLOP/s", "Of peak", "Memory")
        yield table(heads, map(_timing, pairs))
        for one in (pair.measured for pair in pairs):
            if one.disturbance:
                yield f"Disturbed: {one.name}, batch {one.workload.batch_size:,}: {one.disturbance}.\n"


def _why_not(device_name: str) -> str:
    if data_sheet(device_name) is None:
        return "No data sheet is shipped of a GPU by this name"
    return "The data sheet has no float16"


def _errors(title: str, pairs: Sequence[Compared]) -> tuple[object, ...]:
    errors = [pair.error for pair in pairs if pair.error is not None]
    claimed = [pair.within for pair in pairs if pair.within is not None]
    within = f"{sum(claimed)} of {len(claimed)}" if claimed else "no interval is told"
    worst = max(errors, key=abs)
    return (
        title,
        len(errors),
        format_share(median(map(abs, errors))),
        format_change(median(errors)),
        format_change(worst),
        within,
    )


def _by_family(pairs: Iterable[Compared]) -> dict[str, list[float]]:
    found = defaultdict(list)
    for pair in pairs:
        if pair.error is not None:
            found[pair.measured.family or "others"].append(pair.error)
    return found


def _bias(errors: Sequence[float]) -> str:
    return f"{format_change(median(errors))} ({len(errors)})" if errors else ""


def _timing(pair: Compared) -> tuple[str, ...]:
    one, predicted = pair.measured, pair.predicted
    told = predicted.interval if predicted else None
    return (
        one.name,
        format_size(one.row()["image_size"]),
        format_si(predicted.seconds, "s") if predicted else "",
        f"{format_si(told.low, 's')} to {format_si(told.high, 's')}" if told else "",
        format_si(one.seconds, "s"),
        "" if pair.error is None else format_change(pair.error),
        format_si(one.flops_per_s, "FLOP/s"),
        format_share(one.share_of_peak) if one.share_of_peak else "",
        format_si(one.peak_memory_bytes, "B") if one.peak_memory_bytes else "",
    )


def _layers(record: Record) -> Iterator[str]:
    cases = list(record.of("layers"))
    if cases:
        yield "## Layer by layer\n"
        yield "Eager. Taking the time of each layer costs some: the sums are above what the network takes.\n"
    for case in cases:
        name, batch_size = case["case"]["name"], case["case"]["batch_size"]
        kinds = by_kind(case["rows"], record.machine["device_name"], name, batch_size)
        total = sum(kind.measured for kind in kinds)
        yield f"### {name}, batch {batch_size}: {format_si(total, 's')} in all layers\n"
        yield table(
            ("Kind", "Layers", "Measured", "Share", "Predicted", "Error", "FLOP/s", "B/s"),
            [
                (
                    kind.kind,
                    kind.layers,
                    format_si(kind.measured, "s"),
                    format_share(kind.measured / total),
                    format_si(kind.predicted, "s") if kind.predicted else "",
                    format_change(kind.predicted / kind.measured - 1) if kind.predicted else "",
                    format_si(kind.flops / kind.measured, "FLOP/s") if kind.flops else "",
                    format_si(kind.bytes_moved / kind.measured, "B/s"),
                )
                for kind in kinds
            ],
        )


def _memory(record: Record) -> Iterator[str]:
    rows, differences = [], defaultdict(list)
    for case in record.of("memory"):
        asked, [found] = case["case"], case["rows"]
        counted, beside = found["counted_bytes"], found.get("requested", found["allocated"])
        differences[WHEN[asked["mode"]]].append(counted / beside - 1)
        rows.append(
            (
                asked["name"] + (", recomputed" if asked["recomputed"] else ""),
                WHEN[asked["mode"]],
                *(
                    format_si(found[key], "B") if key in found else ""
                    for key in ("counted_bytes", "requested", "allocated")
                ),
                format_change(counted / beside - 1),
            )
        )
    if rows:
        yield "## Counted against allocated\n"
        yield (
            "Batch 16, float32. Counted are the tensors; requested is what tensors and the kernels' workspaces asked "
            "the allocator for, allocated the same in its blocks. The difference is that of what is counted to what "
            "was requested, or to what was allocated where only that is known.\n"
        )
        yield table(
            ("What", "Cases", "Median difference", "Largest"),
            [
                (what, len(each), format_change(median(each)), format_change(max(each, key=abs)))
                for what, each in differences.items()
            ],
        )
        yield table(("Network", "What", "Counted", "Requested", "Allocated", "Difference"), rows, words=2)


def _training(record: Record) -> Iterator[str]:
    forward = {one.name: one.images_per_s for _, one in record.timed("eager-256") if one.images_per_s}
    rows = []
    for case in record.of("training"):
        [step] = case["rows"]
        batch_size, seconds = step["workload"]["batch_size"], median(step["times"])
        rate = batch_size / seconds
        slower = format_ratio(forward[step["name"]] / rate) if step["name"] in forward else ""
        peak = step["peak_memory_bytes"]
        memory = format_si(peak, "B") if peak else ""
        told = predicted_step(record.machine["device_name"], step["name"], batch_size, step["optimizer"])
        known = told.interval if told else None
        rows.append(
            (
                *(step["name"], batch_size, step["optimizer"]),
                format_si(told.seconds, "s") if told else "",
                f"{format_si(known.low, 's')} to {format_si(known.high, 's')}" if known else "",
                *(format_si(seconds, "s"), format_change(told.seconds / seconds - 1) if told else ""),
                *(f"{rate:,.0f}", slower, memory),
            )
        )
    if rows:
        yield "## Training steps\n"
        yield "Forward pass, loss, backward pass and update, eager; predictions leave the loss out.\n"
        times = ("Predicted", "Nine in ten", "Measured", "Error")
        heads = ("Network", "Batch", "Optimizer", *times, "Images/s", "Against inference, batch 256", "Peak memory")
        yield table(heads, rows)


def _optimised(record: Record) -> Iterator[str]:
    rows = []
    for case in record.of("optimised"):
        seconds = {row["version"]: row["seconds"] for row in case["rows"]}
        written = [format_si(value, "s") for value in seconds.values()]
        gains = [format_ratio(seconds[key] / seconds["optimised"]) for key in ("original", "channels last")]
        rows.append((case["case"]["name"], *written, *gains))
    if rows:
        yield "## Optimised for inference\n"
        yield "Everything in float16, eager. How many times as fast the optimised network is as the other two:\n"
        heads = ("Network", "Original", "Channels last", "Optimised", "Over original", "Over channels last")
        yield table(heads, rows)


def _energy(record: Record) -> Iterator[str]:
    rows = [
        (
            one.name,
            one.workload.execution,
            format_si(one.joules_per_image, "J"),
            format_si(one.images_per_s * one.joules_per_image, "W"),
        )
        for _, one in record.timed("energy")
        if one.joules_per_image is not None and one.images_per_s
    ]
    if rows:
        yield "## Energy\n"
        yield "By NVML's counter over 3 s of runs at batch 256.\n"
        yield table(("Network", "Execution", "Per image", "Power"), rows, words=2)


def _tests(record: Record) -> Iterator[str]:
    for case in record.of("tests"):
        [found] = case["rows"]
        yield "## CUDA tests\n"
        yield f"{'Passed' if found['passed'] else 'Not passed'}: {found['summary'].strip('= ')}\n"
        yield "\n".join(f"- `{line}`" for line in found["failed"]) + "\n" if found["failed"] else ""


def _missing(record: Record) -> Iterator[str]:
    yield "## What is missing, and why\n"
    lines = [line for check in CHECKS for line in _missing_of(record, check)]
    yield "\n".join(lines or ["Nothing."])


def _missing_of(record: Record, check: Check) -> Iterator[str]:
    """A line for each reason."""
    cases = [case for case in record.cases if case["check"] == check.key]
    reasons: dict[str, list[str]] = defaultdict(list)
    for case in cases:
        if case["outcome"] != "measured":
            reason = TOO_LATE if case["reason"].endswith(TOO_LATE) else case["reason"].rstrip(".") or case["outcome"]
            reasons[reason].append(described(check, case["case"]))
    for reason, names in reasons.items():
        more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
        yield f"- {check.title}: {reason}: {join([*names[:NAMED], *more])}."
    if len(cases) < len(check.cases):
        yield f"- {check.title}: the run was ended before {len(check.cases) - len(cases)} cases."
