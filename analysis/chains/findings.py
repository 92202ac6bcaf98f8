"""What a chain says, as a whole and step by step: computed, never canned."""

from __future__ import annotations

from analysis.chains.counted import MEASURED, PREDICTED, SHAPE, CountedChain, Stop
from analysis.chains.records import change_words
from analysis.findings import Delta, cost_changes
from analysis.quantities import in_a_sentence, label_of
from analysis.units import THIN_SPACE, capitalised, format_quantity, format_share, format_si, format_signed, join

#: Changes of a time below this share are none worth telling.
_TIME = 0.005


def chain_finding(found: CountedChain, key: str) -> str:
    """What becomes of the first network in all, and which step changes a quantity most.

    >>> from analysis.chains import chain
    >>> print(chain_finding(chain("densenet100-bc"), "macs").replace("\u2009", " "))
    DenseNet to DenseNet-BC, 100 layers, in 4 steps: 89 % fewer parameters, 84 % fewer MACs, 71 % less memory access \
cost and 72 % less memory traffic; CIFAR-10+ error 4.10 → 4.51 %. “Half the dense layers (DenseNet-B)” changes MACs \
most (−825 M).
    """
    first, last = found.stops[0], found.stops[-1]
    number = len(found.stops) - 1
    told = cost_changes(first.summary, last.summary)
    measured = f"; {values}" if (values := _values(found, first, last)) else ""
    opening = f"{found.chain.title}, in {number} step{'' if number == 1 else 's'}"
    opening = f"{opening}: {join(told) if told else 'the same costs'}{measured}."
    return f"{opening} {_largest(found, key)}".rstrip() if number > 1 else opening


def _largest(found: CountedChain, key: str) -> str:
    """The step that changes a quantity most; empty where none does."""
    changes = {at: delta.difference for at in range(1, len(found.stops)) if (delta := found.delta(at, key))}
    at = max(changes, key=lambda number: abs(changes[number]), default=0)
    if not at or not changes[at]:
        return ""
    title, label = found.stops[at].step.title, in_a_sentence(found.label(key))
    return f"“{title}” changes {label} most ({change(key, changes[at])})."


def change(key: str, difference: float) -> str:
    """What a quantity, or what was measured, changes by."""
    if key == MEASURED:
        return f"{difference:+.2f}{THIN_SPACE}points".replace("-", "−") if difference else "0"
    return format_signed(key, difference)


def step_sentences(found: CountedChain, number: int) -> list[str]:
    """What the step of this number changes and why, what it costs or saves, and what was measured of it.

    >>> from analysis.chains import chain
    >>> for sentence in step_sentences(chain("vovnet39-ese"), 1):
    ...     print(sentence.replace("\u2009", " "))
    Residual: no → yes.
    What a module reads is added to what it makes: deeper VoVNets train better.
    It takes 0.8 % more memory traffic.
    Predicted on RTX 4090: 0.6 % more time eager (error up to 5.2 %) and the same time compiled (error up to 4.9 %).
    COCO box AP 39.7 → 39.8 % (Lee and Park, CenterMask, arXiv:1911.06667, Table 4, CenterMask on each backbone).
    """
    before, after = found.stops[number - 1 : number + 1]
    told = cost_changes(before.summary, after.summary)
    costs = f"It takes {join(told)}." if told else "It takes the same parameters, MACs and memory traffic."
    parts = (f"{change_words(before.step, after.step)}.", after.step.argument, costs, _shape(before, after))
    return [part for part in (*parts, _times(found, number), _measured(found, number)) if part]


def _shape(before: Stop, after: Stop) -> str:
    """How the depth and the receptive field change, if they do."""
    told = [
        f"the {in_a_sentence(label_of(key))} goes from {format_quantity(key, one)} to {format_quantity(key, other)}"
        for key in SHAPE
        if (one := before.value(key) or 0) != (other := after.value(key) or 0)
    ]
    return f"{capitalised(join(told))}." if told else ""


def _times(found: CountedChain, number: int) -> str:
    """What the step does to the predicted times, if they are known."""
    stop = found.stops[number]
    told = []
    for key, execution in PREDICTED.items():
        if (delta := found.delta(number, key)) and (fact := stop.fact(key)):
            rule = " by rule" if fact.is_open else ""
            error = f"error up to {format_share(fact.error[1])}{rule}" if fact.error else "error unknown"
            told.append(f"{_time(delta)} {execution} ({error})")
    return f"Predicted on {stop.device}: {join(told)}." if told else ""


def _time(delta: Delta) -> str:
    share = delta.share or 0.0
    return (
        f"{format_share(abs(share))} {'less' if share < 0 else 'more'} time" if abs(share) > _TIME else "the same time"
    )


def _measured(found: CountedChain, number: int) -> str:
    """What sources measured of the network, against the last one before it that they did."""
    earlier, after = [stop for stop in found.stops[:number] if stop in found.alike], found.stops[number]
    if not earlier or after not in found.alike:
        return ""
    before = earlier[-1]
    since = "" if before is found.stops[number - 1] else f" since “{before.step.title}”"
    sources = join(dict.fromkeys((before.source, after.source)))
    return f"{_values(found, before, after)}{since} ({sources})."


def _values(found: CountedChain, before: Stop, after: Stop) -> str:
    """What was measured of two networks that the same people trained; else nothing."""
    if before not in found.alike or after not in found.alike:
        return ""
    return f"{found.metric} {format_si(before.measured or 0)} → {format_si(after.measured or 0, '%')}"
