"""Write analysis/data/published_*.csv and devices.csv from a folder of collected figures, one fact a row.

Run `python -m scripts.transcribe_published FOLDER`. Values go to base units; the doubts about them go to `note`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.facts import COLUMNS, DATA
from analysis.precision import spelled

Row = dict[str, Any]

SOURCES = ("throughput_gpu", "accuracy_imagenet", "accuracy_cifar", "latency_energy_papers", "devices")
CIFAR_DATASETS = {
    "c10": "CIFAR-10",
    "c10_plus": "CIFAR-10+",
    "c100": "CIFAR-100",
    "c100_plus": "CIFAR-100+",
    "svhn": "SVHN",
}
#: Unit in the source -> metric, base unit, factor.
TIMES = {
    "ms": ("seconds", "s", 1e-3),
    "images/s": ("images_per_s", "images/s", 1.0),
    "s/minibatch": ("seconds_per_batch", "s", 1.0),
}
#: Column of the source -> metric, base unit, factor.
BESIDE_TIMES = {
    "memory_mb": ("memory_bytes", "B", 1e6),
    "energy_j_per_img": ("joules_per_image", "J", 1.0),
    "gflops_per_s_as_stated": ("flops_per_s_as_stated", "FLOP/s", 1e9),
}


def throughput(table: pd.DataFrame) -> Iterator[Row]:
    """Images per second of timm's benchmark."""
    for row in table.to_dict("records"):
        execution = "compiled" if row["execution"] == "torch.compile" else row["execution"]
        facts = {key: row[key] for key in ("device", "layout", "software", "batch_size", "image_size")}
        facts["precision"] = spelled(row["precision"])
        yield facts | _fact(row, "images_per_s", row["images_per_s"], "images/s", execution=execution)


def imagenet(table: pd.DataFrame) -> Iterator[Row]:
    """Top-1 and top-5 error on ImageNet."""
    for row in table.to_dict("records"):
        for metric in ("top1_error", "top5_error"):
            yield _fact(row, metric, row[metric], "%") | {
                "dataset": "ImageNet",
                "recipe": row["variant_note"],
                "evaluation": row["crop"],
                "image_size": row["img_size"],
            }


def cifar(table: pd.DataFrame) -> Iterator[Row]:
    """Error on CIFAR and SVHN."""
    for row in table.to_dict("records"):
        growth = f", k = {row['growth_rate']:.0f}" if row["growth_rate"] == row["growth_rate"] else ""
        name = f"{row['model']} (L = {row['depth']}{growth})"
        for column, dataset in CIFAR_DATASETS.items():
            fact = _fact(row | {"model": name}, "error", row[column], "%", note=row["note"])
            yield fact | {"dataset": dataset, "image_size": 32, "arch": cifar_arch_of(row)}


def latency(table: pd.DataFrame) -> Iterator[Row]:
    """Time, memory, energy and stated FLOP/s of classifiers, detectors and training steps."""
    for row in table.to_dict("records"):
        facts = {key: row[key] for key in ("device", "precision", "layout", "batch_size", "scope")}
        facts |= {"software": row["framework"], "image_size": row["img_size"], "evaluation": row["quality"]}
        if row["unit"] == row["unit"]:
            metric, unit, factor = TIMES[row["unit"]]
            yield facts | _fact(row, metric, row["value"] * factor, unit, note=row["caveat"])
        for column, (metric, unit, factor) in BESIDE_TIMES.items():
            yield facts | _fact(row, metric, row[column] * factor, unit, note=row["caveat"])


def costs(accuracy: pd.DataFrame, speed: pd.DataFrame) -> Iterator[Row]:
    """Parameters and operations as sources state them, each in its own convention."""
    for row in accuracy.to_dict("records"):
        facts = {"recipe": row["variant_note"], "image_size": row["img_size"]}
        yield facts | _fact(row, "params_as_stated", row["params_m"] * 1e6, "")
        flops = _fact(row, "flops_as_stated", row["flops_g_as_stated"] * 1e9, "", note=row["flops_convention"])
        yield facts | flops
    for row in speed.drop_duplicates(["model", "image_size"]).to_dict("records"):
        facts = {"image_size": row["image_size"]}
        yield facts | _fact(row, "params_as_stated", row["params_m_as_published"] * 1e6, "")
        yield facts | _fact(row, "macs_as_stated", row["gmacs_as_published"] * 1e9, "")


def _fact(row: Row, metric: str, value: float, unit: str, note: Any = None, **more: Any) -> Row:
    """What every fact has."""
    fact = {"network": row["model"], "metric": metric, "value": float(f"{value:.12g}"), "unit": unit} | more
    fact |= {"source": row["source"], "arch": arch_of(row["model"], row["source"], row.get("scope"))}
    notes = [note, note_of(fact | {"device": row.get("device")})]
    return fact | {"note": "; ".join(text for text in notes if isinstance(text, str) and text)}


def devices(table: pd.DataFrame) -> pd.DataFrame:
    """Data sheets in base units; bfloat16 runs at the rate of float16 from Ampere on, and not at all before."""
    fp16 = table["fp16_tensor_tflops_dense_fp32acc"].fillna(table["fp16_tensor_tflops_dense_fp16acc"])
    has_bf16 = ~table["architecture"].isin(["Pascal", "Volta", "Turing"])
    frame = pd.DataFrame(
        {
            "name": table["device"],
            "architecture": table["architecture"],
            "year": table["year"],
            "fp32_flops_per_s": table["fp32_tflops"] * 1e12,
            "tf32_flops_per_s": table["tf32_tflops"] * 1e12,
            "fp16_flops_per_s": fp16 * 1e12,
            "bf16_flops_per_s": (fp16 * 1e12).where(has_bf16),
            "bandwidth_bytes_per_s": table["bandwidth_gb_s"] * 1e9,
            "l2_bytes": table["l2_cache_mb"] * 2**20,
            "sm_count": table["sm_count"],
            "boost_hz": table["boost_mhz"] * 1e6,
            "memory_bytes": table["memory_gb"] * 1e9,
            "tdp_watts": table["tdp_w"],
            "source": table["source"],
        }
    )
    frame["note"] = [note_of({"device": name, "metric": "device", "network": "", "source": ""}) for name in frame.name]
    return frame


def write(name: str, rows: Iterator[Row]) -> None:
    """One table, without the cells that the sources leave empty."""
    frame = pd.DataFrame([row for row in rows if row["value"] == row["value"]]).reindex(columns=COLUMNS)
    for column in ("batch_size", "image_size"):
        frame[column] = frame[column].astype("Int64")
    frame.dropna(axis="columns", how="all").to_csv(
        DATA / f"published_{name}.csv", index=False, lineterminator="\n", float_format="%.12g"
    )


def main(folder: Path) -> None:
    speed, accuracy, small, times, sheets = (pd.read_csv(folder / f"{name}.csv") for name in SOURCES)
    write("throughput", throughput(speed))
    write("accuracy", iter([*imagenet(accuracy), *cifar(small)]))
    write("latency", latency(times))
    write("costs", costs(accuracy, speed))
    devices(sheets).to_csv(DATA / "devices.csv", index=False, lineterminator="\n", float_format="%.12g")


if __name__ == "__main__":
    main(Path(sys.argv[1]))


#: (pattern of the network, pattern of the source, pattern of the metric, note); empty patterns fit everything.
_NOTES = (
    (r"vovnet(39|57)a", "", "", "timm leaves out the identity additions that the authors' code has"),
    (
        r"ese_vovnet",
        "",
        "",
        "timm has eSE in the last module of a stage only; the authors' detection code has it in every module",
    ),
    (r"densenet264d", "", "", "timm's network with k = 48 and a deep stem, not the paper's DenseNet-264"),
    (
        r"DenseNet-?264",
        "",
        "params|flops",
        "sources give 33.37 M (PaddleClas), 31.79 M (ECA-Net, units of 2^20) and 27.21 M (Darknet, unexplained)",
    ),
    (r"DenseNet-264", "", "top1", "sources give 22.15 (paper), 22.1 (README), 22.0 (PaddleClas), 22.2 (Darknet)"),
    (
        "",
        "Lua|liuzhuang13",
        "top1",
        "the paper's table and the README differ by up to 0.2 (169: 23.80 and 23.6; 201: 22.58 and 22.5)",
    ),
    (
        r"densenet(121|161|169|201)",
        "torchvision|results-imagenet",
        "top1",
        "the same torchvision weights give different errors in torchvision, timm and the VoVNet README",
    ),
    (
        r"VoVNet-?(39|57)",
        "",
        "top1",
        "the recipe moves VoVNet's accuracy by two points: 39 from 76.77 (authors) to 78.82, 57 from 77.73 to 79.86",
    ),
    (
        r"VoVNet-?(39|57)$",
        r"VoVNet\.pytorch",
        "top",
        "of the authors' code, which adds identity connections that the paper's network and ours lack",
    ),
    (r"PeleeNet$", "", "top1", "72.6 (README), 72.08 (its weight file's name), 70.59 (pytorchcv), 70.7 (Darknet)"),
    ("", "Keras|keras", "params", "includes the running statistics of batch norm"),
    ("", "gau-nernst", "params", "without the classifier"),
    ("", "ECA-Net", "params", "in units of 2^20, by our inference"),
    (
        "",
        r"VoVNet\.pytorch",
        "seconds",
        "the README names batch 128 and batch 256 elsewhere, but no batch for its timing",
    ),
    (
        r"DenseNet-201",
        r"VoVNet\.pytorch",
        "seconds",
        "slower than DenseNet-161 with 44 % fewer MACs: speaks for a small batch",
    ),
    ("", "1904.09730", "", "the device of the paper's detector tables is not visible in what could be read"),
    (r"Pelee", "1904.09730", "images_per_s", "35 images/s on a desktop GPU is below the authors' 120 on a TX2"),
    (r"DenseNet-BC-100", "efficient_densenet", "", "the naive baselines of the two frameworks differ almost by two"),
    (
        r"pytorchcv (X-)?DenseNet-\d",
        "",
        "",
        "halves the channels at each transition also without bottleneck: smaller than the paper's network",
    ),
    (r"^(Pelee|PeleeNet)", "Pelee", "images_per_s", "neither precision nor batch is stated"),
    (r"RDNet-T", "", "params", "22 M (README), 24 M (model card), 23.86 M (timm)"),
)
_DEVICE_NOTES = {
    "RTX 5090": "float16 with float32 accumulation; 419 TFLOP/s with float16 accumulation is often copied for it",
    "RTX 4090": "float16 with float32 accumulation, half the rate of float16 accumulation (330 TFLOP/s)",
    "RTX 3090": "float16 with float32 accumulation, half the rate of float16 accumulation (142 TFLOP/s)",
    "RTX 2080 Ti": "float16 with float32 accumulation, half the rate of float16 accumulation (107.6 TFLOP/s)",
    "L4": "the data sheet names no accumulator: float32 accumulation may run at half the rate given; 58 or 60 SMs",
    "L40S": "the data sheet names no accumulator: float32 accumulation may run at half the rate given; "
    "sources give 48 and 96 MB of L2, 300 and 350 W",
    "A100 SXM 80GB": "L2: 40 MB (SXM) is used; a list of PCIe cards gives 80 MB",
    "A10": "the data sheet names no accumulator",
    "V100 SXM2 16GB": "300 W (NVIDIA) against 250 W (TechPowerUp)",
    "V100 SXM2 32GB": "300 W (NVIDIA) against 250 W (TechPowerUp)",
    "H100 SXM": "the preliminary figures were 60 and 1000 TFLOP/s",
    "H200 SXM": "4800 against 4890 GB/s",
    "T4": "320 against 300 GB/s",
    "Jetson AGX Orin 64GB": "sources give 4 and 6 MB of L2: left out",
    "Jetson TX2": "58.4 to 59.7 GB/s by source",
}


def note_of(fact: Mapping[str, Any]) -> str:
    """Every doubt that fits a fact."""
    if fact["metric"] == "device":
        return _DEVICE_NOTES.get(fact["device"], "")
    texts = (fact["network"], fact["source"], fact["metric"])
    return "; ".join(
        note
        for *patterns, note in _NOTES
        if all(re.search(pattern, str(text)) for pattern, text in zip(patterns, texts, strict=True))
    )


#: Sources whose networks of the same name are built differently from ours.
OTHER_NETWORKS = ("gau-nernst", "1e100", "zgcr")

_PATTERNS = (
    (r"densenet-?(121|161|169|201)", "densenet{}"),
    (r"densenet-?(264)(?:-32)?", "densenet{}"),
    (r"(ese_vovnet(?:19b_slim_dw|19b_dw|19b_slim|19b|39b|57b|99b))", "{}"),
    (r"vovnet-?(39|57)a?", "vovnet{}"),
    (r"vovnet-?(27)-slim", "vovnet{}_slim"),
    (r"(peleenet)", "{}"),
)
#: (network, depth, growth rate) in the papers' CIFAR tables.
_CIFAR = {
    ("DenseNet", "40", 12): "densenet40_k12",
    ("DenseNet", "100", 12): "densenet100_k12",
    ("DenseNet", "100", 24): "densenet100_k24",
    ("DenseNet-BC", "100", 12): "densenetbc100_k12",
    ("DenseNet-BC", "250", 24): "densenetbc250_k24",
    ("DenseNet-BC", "190", 40): "densenetbc190_k40",
}


def arch_of(network: str, source: str, scope: Any = None) -> str | None:
    """The registered name of an ImageNet classifier: timm/densenet121, densenet121.tv_in1k, DenseNet-121.

    The authors' VoVNet-39 and -57, of the same names, have two and five identity additions that ours and timm's lack.
    """
    if any(word in source for word in OTHER_NETWORKS) or (isinstance(scope, str) and scope != "classifier inference"):
        return None
    name = network.removeprefix("timm/").partition(".")[0].lower()
    for pattern, arch in _PATTERNS:
        if match := re.fullmatch(pattern, name):
            return arch.format(match[1])
    return None


def cifar_arch_of(row: dict[str, Any]) -> str | None:
    """The registered name of a CIFAR network; pytorchcv's without bottleneck halve their channels and are others."""
    model = row["model"]
    if model.startswith("pytorchcv DenseNet-BC-"):
        model = "DenseNet-BC"
    return _CIFAR.get((model, str(row["depth"]), row["growth_rate"]))
