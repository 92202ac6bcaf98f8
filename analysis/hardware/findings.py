"""What speeds, accuracies and predictions say, in one or two sentences: computed, never canned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import permutations
from typing import Any

from analysis.hardware.predict.model import BOUNDS
from analysis.hardware.predict.predict import Prediction
from analysis.hardware.speeds import Speed
from analysis.units import format_ratio, format_share, format_si, join

Row = Mapping[str, Any]


def speed_finding(speeds: Sequence[Speed]) -> str:
    """Which networks use a GPU best and worst, and whether a compiler changes which one is faster.

    Args:
        speeds: of `analysis.hardware.speeds.strongest`.
    """
    if not speeds:
        return "Nothing is known about these networks on these devices in these conditions."
    device = speeds[0].device
    eager = [speed for speed in speeds if speed.device == device and speed.execution == "eager"]
    sentences = [_use_finding(eager, device)] if eager else []
    return " ".join([*sentences, *_flip_finding(speeds)])


def _use_finding(speeds: Sequence[Speed], device: str) -> str:
    best = max(speeds, key=lambda speed: speed.flops_per_s)
    opening = f"On {device}, {best.name} reaches {_rate(best)}"
    worst = min(speeds, key=lambda speed: speed.flops_per_s)
    if worst is best:
        return f"{opening}."
    return f"{opening}, {worst.name} only {_rate(worst)}: {format_ratio(best.flops_per_s / worst.flops_per_s)} between."


def _rate(speed: Speed) -> str:
    share = f"{format_share(speed.share_of_peak)} of peak, " if speed.share_of_peak else ""
    return f"{format_si(speed.flops_per_s, 'FLOP/s')} ({share}{speed.evidence})"


def _flip_finding(speeds: Sequence[Speed]) -> list[str]:
    """Pairs whose order in images/s a compiler turns around: the widest swing, and how many more there are."""
    flips = find_flips(speeds)
    if not flips:
        both = {speed.execution for speed in speeds} == {"eager", "compiled"}
        return ["Compiling changes no pair's order in images/s."] if both and len(speeds) > 2 else []
    (device, slow, fast, before, after), *others = sorted(flips, key=lambda flip: _conviction(speeds, *flip))
    kinds = join(sorted(_evidence(speeds, device, {slow, fast})))
    more = f" {len(others)} more such {'pair' if len(others) == 1 else 'pairs'} in this selection." if others else ""
    return [
        f"Compiling turns the order around: on {device}, {fast} is {format_ratio(before)} as fast as {slow} in eager "
        f"mode, but {slow} is {format_ratio(after)} as fast as {fast} once compiled ({kinds}, images/s).{more}"
    ]


def _evidence(speeds: Sequence[Speed], device: str, names: set[str]) -> set[str]:
    return {speed.evidence for speed in speeds if speed.device == device and speed.name in names}


def _conviction(
    speeds: Sequence[Speed], device: str, slow: str, fast: str, before: float, after: float
) -> tuple[bool, float]:
    """Sorts what is not predicted to the front, then pairs that are far apart both before and after."""
    return "predicted" in _evidence(speeds, device, {slow, fast}), -min(before, after)


def find_flips(speeds: Iterable[Speed]) -> list[tuple[str, str, str, float, float]]:
    """(device, slower, faster, faster / slower in eager mode, slower / faster once compiled), where both exceed 1."""
    rates = {(speed.device, speed.name, speed.execution): speed.images_per_s for speed in speeds}
    names = list(dict.fromkeys(name for _, name, _ in rates))
    flips = []
    for device in dict.fromkeys(device for device, _, _ in rates):
        for slow, fast in permutations(names, 2):
            four = [rates.get((device, name, how)) for how in ("eager", "compiled") for name in (slow, fast)]
            slow_eager, fast_eager, slow_compiled, fast_compiled = four
            if slow_eager and fast_eager and slow_compiled and fast_compiled:
                before, after = fast_eager / slow_eager, slow_compiled / fast_compiled
                if before > 1 and after > 1:
                    flips.append((device, slow, fast, before, after))
    return flips


def paradox_finding(speeds: Sequence[Speed]) -> str:
    """The pair whose FLOPs and time disagree most: the argument of VoVNet's paper."""
    pairs = [
        (small, large)
        for small, large in permutations(speeds, 2)
        if small.flops < large.flops and small.seconds_per_image > large.seconds_per_image
    ]
    if not pairs:
        return "Throughout this selection, fewer FLOPs come with less time."
    small, large = max(pairs, key=lambda pair: _disagreement(*pair))
    return (
        f"FLOPs alone mislead: on {small.device}, {small.name} needs {format_ratio(small.flops / large.flops)} the "
        f"FLOPs of {large.name} but takes {format_ratio(small.seconds_per_image / large.seconds_per_image)} its time "
        f"({join(sorted({small.evidence, large.evidence}))}, {small.execution}). Of {len(speeds)} networks, "
        f"the FLOP/s differ by {format_ratio(_spread(speeds, lambda speed: speed.flops_per_s))}."
    )


def _disagreement(small: Speed, large: Speed) -> float:
    return large.flops / small.flops * small.seconds_per_image / large.seconds_per_image


def _spread(speeds: Sequence[Speed], key: Callable[[Speed], float]) -> float:
    return max(map(key, speeds)) / min(map(key, speeds))


def roofline_finding(found: Prediction, ridge: float, intensity: float) -> str:
    """What holds a network back on a device.

    Args:
        found: the prediction.
        ridge: FLOP/B at which the device's two roofs meet.
        intensity: FLOP/B of the network.
    """
    spent = found.seconds_by_bound()
    shares = [f"{bound} ({format_share(spent[bound] / found.seconds)})" for bound in BOUNDS if spent[bound] > 0]
    without = sum(layer.seconds for layer in found.layers if not layer.flops)
    side = "left of" if intensity < ridge else "right of"
    return (
        f"At {format_si(intensity, 'FLOP/B')} {found.name} lies {side} {found.device.name}'s ridge "
        f"({format_si(ridge, 'FLOP/B')}). By the prediction its time is bound by {join(shares)}; "
        f"{format_share(without / found.seconds)} passes in layers without a single FLOP."
    )


def accuracy_finding(
    rows: Sequence[Row],
    front: Sequence[Row],
    write: Callable[[float], str],
    cost: str,
    *,
    more_is_better: bool = False,
) -> str:
    """Which networks no other one beats at both, and what the choice of recipe does to one network.

    Args:
        rows: published ImageNet errors with a cost, of `analysis.hardware.accuracy`.
        front: those on the Pareto front, the best cost first.
        write: how a cost is written.
        cost: what it is called in a sentence.
        more_is_better: whether it is a speed.
    """
    if not rows:
        return "No published ImageNet accuracy is known for which this cost is known too."
    cheapest, best = front[0], front[-1]
    word = "fastest" if more_is_better else "cheapest"
    opening = f"{cheapest['name']} is the {word} ({write(cheapest['cost'])}, top-1 error {_error(cheapest)})"
    if best is cheapest:
        sentence = f"{opening} and the most accurate of all in {cost}."
    else:
        between = f", with {len(front) - 2} between them" if len(front) > 2 else ""
        sentence = f"{opening}, {best['name']} the most accurate ({write(best['cost'])}, {_error(best)}){between}."
    return f"{sentence} {_recipe_finding(rows)}".rstrip()


def _recipe_finding(rows: Sequence[Row]) -> str:
    """The network whose error depends most on who trained it, at one image size."""
    groups: dict[tuple[str, Any], list[float]] = {}
    for row in rows:
        groups.setdefault((row["name"], row["image_size"]), []).append(row["error"])
    (name, size), errors = max(groups.items(), key=lambda item: max(item[1]) - min(item[1]))
    if max(errors) == min(errors):
        return ""
    return (
        f"Recipes matter as much: {name} alone ranges from {_percent(min(errors))} to {_percent(max(errors))} "
        f"at {size} px, depending on who trained and tested it."
    )


def _error(row: Row) -> str:
    return _percent(row["error"])


def _percent(error: float) -> str:
    return f"{error:.1f}\u2009%"
