"""What the numbers say, in one or two sentences: computed, never canned."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any, NamedTuple

from analysis.meter import LayerCost
from analysis.ops import CONV_KINDS, WEIGHTED_KINDS, op_kind
from analysis.quantities import NETWORK_QUANTITIES, in_a_sentence, label_of
from analysis.summary import Summary
from analysis.units import capitalised, format_quantity, format_ratio, format_share, format_size, join
from archs.config import declared
from archs.errors import ConfigError, CountMismatchError, DenseScopeError, UnknownOpError
from archs.registry import get_family, list_families

#: Kinds of operation as a sentence names them.
_NOUNS = {"concat": "concatenation", "linear": "linear layers", "matrix product": "matrix products", "copy": "copies"}
#: Kinds that cause less than this share of the traffic are not worth a mention.
_WORTH_MENTIONING = 0.02

#: So many networks that are left out get a reason each.
_EXPLAINED = 3

#: A record of a frame: its columns and their values.
Row = Mapping[Any, Any]


def network_finding(summary: Summary) -> str:
    """What one network needs, and what its memory traffic is spent on.

    >>> from analysis import summarize
    >>> print(network_finding(summarize("vovnet39")).replace("\u2009", " "))
    vovnet39 needs 7.07 G MACs and 22.6 M parameters. 50 % of its memory traffic is not convolution: it is \
normalisation (18 %), activation (18 %), concatenation (11 %) and pooling (2.3 %).
    """
    needs = f"{summary.name} needs {_write(summary, 'macs')} MACs and {_write(summary, 'params')} parameters."
    parts = [
        f"{_NOUNS.get(kind, kind)} ({format_share(share)})"
        for kind, share in traffic_shares(summary).items()
        if kind not in CONV_KINDS and share >= _WORTH_MENTIONING
    ]
    outside = f"{format_share(summary.traffic_outside_conv)} of its memory traffic is not convolution"
    return f"{needs} {outside}: it is {join(parts)}." if parts else f"{needs} {outside}."


def traffic_question(summary: Summary) -> str:
    """What to ask of a network's kinds of operation: most of the traffic of some computes nothing.

    >>> from analysis import summarize
    >>> print(traffic_question(summarize("densenet121")).replace("\u2009", " "))
    What moves 74 % of the bytes without a single MAC?
    >>> print(traffic_question(summarize("vovnet39")))
    What computes, and what moves the bytes?
    """
    idle = 1 - summary.traffic_share(WEIGHTED_KINDS)
    if idle >= 0.5:
        return f"What moves {format_share(idle)} of the bytes without a single MAC?"
    return "What computes, and what moves the bytes?"


def traffic_finding(summary: Summary) -> str:
    """Why a small network can be slow: traffic that no multiply-accumulate comes with."""
    weighted = summary.traffic_share(WEIGHTED_KINDS)
    return (
        f"Convolution and linear layers do all {_write(summary, 'macs')} MACs with "
        f"{format_share(weighted)} of the memory traffic; "
        f"the other {format_quantity('bytes_moved', (1 - weighted) * summary.bytes_moved)} move without a single MAC."
    )


def traffic_shares(summary: Summary) -> dict[str, float]:
    """Share of the memory traffic that each kind of operation causes, the largest first."""
    shares: dict[str, float] = {}
    for cost in summary.layers:
        kind = op_kind(cost.layer)
        shares[kind] = shares.get(kind, 0.0) + cost.bytes_moved / summary.bytes_moved
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def layers_finding(chosen: Sequence[LayerCost], summary: Summary) -> str:
    """What some layers of a network make up of the whole."""
    if len(chosen) == len(summary.layers):
        return f"All {len(chosen)} layers."
    shares = {
        label: sum(getattr(cost, key) for cost in chosen) / (getattr(summary, key) or 1)
        for key, label in _TOLD.items()
        if key != "memory_access_cost"
    }
    parts = [f"{format_share(share)} of the {label}" for label, share in shares.items()]
    return f"{len(chosen)} of {len(summary.layers)} layers, with {join(parts)}."


def comparison_finding(rows: Sequence[Row], baseline: str | None = None) -> str:
    """Which network is cheapest, and where fewer MACs do not mean less memory traffic, of those that see images of one
    size: the baseline's, or else the size of most.

    Args:
        rows: records of `analysis.summary.comparison_row`.
        baseline: the name that ratios refer to; left out where it is not among the rows.
    """
    sizes = [row["image_size"] for row in rows]
    size = next((row["image_size"] for row in rows if row["name"] == baseline), max(sizes, key=sizes.count))
    alike = [row for row in rows if row["image_size"] == size]
    if len(alike) == len(rows):
        return _needs(rows[0]) if len(rows) == 1 else f"{_cheapest(rows, baseline)} {_paradox(rows)}"
    at, other_sizes = f" at {format_size(size)}", join(map(format_size, sorted(set(sizes) - {size})))
    found = _needs(alike[0]) if len(alike) == 1 else f"{_cheapest(alike, baseline, at)} {_paradox(alike)}"
    others = len(rows) - len(alike)
    see, are = (f"other {others} see", "are") if others > 1 else ("other one sees", "is")
    return f"{found} The {see} {other_sizes}, and {are} not set against these."


def _needs(row: Row) -> str:
    return (
        f"{row['name']} needs {_write(row, 'macs')} MACs and {_write(row, 'params')} parameters and moves "
        f"{_write(row, 'bytes_moved')}, {_write(row, 'traffic_outside_conv')} of it outside convolution."
    )


def _cheapest(rows: Sequence[Row], baseline: str | None, at: str = "") -> str:
    fewest = min(rows, key=lambda row: row["macs"])
    lightest = min(rows, key=lambda row: row["bytes_moved"])
    macs = f"{fewest['name']} needs the fewest MACs ({_against(rows, baseline, fewest, 'macs')})"
    traffic = f"the least memory traffic ({_against(rows, baseline, lightest, 'bytes_moved')})"
    subject = "causes" if lightest is fewest else f"{lightest['name']} causes"
    return f"Of {len(rows)} networks{at}, {macs} and {subject} {traffic}."


def _against(rows: Sequence[Row], baseline: str | None, row: Row, key: str) -> str:
    """A value, and its ratio to the baseline's where that says anything."""
    base = next((other for other in rows if other["name"] == baseline), row)
    if base is row:
        return _write(row, key)
    return f"{_write(row, key)}, {format_ratio(row[key] / base[key])} of {baseline}"


def _paradox(rows: Sequence[Row]) -> str:
    """The pair whose MACs and memory traffic disagree most."""

    def disagreement(pair: tuple[Row, Row]) -> float:
        a, b = pair
        return b["macs"] / a["macs"] * a["bytes_moved"] / b["bytes_moved"]

    pairs = [(a, b) for a, b in permutations(rows, 2) if a["macs"] < b["macs"] and a["bytes_moved"] > b["bytes_moved"]]
    if not pairs:
        return "Throughout this selection, fewer MACs come with less memory traffic."
    a, b = max(pairs, key=disagreement)
    return (
        f"MACs alone mislead: {a['name']} needs {format_ratio(a['macs'] / b['macs'])} the MACs of {b['name']} "
        f"but moves {format_ratio(a['bytes_moved'] / b['bytes_moved'])} the bytes, "
        f"{_write(a, 'traffic_outside_conv')} of them outside convolution."
    )


def left_out_finding(reasons: Mapping[str, str]) -> str:
    """Which networks a comparison leaves out, and why; of many, why the first of them is."""
    if len(reasons) <= _EXPLAINED:
        return " ".join(f"{name} is left out: {why}" for name, why in reasons.items())
    first, why = next(iter(reasons.items()))
    return f"{join(reasons)} are left out. {first}: {why}"


#: What the input is made of, as every form labels it.
INPUT_LABELS = {"image_size": "Image size", "batch_size": "Batch size", "dtype": "Data type"}


def reason(error: DenseScopeError) -> str:
    """Why something cannot be counted, in the words of the forms, without advice for programmers.

    >>> reason(UnknownOpError("lstm", "rnn"))
    "The meter has no rule for the operation 'lstm' (layer 'rnn')."
    >>> reason(ConfigError("growth_rate", 0, "an integer from 1 to 1024"))
    'Growth rate k is 0, but must be an integer from 1 to 1024.'
    """
    if isinstance(error, (CountMismatchError, UnknownOpError)):
        return f"{str(error).partition('; ')[0].rstrip('.')}."
    if not isinstance(error, ConfigError):
        return str(error)
    labels = dict(INPUT_LABELS)
    for family in list_families():
        for name, field in declared(get_family(family).config_type).items():
            labels.setdefault(name, field.label)
    where = r" \([\w.]+ would have [^)]*\)"  # a layer's name in the code
    # of other fields, only names that are no words: "strides" may be those of any network
    words = "|".join(name for name in labels if name == error.field or "_" in name)
    said = re.sub(rf"(?<!['\"])\b({words})\b", lambda found: labels[found[0]], re.sub(where, "", str(error)))
    return capitalised(said)


def _write(source: Summary | Row, key: str) -> str:
    value = getattr(source, key) if isinstance(source, Summary) else source[key]
    return format_quantity(key, value)


#: What a sentence tells, as it calls it.
_TOLD = {key: in_a_sentence(label_of(key)) for key in ("params", "macs", "memory_access_cost", "bytes_moved")}
_COUNTABLE = ("parameters", "MACs")
#: Changes below this share are none worth telling.
_WORTH_TELLING = 0.0005


class Delta(NamedTuple):
    """One quantity of two networks."""

    base: float
    value: float

    @property
    def difference(self) -> float:
        return self.value - self.base

    @property
    def share(self) -> float | None:
        """The difference as a share of the base; None where that is nothing."""
        return self.difference / self.base if self.base else None


def deltas(base: Summary, summary: Summary) -> dict[str, Delta]:
    """Every quantity of the meter, and the depth."""
    return {
        key: Delta(base.depth.total, summary.depth.total)
        if key == "depth"
        else Delta(getattr(base, key), getattr(summary, key))
        for key in NETWORK_QUANTITIES
    }


def delta_finding(base: Summary, summary: Summary) -> str:
    """What a network needs more or less than its baseline, and whether its traffic follows its arithmetic.

    >>> from analysis import summarize
    >>> from archs import get_config
    >>> slim = summarize(get_config("densenet121", growth_rate=24))
    >>> print(delta_finding(summarize("densenet121"), slim).replace("\u2009", " "))
    DenseNet needs 41 % fewer parameters, 40 % fewer MACs, 27 % less memory access cost and 22 % less memory traffic \
than densenet121: its traffic falls more slowly than its arithmetic.
    """
    told = cost_changes(base, summary)
    if not told:
        return f"{summary.name} costs what {base.name} costs."
    return f"{summary.name} needs {join(told)} than {base.name}{_pace(deltas(base, summary))}."


def cost_changes(base: Summary, summary: Summary) -> list[str]:
    """What a network needs more or less than its baseline, a phrase a cost; none where they need the same."""
    found = deltas(base, summary)
    told = [_change(noun, found[key].share) for key, noun in _TOLD.items()]
    return [text for text in told if text]


def _change(noun: str, share: float | None) -> str:
    if share is None or abs(share) < _WORTH_TELLING:
        return ""
    fewer = "fewer" if noun in _COUNTABLE else "less"
    return f"{format_share(abs(share))} {fewer if share < 0 else 'more'} {noun}"


def _pace(found: dict[str, Delta]) -> str:
    """Whether memory traffic goes the way of the multiply-accumulates."""
    macs, traffic = found["macs"].share or 0.0, found["bytes_moved"].share or 0.0
    if abs(macs) < 0.02:
        return ""
    if macs * traffic < 0:
        return f": its traffic {'rises' if traffic > 0 else 'falls'} while its arithmetic {_verb(macs)}"
    if abs(traffic) < 0.8 * abs(macs):
        return f": its traffic {_verb(macs)} more slowly than its arithmetic"
    return ""


def _verb(share: float) -> str:
    return "falls" if share < 0 else "grows"
