"""The parts of README.md and of docs/claims.md, memory.md, prediction.md and training.md that come from the code.

`python -m scripts.documents` prints them, with `--write` it puts them in place.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from analysis.claims import list_claims
from analysis.claims.records import claims_finding
from analysis.facts import DATA
from analysis.hardware.predict.calibrated import shipped_calibration
from analysis.hardware.predict.coverage import Check, check_intervals, coverage_rows
from analysis.hardware.predict.cpus import calibrated_cpus, cpu_error_rows, shipped_cpu_factors
from analysis.hardware.predict.detector_trials import detector_trials
from analysis.hardware.predict.spreads import Trial
from analysis.hardware.predict.step_calibrated import error_rows, step_factors
from analysis.hardware.predict.validation import (
    LEFT_OUT,
    Validation,
    error_row,
    fitting_launch_seconds,
    left_out_devices,
    small_batch_trials,
    validate_predictions,
)
from analysis.memory.training import training_schemes
from analysis.quantities import NETWORK_QUANTITIES, QUANTITIES
from analysis.summary import summarize
from training.columns import EPOCHS, RUNS, run_row
from training.data import get_data, list_data
from training.recipes import Recipe, get_recipe, list_recipes
from training.reuse import get_trained_reuse, list_trained_reuse
from training.runs.examples import shipped

ROOT = Path(__file__).parent.parent
README, CLAIMS, MEMORY, PREDICTION, TRAINING = (
    ROOT / name for name in ("README.md", "docs/claims.md", "docs/memory.md", "docs/prediction.md", "docs/training.md")
)


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    """A table whose `numeric` columns are set to the right."""
    rule = ["---:" if column in numeric else "---" for column in range(len(headers))]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (headers, rule, *rows))


def renewed(document: Path, parts: Mapping[str, str]) -> str:
    """A document with each part made anew between its comment lines, `<!-- name -->` and `<!-- /name -->`."""
    text = document.read_text(encoding="utf-8")
    for name, part in parts.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text, found = re.subn(pattern, lambda match, part=part: f"{match[1]}{part}{match[2]}", text, flags=re.DOTALL)
        assert found == 1, f"{document.name} has {found} places for {name}"
    return text


def readme_parts() -> dict[str, str]:
    return {"glossary": glossary(), "published": published(), "trained": trained()}


def memory_parts() -> dict[str, str]:
    return {"training": training()}


def claims_parts() -> dict[str, str]:
    """What is said of the family, with the verdict of the figures."""
    told = list_claims()
    rows = [(claim.says, f"**{claim.finding.verdict}**", claim.finding.figures, claim.source) for claim in told]
    table = markdown_table(("What is said", "Verdict", "Figures", "Who says so"), rows)
    return {"claims": f"{claims_finding(told)}\n\n{table}"}


def training_parts() -> dict[str, str]:
    return {"recipes": recipes(), "data": data_sets(), "shipped": shipped_runs()}


def prediction_parts(validation: Validation, devices: Sequence[Trial]) -> dict[str, str]:
    return {
        "factors": factors(),
        "errors": errors(validation),
        "coverage": coverage(check_intervals(validation, devices)),
        "devices": left_out(devices),
        "worst": worst(validation),
        "small batches": small_batches(),
        "detectors": detectors(),
    }


def step_parts() -> dict[str, str]:
    """The factors of training steps, and how far off they are."""
    rows = [(f"`{name}`", f"{value:.2f}") for name, value in step_factors()._asdict().items()]
    headers = ("Left out", "Of", "Figures", "Median error", "Worst", "Bias", "Coverage")
    errors = [
        (
            *(row["left_out"], row["of"], str(row["figures"])),
            *(f"{100 * row['median_error']:.1f} %", f"{100 * row['worst_error']:.1f} %"),
            *(f"{100 * row['bias']:+.1f} %", f"{100 * row['coverage']:.0f} %"),
        )
        for row in error_rows()
    ]
    return {
        "step factors": markdown_table(("Factor", "Value"), rows, numeric=(1,)),
        "step errors": markdown_table(headers, errors, numeric=range(2, len(headers))),
    }


def cpu_parts() -> dict[str, str]:
    """The factors of CPUs, and how far off they are."""
    names = calibrated_cpus()
    by_name = [shipped_cpu_factors(name)._asdict() for name in ("", *names)]
    shared = by_name[0]
    factors = [
        (f"`{name}`", f"{value:.4g}", *(f"{own[name]:.4g}" if own[name] != value else "" for own in by_name[1:]))
        for name, value in shared.items()
    ]
    headers = ("Left out", "Of", "Figures", "Median error", "Worst", "Bias", "Interval", "Coverage")
    errors = [
        (
            *(row["left_out"], row["of"], str(row["figures"])),
            *(f"{100 * row['median_error']:.1f} %", f"{100 * row['worst_error']:.1f} %"),
            *(f"{100 * row['bias']:+.1f} %", f"+{100 * row['half_width']:.0f} %", f"{100 * row['coverage']:.0f} %"),
        )
        for row in cpu_error_rows()
    ]
    return {
        "cpu factors": markdown_table(("Factor", "Shared", *names), factors, numeric=range(1, 2 + len(names))),
        "cpu errors": markdown_table(headers, errors, numeric=range(2, len(headers))),
    }


def glossary() -> str:
    """What every quantity means."""
    rows = [(QUANTITIES[key].label, f"`{key}`", QUANTITIES[key].definition) for key in NETWORK_QUANTITIES]
    return markdown_table(("Term", "In the API", "Meaning"), rows)


SCALES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


def trained() -> str:
    """The networks whose maps of feature reuse are shipped."""
    return "".join(f"- {get_trained_reuse(name).describe()}\n" for name in list_trained_reuse())


class Claim(NamedTuple):
    """A published count, and what DenseScope counts."""

    name: str
    quantity: str
    published: str
    source: str
    note: str
    ours: int

    @property
    def agrees(self) -> bool:
        """Ours rounds to what was published, at the digits that were published."""
        number, _, prefix = self.published.partition(" ")
        decimals = len(number.partition(".")[2])
        return round(self.ours / SCALES[prefix], decimals) == float(number)


def claims() -> list[Claim]:
    """Every published count, with ours at the network's own image size."""
    with (DATA / "published_counts.csv").open(encoding="utf-8", newline="") as file:
        return [
            Claim(**row, ours=getattr(summarize(row["name"], image_size=None), row["quantity"]))
            for row in csv.DictReader(file)
        ]


def published() -> str:
    """Ours against what others published."""
    rows = []
    for name, quantity, published, source, note, ours in claims():
        shown = f"{int(published):,}" if published.isdigit() else published
        rows.append(
            (f"`{name}`", QUANTITIES[quantity].label, shown, f"{ours:,}", f"{source}; {note}" if note else source)
        )
    return markdown_table(("Network", "Quantity", "Published", "DenseScope", "Source"), rows, numeric=(2, 3))


BATCH = 8
NETWORKS = ("densenet121", "densenet201", "densenet264", "densenetbc100_k12", "peleenet", "vovnet39", "ese_vovnet39b")


def training() -> str:
    """What each network saves for the backward pass, plain and recomputed, and what recomputing costs."""
    rows = []
    for name in NETWORKS:
        summary = summarize(name, image_size=None, batch_size=BATCH)
        plain, recomputed = training_schemes(summary).values()
        saved = [f"{found.saved_bytes / 1e6:,.1f} MB" for found in (plain, recomputed)]
        less = 1 - recomputed.saved_bytes / plain.saved_bytes
        again = recomputed.recomputed_costs.bytes_moved
        rows.append(
            (f"`{name}`", *saved, f"{less:.1%}", f"{again / 1e9:,.2f} GB", f"{again / summary.bytes_moved:.0%}")
        )
    headers = ("network", "plain", "recomputed", "less", "moved again", "of a forward pass")
    return markdown_table(headers, rows, numeric=range(1, 6))


def factors() -> str:
    """Each factor, shared and by device."""
    known = shipped_calibration()
    rows = []
    for name, value in known.shared._asdict().items():
        own = [getattr(known.factors(device), name) for device in known.deviations]
        rows.append((f"`{name}`", f"{value:.3f}", *[f"{each:.3f}" if each != value else "" for each in own]))
    headers = ("Factor", "Shared", *known.deviations)
    return markdown_table(headers, rows, numeric=range(1, len(headers)))


def errors(validation: Validation) -> str:
    """The errors by what was left out."""
    rows = [
        (
            row["left_out"],
            row["execution"],
            row["of"],
            str(row["figures"]),
            f"{100 * row['median_error']:.1f} %",
            f"{100 * row['worst_error']:.1f} %",
            f"{100 * row['bias']:+.1f} %",
            "" if row["rank_correlation"] is None else f"{row['rank_correlation']:.3f}",
        )
        for row in validation.rows()
    ]
    headers = ("Left out", "Execution", "Of", "Figures", "Median error", "Worst", "Bias", "Rank correlation")
    return markdown_table(headers, rows, numeric=range(3, 8))


def coverage(checks: Sequence[Check]) -> str:
    """How often the claimed interval holds the figure."""
    rows = [
        (
            row["left_out"],
            row["of"],
            str(row["figures"]),
            f"+{100 * row['half_width']:.0f} %",
            f"{100 * row['coverage']:.0f} %",
        )
        for row in coverage_rows(checks)
    ]
    return markdown_table(("Left out", "Of", "Figures", "Interval", "Coverage"), rows, numeric=(2, 3, 4))


def left_out(devices: Sequence[Trial]) -> str:
    """The errors on each device that was left out, by precision and batch regime."""
    groups: dict[tuple[str, ...], list[Trial]] = {}
    for trial in devices:
        key = (trial.group, trial.run.device, trial.run.precision, trial.regime)
        groups.setdefault(key, []).append(trial)
    rows = []
    for (group, device, precision, _), found in sorted(groups.items()):
        batches, row = [trial.run.batch_size for trial in found], error_row(found)
        errors = f"{100 * row['median_error']:.1f} %", f"{100 * row['bias']:+.1f} %"
        batch = f"{min(batches):,} to {max(batches):,}" if min(batches) < max(batches) else f"{min(batches):,}"
        rows.append((group, device, precision, batch, str(len(found)), *errors))
    headers = ("Class", "Device left out", "Precision", "Batches", "Figures", "Median error", "Bias")
    return markdown_table(headers, rows, numeric=(4, 5, 6))


WORST = 8


def worst(validation: Validation) -> str:
    """The figures that are missed by most."""
    rows = [
        (
            left_out,
            trial.run.network,
            str(trial.run.image_size),
            f"{trial.run.device}, {trial.run.layout}, {trial.run.execution}",
            f"{100 * trial.error:+.1f} %",
        )
        for left_out in LEFT_OUT
        for trial in sorted(validation.select(left_out), key=lambda trial: -abs(trial.error))[:WORST]
    ]
    return markdown_table(("Left out", "Network", "Image", "On", "Error"), rows, numeric=(2, 4))


def small_batches() -> str:
    """The latencies of VoVNet's README beside the predictions for one image."""
    rows = [
        (trial.run.network, f"{1000 * trial.run.seconds:.0f} ms", f"{1000 * trial.seconds:.1f} ms")
        for trial in small_batch_trials()
    ]
    fitting = f"\nThe published times would fit {1e6 * fitting_launch_seconds():.0f} µs a kernel.\n"
    return markdown_table(("Network", "Published", "Predicted, batch 1"), rows, numeric=(1, 2)) + fitting


def detectors() -> str:
    """Published times of detectors beside what is predicted of their layers."""
    rows = [
        (
            *(each.run.network, str(each.run.pyramid), each.run.device, f"{1000 * each.run.seconds:.0f} ms"),
            *(f"{1000 * each.seconds:.1f} ms", f"{1000 * each.left_out:.1f} ms"),
            *(f"{100 * each.error:+.1f} %", "yes" if each.is_inside else "no"),
        )
        for each in detector_trials()
    ]
    headers = ("Detector", "Pyramid", "On", "Published", "Layers, predicted", "Beside", "Error", "Within")
    return markdown_table(headers, rows, numeric=(1, 3, 4, 5, 6))


def recipes() -> str:
    """Every recipe: when, how fast, on what, from where."""
    rows = []
    for name in list_recipes():
        recipe = get_recipe(name)
        terms = [
            recipe.optimizer != "adamw" and recipe.momentum and f"momentum {recipe.momentum:g}",
            recipe.optimizer == "adamw" and f"β₂ {recipe.beta2:g}",
            recipe.nesterov and "Nesterov",
            recipe.weight_decay and f"decay {recipe.weight_decay:g}{'' if recipe.decay_all else ' of weights alone'}",
            recipe.drop_rate and f"dropout {recipe.drop_rate:g}",
            recipe.label_smoothing and f"label smoothing {recipe.label_smoothing:g}",
            recipe.ema_decay and f"averaged weights {recipe.ema_decay:g}",
            recipe.initial == "xavier" and "begins with Xavier's weights",
            recipe.max_norm and f"gradients of at most {recipe.max_norm:g}",
            recipe.freeze and f"{recipe.freeze} stages frozen",
            recipe.frozen_norm and "norms frozen",
        ]
        optimizer = ", ".join((recipe.optimizer.upper(), *filter(None, terms)))
        cells = (f"`{recipe.data}`", str(recipe.epochs), str(recipe.batch_size), recipe.lr_words(), optimizer)
        rows.append((f"`{name}`", *cells, images_of(recipe), f"{recipe.source}. {recipe.notes}".rstrip()))
    headers = (
        "Recipe",
        "Data",
        "Epochs",
        "Batch",
        "Learning rate",
        "Optimiser",
        "Images",
        "Source, and what it leaves open",
    )
    return markdown_table(headers, rows, numeric=(2, 3))


def images_of(recipe: Recipe) -> str:
    """What a recipe does to images."""
    said = [
        recipe.image_size and f"{recipe.image_size} px",
        recipe.normalise == "bytes" and "÷ 255",
        recipe.crop_area and f"crops of {recipe.crop_area[0]:g} to {recipe.crop_area[1]:g} of the area",
        recipe.flip and ("alternating flip" if recipe.alternate_flip else "flip"),
        recipe.shift and f"shift ±{recipe.shift}",
        recipe.jitter and f"colour jitter {recipe.jitter:g}",
        recipe.lighting and f"lighting {recipe.lighting:g}",
        recipe.cutout and f"cutout {recipe.cutout}",
        recipe.sides and f"shorter side {recipe.sides[0]} to {recipe.sides[-1]} px",
        recipe.box_crop and "crops around boxes",
        recipe.expand and f"canvas up to {recipe.expand:g}×",
        recipe.distort and "colours distorted",
        recipe.validation and f"{recipe.validation:,} pick the epoch",
    ]
    return ", ".join(filter(None, said)) or "as they are"


def data_sets() -> str:
    """Every data set that has a name."""
    rows = []
    for name in list_data():
        data = get_data(name)
        size = f"{data.image_size}×{data.image_size}{', grey' if data.channels == 1 else ''}"
        size = "each its own, with boxes" if data.boxes else size
        counts = (f"{data.train_images:,}", f"{data.test_images:,}", str(len(data.classes)))
        rows.append((f"`{name}`", data.title, size, *counts, data.licence, data.source))
    headers = ("Name", "", "Pixels", "To learn from", "For tests", "Classes", "Licence", "Source")
    return markdown_table(headers, rows, numeric=(3, 4, 5))


def shipped_runs() -> str:
    """The runs that are shipped, and the longest's epochs."""
    columns = [each for each in RUNS if each.key in SHOWN]
    runs = [[each.cell(run_row(run)) for each in columns] for run in shipped()]
    longest = max(shipped(), key=lambda run: run.recipe.epochs)
    epochs = [[each.cell(row) for each in EPOCHS] for row in longest.epochs()]
    return (
        markdown_table([each.title for each in columns], runs, numeric=range(4, len(columns)))
        + f"\n{longest.name}, epoch by epoch:\n\n"
        + markdown_table([each.title for each in EPOCHS], epochs, numeric=range(len(EPOCHS)))
    )


#: Of the columns of runs.
SHOWN = ("name", "network", "data", "recipe", "epochs", "accuracy", "best_accuracy", "seconds")


def main(arguments: Sequence[str]) -> None:
    predicted = prediction_parts(validate_predictions(), left_out_devices())
    whole = {
        README: readme_parts(),
        CLAIMS: claims_parts(),
        MEMORY: memory_parts(),
        PREDICTION: predicted | step_parts() | cpu_parts(),
        TRAINING: training_parts(),
    }
    for document, parts in whole.items():
        if arguments == ["--write"]:
            document.write_text(renewed(document, parts), encoding="utf-8")
        else:
            print(*parts.values(), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
