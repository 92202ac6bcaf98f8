"""What guesses at accuracy are worth, for docs/proxies.md: networks of one space, really trained, beside their proxies.

`python -m scripts.proxies` prints the parts of the document, with `--write` it puts them in place. `--train` trains
what analysis/data/trained_proxies.csv still lacks, a training at a time (about 10 seconds of one core each): whatever
ends it, the next one goes on from there.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

import analysis
from analysis.quantities import in_a_sentence, label_of
from analysis.search.evidence import (
    BAND,
    JUDGED,
    TRAINED,
    at_one_budget,
    capacity_proxy,
    evidence_of,
    signed,
    trained_rows,
)
from analysis.search.quantities import PROXIES, ZeroCost
from analysis.search.space import Space
from analysis.statistics import median, spearman, spearman_interval
from analysis.units import format_share, format_si, join
from archs import get_config
from scripts.documents import markdown_table, renewed
from training.searching import TrainedAccuracy

DOCUMENT = Path(__file__).parent.parent / "docs" / "proxies.md"
SPACE = Space(
    replace(get_config("densenetbc40_k12"), in_channels=1, image_size=28),
    {
        "growth_rate": (4, 6, 8, 12, 16),
        **{f"block_config[{place}]": (1, 2, 3, 4) for place in range(3)},
        "num_init_features": (8, 16, 24),
        "bn_size": (None, 1, 2, 4),
        "compression": (0.5, 1.0),
        "links": ("all", "log2", "one_shot"),
    },
    "proxies",
)
#: MACs between which networks are drawn, and how many: one budget, and some that are clearly smaller.
DRAWN = ((BAND, 24), ((0.0, 0.75e6), 8))
SEEDS = (0, 1)
HOW = {seed: TrainedAccuracy("fashion", "digits", epochs=3, images=4000, seed=seed) for seed in SEEDS}


def draw() -> list[int]:
    """Numbers of the networks in the space."""
    numbers: list[int] = []
    for (low, high), count in DRAWN:
        known = analysis.search(SPACE, {"macs": (low, high)}, "macs", SPACE.size).feasible["index"]
        numbers += known.to_numpy()[np.random.default_rng(0).permutation(len(known))[:count]].tolist()
    return numbers


def train() -> None:
    """Train what is missing, the first seed of all networks before the second of any."""
    rows = kept() or [judged(number) for number in draw()]
    for seed in SEEDS:
        for row in rows:
            if not row.get(f"accuracy_{seed}"):
                before = process_time()
                row[f"accuracy_{seed}"] = HOW[seed](SPACE.config_at(int(row["index"])))
                row[f"seconds_{seed}"] = round(process_time() - before, 1)
                keep(rows)


def judged(number: int) -> dict[str, Any]:
    """A network of the space: what tells it from others, and what is known of it before it is trained."""
    config = SPACE.config_at(number)
    summary = analysis.summarize(config)
    counted = {key: getattr(summary, key) for key in ("params", "macs", "memory_access_cost")}
    guessed = {"capacity_proxy": float(capacity_proxy(summary.params, summary.macs))}
    guessed |= {proxy: ZeroCost(proxy)(config) for proxy in PROXIES}
    rounded = {key: round(value, 6) for key, value in guessed.items()}
    return {"index": number, **{name: getattr(config, name) for name in SPACE.open_fields}, **counted, **rounded}


def kept() -> list[dict[str, Any]]:
    """The rows of the file, if it is there."""
    if not TRAINED.exists():
        return []
    with TRAINED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def keep(rows: list[dict[str, Any]]) -> None:
    """Write the file in one step."""
    results = [f"{what}_{seed}" for seed in SEEDS for what in ("accuracy", "seconds")]
    aside = TRAINED.with_name(f".{TRAINED.name}.unfinished")
    with aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["index", *SPACE.open_fields, *JUDGED, *results], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    aside.replace(TRAINED)


def parts() -> dict[str, str]:
    """What the document says of the file."""
    return {"worth": worth(), "correlations": correlations(), "networks": networks()}


def worth() -> str:
    """The findings in sentences."""
    rows = trained_rows()
    close = at_one_budget(rows)
    accuracies = [row["accuracy"] for row in close]
    found = {key: evidence_of(key, close) for key in JUDGED}
    best = max(JUDGED, key=lambda key: found[key].rank_correlation)
    sure = [_label(key) for key in JUDGED if found[key].low > 0]
    better = [_label(key) for key in PROXIES if found[key].low > found["params"].rank_correlation]
    return (
        f"{len(close)} networks of {_band()} M MACs, trained alike, classify {format_share(min(accuracies))} to "
        f"{format_share(max(accuracies))} of the held-out images right.{_chance(close)}\n\n"
        f"- At this one budget they are ranked best by {_label(best)}: Spearman {found[best].told()}.\n"
        f"- Above 0 in 95 % of bootstrap resamples: {join(sure or ['none'])}. "
        f"Not told from a guess by dice: {join([_label(key) for key in JUDGED if found[key].low <= 0] or ['none'])}.\n"
        f"- Zero-cost proxies whose whole interval lies above what the parameters reach: {join(better or ['none'])}.\n"
        f"- With {len(rows) - len(close)} clearly smaller networks among them: {_all(rows)}.\n"
    )


def _chance(rows: list[dict[str, Any]]) -> str:
    """How alike two seeds rank the same networks, and what that leaves for a guess to reach.

    Source: the attenuation of correlations by chance, and the reliability of a mean of two: Spearman, 1904 and 1910.
    """
    twice = [row["accuracies"] for row in rows if len(row["accuracies"]) > 1]
    if len(twice) < 3:
        return ""
    first, second = zip(*twice, strict=True)
    low, high = spearman_interval(first, second)
    alike, apart = spearman(first, second), median(abs(a - b) for a, b in twice)
    ceiling = sqrt(2 * alike / (1 + alike)) if alike > 0 else 0.0
    return (
        f" Two seeds of the same network lie {100 * apart:.1f} points apart in the median, and rank the {len(twice)} "
        f"networks alike by Spearman {signed(alike)} ({signed(low)} to {signed(high)}): a guess that knew all but the "
        f"seed could be expected to reach about {ceiling:.2f} with the mean of the two (Spearman–Brown), not 1."
    )


def _all(rows: Sequence[dict[str, Any]]) -> str:
    """How sizes and zero-cost proxies rank networks of different sizes."""
    keys = ("params", "macs", *PROXIES)
    return join([f"{_label(key)} {signed(evidence_of(key, rows).rank_correlation)}" for key in keys])


def correlations() -> str:
    """How each quantity ranks the networks, at one budget and all together."""
    rows = trained_rows()
    cells = [
        (label_of(key), f"`{key}`", evidence_of(key, at_one_budget(rows)).told(), evidence_of(key, rows).told())
        for key in JUDGED
    ]
    headers = ("Quantity", "In the API", f"At one budget, {_band()} M MACs", f"All {len(rows)}")
    return markdown_table(headers, cells, numeric=(2, 3))


def networks() -> str:
    """Every network, the most accurate first."""
    known = sorted(zip(kept(), trained_rows(), strict=True), key=lambda pair: -pair[1]["accuracy"])
    cells = [
        (
            ", ".join(f"{name}={getattr(SPACE.config_at(int(row['index'])), name)}" for name in SPACE.open_fields),
            format_si(int(found["params"])),
            format_si(int(found["macs"])),
            *(f"{100 * float(row[key]):.1f} %" if row[key] else "" for key in (f"accuracy_{seed}" for seed in SEEDS)),
            *(f"{found[key]:.2f}" for key in ("capacity_proxy", *PROXIES)),
        )
        for row, found in known
    ]
    seeds = (f"Held-out accuracy, seed {seed}" for seed in SEEDS)
    headers = ("Config", "Parameters", "MACs", *seeds, *map(label_of, ("capacity_proxy", *PROXIES)))
    return markdown_table(headers, cells, numeric=range(1, len(headers)))


def _label(key: str) -> str:
    return in_a_sentence(label_of(key))


def _band() -> str:
    low, high = BAND
    return f"{low / 1e6:g} to {high / 1e6:g}"


def main(arguments: list[str]) -> None:
    if "--train" in arguments:
        train()
    found = parts()
    print(*found.values(), sep="\n")
    if "--write" in arguments:
        DOCUMENT.write_text(renewed(DOCUMENT, found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
