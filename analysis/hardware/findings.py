"""What speeds, accuracies and predictions say, in one or two sentences: computed, never canned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import permutations
from typing import Any

from analysis.hardware.accuracy import pareto_front
from analysis.hardware.predict.model import BOUNDS
from analysis.hardware.predict.predict import Prediction
from analysis.hardware.speeds import DISTURBED, Speed
from analysis.quantities import in_a_sentence
from analysis.units import format_ratio, format_share, format_si, format_size, join

Row = Mapping[str, Any]


def speed_verdict(speeds: Sequence[Speed]) -> str:
    """Which network is fastest on each device, compiled and in eager mode, on what evidence; of those that see images
    of one size, that of most.

    Args:
        speeds: of `analysis.hardware.speeds.strongest`.
    """
    if not speeds:
        return "Nothing is known about these networks on these devices in these conditions."
    sizes = [speed.image_size for speed in speeds]
    size = max(sizes, key=sizes.count)
    alike = [speed for speed in speeds if speed.image_size == size]
    if len(alike) == len(speeds):
        return _fastest_finding(speeds)
    others = join(map(format_size, sorted(set(sizes) - {size})))
    return f"{_fastest_finding(alike, f' at {format_size(size)}')} Those that see {others} are not set against these."


def _fastest_finding(speeds: Sequence[Speed], at: str = "") -> str:
    """Of networks at one image size."""
    compiled, eager = (_fastest(speeds, execution) for execution in ("compiled", "eager"))
    if [speed.name for speed in compiled] == [speed.name for speed in eager]:
        return f"Fastest compiled{at}: {_winners(compiled)}. The same in eager mode."
    found = {"compiled": compiled, "in eager mode": eager}
    return " ".join(f"Fastest {how}{at}: {_winners(fastest)}." for how, fastest in found.items() if fastest)


def _fastest(speeds: Sequence[Speed], execution: str) -> list[Speed]:
    """Of each device, the fastest network."""
    devices: dict[str, list[Speed]] = {}
    for speed in speeds:
        if speed.execution == execution:
            devices.setdefault(speed.device, []).append(speed)
    return [max(known, key=lambda speed: speed.images_per_s) for known in devices.values()]


def _winners(fastest: Sequence[Speed]) -> str:
    """The fastest networks, each once, with what they reach on which device."""
    groups: dict[tuple[str, str], list[str]] = {}
    for speed in fastest:
        figure = f"{speed.device} ({format_si(speed.images_per_s)} images/s)"
        groups.setdefault((speed.name, evidence_of(speed)), []).append(figure)
    return "; ".join(f"{name} on {join(figures)}, {known}" for (name, known), figures in groups.items())


def evidence_of(speed: Speed) -> str:
    """The kind of evidence, and how far a prediction may be off, by figures that check it or by a rule."""
    if speed.evidence != "predicted":
        return speed.evidence
    if not speed.error:
        return "predicted, error unknown"
    return f"predicted, error up to {format_share(speed.error[1])}{'' if speed.is_checked else ' by rule'}"


def interval_finding(speeds: Sequence[Speed]) -> str:
    """Which predictions published figures check, and the rule of the widest of the others; "" where nothing is
    predicted.
    """
    predicted = [speed for speed in speeds if speed.evidence == "predicted" and speed.error]
    others = [speed for speed in predicted if not speed.is_checked]
    if not predicted:
        return ""
    checked = f"Published figures check {len(predicted) - len(others)} of {len(predicted)} predictions"
    if not others:
        return f"{checked}."
    widest = max(others, key=lambda speed: speed.error[1] if speed.error else 0.0)
    meaning = widest.error_meaning.removeprefix("the bar: ")
    where = f"{widest.name} on {widest.device}, {widest.execution}"
    return f"{checked}; the others lie in wider intervals by rule, the widest of {where}: {meaning}."


def front_finding(front: Sequence[Row], *, faster: bool) -> str:
    """How many networks of which families none beats at both, whatever is chosen.

    Args:
        front: of `analysis.hardware.accuracy.pareto_front`, not empty.
        faster: whether the cost is a speed or a time.
    """
    families = Counter(row["family"] or "other libraries" for row in front)
    told = join([f"{count} of {family}" for family, count in families.most_common()])
    both = "faster and more accurate" if faster else "cheaper and more accurate"
    return f"Of all families, no network is {both} than {len(front)} on the front: {told}."


def measured_finding(own: Sequence[Speed], others: Sequence[Speed]) -> str:
    """What has been measured of the chosen networks; where nothing has, what others did.

    Args:
        own: the user's own measurements of them.
        others: what is published of them.
    """
    if own:
        best = max(own, key=lambda speed: speed.images_per_s)
        names = len({speed.name for speed in own})
        return (
            f"Fastest measured: {best.name} on {best.device}, {format_si(best.images_per_s)} images/s "
            f"({best.execution}, batch {best.batch_size}, {best.precision}), of {names} "
            f"network{'' if names == 1 else 's'}."
        )
    opening = "Nothing has been measured of these networks here yet"
    return f"{opening}. By others: {in_a_sentence(speed_verdict(others))}" if others else f"{opening}: press Run."


def disturbed_finding(speeds: Sequence[Speed]) -> str:
    """How many measurements others disturbed, with an example; "" where none was."""
    measured = [speed for speed in speeds if speed.evidence == "measured"]
    disturbed = [speed for speed in measured if speed.note]
    if not disturbed:
        return ""
    one = disturbed[0]
    return (
        f"Others disturbed {len(disturbed)} of {len(measured)} measurements shown, such as {one.name} on {one.device}: "
        f"{one.note.removeprefix(DISTURBED)}. Measure again when the machine is quiet."
    )


def use_finding(speeds: Sequence[Speed]) -> str:
    """Which network makes the most of a device and which the least, of all that are shown."""
    by_share = sorted(speeds, key=lambda speed: speed.share_of_peak or 0)
    worst, best = by_share[0], by_share[-1]
    opening = f"{best.name} {best.execution} on {best.device} reaches {_rate(best)}"
    return (
        f"{opening}."
        if worst is best
        else f"{opening}, {worst.name} {worst.execution} on {worst.device} {_rate(worst)}."
    )


def _rate(speed: Speed) -> str:
    share = f"{format_share(speed.share_of_peak)} of peak, " if speed.share_of_peak else ""
    return f"{format_si(speed.flops_per_s, 'FLOP/s')} ({share}{speed.evidence})"


def flip_finding(speeds: Sequence[Speed]) -> str:
    """Pairs whose order in images/s a compiler turns around: the widest swing, and how many more there are."""
    flips = find_flips(speeds)
    if not flips:
        both = {speed.execution for speed in speeds} == {"eager", "compiled"}
        return "Compiling changes no pair's order in images/s." if both and len(speeds) > 2 else ""
    (device, slow, fast, before, after), *others = sorted(flips, key=lambda flip: _conviction(speeds, *flip))
    kinds = join(sorted(_evidence(speeds, device, {slow, fast})))
    more = f" {len(others)} more such {'pair' if len(others) == 1 else 'pairs'} in this selection." if others else ""
    return (
        f"Compiling turns the order around: on {device}, {fast} is {format_ratio(before)} as fast as {slow} in eager "
        f"mode, but {slow} is {format_ratio(after)} as fast as {fast} once compiled ({kinds}, images/s).{more}"
    )


def _evidence(speeds: Sequence[Speed], device: str, names: set[str]) -> set[str]:
    return {speed.evidence for speed in speeds if speed.device == device and speed.name in names}


def _conviction(
    speeds: Sequence[Speed], device: str, slow: str, fast: str, before: float, after: float
) -> tuple[bool, float]:
    """Sorts what is not predicted to the front, then pairs that are far apart both before and after."""
    return "predicted" in _evidence(speeds, device, {slow, fast}), -min(before, after)


def find_flips(speeds: Iterable[Speed]) -> list[tuple[str, str, str, float, float]]:
    """(device, slower, faster, faster / slower in eager mode, slower / faster once compiled), where both exceed 1; of
    networks that see images of one size.
    """
    rates = {(speed.device, speed.image_size, speed.name, speed.execution): speed.images_per_s for speed in speeds}
    names = list(dict.fromkeys(name for _, _, name, _ in rates))
    flips = []
    for device, size in dict.fromkeys((device, size) for device, size, _, _ in rates):
        for slow, fast in permutations(names, 2):
            four = [rates.get((device, size, name, how)) for how in ("eager", "compiled") for name in (slow, fast)]
            slow_eager, fast_eager, slow_compiled, fast_compiled = four
            if slow_eager and fast_eager and slow_compiled and fast_compiled:
                before, after = fast_eager / slow_eager, slow_compiled / fast_compiled
                if before > 1 and after > 1:
                    flips.append((device, slow, fast, before, after))
    return flips


def paradox_finding(speeds: Sequence[Speed]) -> str:
    """The pair whose FLOPs and time disagree most, of networks that see images of one size: the argument of VoVNet's
    paper.
    """
    pairs = [
        (small, large)
        for small, large in permutations(speeds, 2)
        if small.image_size == large.image_size
        and small.flops < large.flops
        and small.seconds_per_image > large.seconds_per_image
    ]
    if not pairs:
        of_one_size = "" if len({speed.image_size for speed in speeds}) == 1 else " of networks at one image size"
        return f"Throughout this selection{of_one_size}, fewer FLOPs come with less time."
    small, large = max(pairs, key=lambda pair: _disagreement(*pair))
    alike = [speed for speed in speeds if speed.image_size == small.image_size]
    at = "" if len(alike) == len(speeds) else f" at {format_size(small.image_size)}"
    return (
        f"FLOPs alone mislead: on {small.device}{at}, {small.name} needs {format_ratio(small.flops / large.flops)} the "
        f"FLOPs of {large.name} but takes {format_ratio(small.seconds_per_image / large.seconds_per_image)} its time "
        f"({join(sorted({small.evidence, large.evidence}))}, {small.execution}). Of {len(alike)} networks{at}, "
        f"the FLOP/s differ by {format_ratio(_spread(alike, lambda speed: speed.flops_per_s))}."
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
    spent = {bound: seconds / found.seconds for bound, seconds in found.seconds_by_bound().items()}
    first, *others = sorted(filter(spent.__getitem__, BOUNDS), key=lambda bound: -spent[bound])
    rest = f" ({join(f'{bound} {format_share(spent[bound])}' for bound in others)})" if others else ""
    without = sum(layer.seconds for layer in found.layers if not layer.flops)
    side = "left of" if intensity < ridge else "right of"
    return (
        f"{first.capitalize()} holds {found.name} back on {found.device.name}: {format_share(spent[first])} of its "
        f"predicted time{rest}. {format_share(without / found.seconds)} passes in layers without a single FLOP. At "
        f"{format_si(intensity, 'FLOP/B')} it lies {side} the ridge ({format_si(ridge, 'FLOP/B')})."
    )


def accuracy_finding(
    rows: Sequence[Row],
    shown: Sequence[Row],
    write: Callable[[float], str],
    cost: str,
    *,
    more_is_better: bool = False,
) -> str:
    """Which of the chosen networks no other one beats at both, chosen or not, and what recipes do to one network.

    Args:
        rows: published ImageNet errors of the chosen networks with a cost, of `analysis.hardware.accuracy`.
        shown: those of all networks, the chosen among them.
        write: how a cost is written.
        cost: what it is called in a sentence.
        more_is_better: whether it is a speed.
    """
    if not rows:
        return "No published ImageNet accuracy of these networks is known for which this cost is known too."
    front = pareto_front(rows, more_is_better=more_is_better)
    cheapest, best = front[0], front[-1]
    word = "fastest" if more_is_better else "cheapest"
    opening = f"{_called(cheapest)} is the {word} ({write(cheapest['cost'])}, top-1 error {_error(cheapest)})"
    if best is cheapest:
        sentence = f"{opening} and the most accurate of all in {cost}."
    else:
        between = f", with {len(front) - 2} between them" if len(front) > 2 else ""
        sentence = f"{opening}, {_called(best)} the most accurate ({write(best['cost'])}, {_error(best)}){between}."
    beaten = _beaten_finding(best, shown, write, more_is_better=more_is_better)
    return " ".join(filter(None, [sentence, beaten, _recipe_finding(rows)]))


def _beaten_finding(best: Row, shown: Sequence[Row], write: Callable[[float], str], *, more_is_better: bool) -> str:
    """The most accurate network that is not chosen and beats the most accurate chosen one at both."""
    sign = -1 if more_is_better else 1
    better = [row for row in shown if row["error"] < best["error"] and sign * row["cost"] <= sign * best["cost"]]
    if not better:
        return ""
    first = min(better, key=lambda row: row["error"])
    figures = f"{write(first['cost'])}, {_error(first)}"
    return f"Not chosen, but better than {_called(best)} at both: {_called(first)} ({figures})."


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


def _called(row: Row) -> str:
    """The network, with the image size where it is not ImageNet's usual one."""
    return row["name"] if row["image_size"] == 224 else f"{row['name']} at {row['image_size']} px"


def _error(row: Row) -> str:
    return _percent(row["error"])


def _percent(error: float) -> str:
    return f"{error:.1f}\u2009%"
