"""Write analysis/data/published_*.csv and devices.csv from a folder of collected figures, one fact a row.

Run `python -m scripts.transcribe_published FOLDER [TABLE …]`, with the tables to write (all). Values go to base units;
the doubts about them go to `note`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.facts import DATA, columns_of
from analysis.precision import spelled
from scripts.published_notes import arch_of, cifar_arch_of, note_of

Row = dict[str, Any]

#: Each with a table of the same columns for the families that came later, but for the devices.
SOURCES = {
    "throughput_gpu": "families/throughput",
    "accuracy_imagenet": "families/accuracy_imagenet",
    "accuracy_cifar": "families/accuracy_cifar",
    "latency_energy_papers": "families/latency",
}
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
    "s": ("seconds", "s", 1.0),
    "s/minibatch": ("seconds_per_batch", "s", 1.0),
    "ms per batch": ("seconds_per_batch", "s", 1e-3),
    "frames/s": ("images_per_s", "images/s", 1.0),
}
#: Column of the source -> metric, base unit, factor.
BESIDE_TIMES = {
    "memory_mb": ("memory_bytes", "B", 1e6),
    "energy_j_per_img": ("joules_per_image", "J", 1.0),
    "gflops_per_s_as_stated": ("flops_per_s_as_stated", "FLOP/s", 1e9),
}
#: Metric of detectors in the source -> ours, where more than the spelling differs.
DETECTION_METRICS = {
    "mAP_50": "voc_map",
    "PQ": "panoptic_quality",
    "milliseconds": "seconds",
    "energy": "joules_per_image",
    "memory_as_stated": "memory_bytes",
    "train_memory": "training_memory_bytes",
}
#: Unit of detectors' figures in the source -> base unit, factor.
DETECTION_UNITS = {
    "M": ("", 1e6),
    "G": ("", 1e9),
    "ms": ("s", 1e-3),
    "MB": ("B", 1e6),
    "GB": ("B", 1e9),
    "J/image": ("J", 1.0),
    "GFLOP/s": ("FLOP/s", 1e9),
}
#: Backbones that the collection leaves without a registered name, as their authors' repository names them.
BACKBONES = {"RDNet-T": "rdnet_tiny", "RDNet-S": "rdnet_small", "RDNet-B": "rdnet_base"}


def throughput(table: pd.DataFrame) -> Iterator[Row]:
    """Images per second of timm's benchmark."""
    for row in table.to_dict("records"):
        execution = "compiled" if row["execution"] == "torch.compile" else row["execution"]
        facts = {key: row[key] for key in ("device", "layout", "software", "batch_size", "image_size")}
        facts["precision"] = spelled(row["precision"])
        yield facts | _fact(row, "images_per_s", row["images_per_s"], "images/s", execution=execution)


#: What other collections call an execution.
EXECUTIONS = {"TensorRT": "tensorrt"}


def speeds(table: pd.DataFrame) -> Iterator[Row]:
    """Images per second at inference or in training, of a collection in base units; doubts travel along."""
    for row in table.to_dict("records"):
        fact = row | {
            "precision": spelled(row["precision"]),
            "execution": EXECUTIONS.get(row["execution"], row["execution"]),
        }
        notes = [row["note"], note_of(fact)]
        yield fact | {"note": "; ".join(text for text in notes if isinstance(text, str) and text)}


def imagenet(table: pd.DataFrame) -> Iterator[Row]:
    """Top-1 and top-5 error on ImageNet."""
    for row in table.to_dict("records"):
        for metric in ("top1_error", "top5_error"):
            yield _fact(row, metric, row[metric], "%") | {
                "dataset": "ImageNet",
                "recipe": row["variant_note"],
                "evaluation": row["crop"],
                "image_size": evaluated_at(row),
            }


def evaluated_at(row: Row) -> float:
    """The side that the source states, beside the accuracy or beside the operations."""
    beside = re.search(r"at (\d+) x \1", str(row["flops_convention"]))
    return float(beside[1]) if beside and row["img_size"] != row["img_size"] else row["img_size"]


def cifar(table: pd.DataFrame) -> Iterator[Row]:
    """Error on CIFAR and SVHN."""
    for row in table.to_dict("records"):
        k = row["growth_rate"]
        growth = "" if k != k else f", k = {k}" if isinstance(k, str) else f", k = {k:.0f}"
        name = f"{row['model']} (L = {row['depth']}{growth})"
        for column, dataset in CIFAR_DATASETS.items():
            fact = _fact(row | {"model": name}, "error", row[column], "%", note=row["note"])
            yield fact | {"dataset": dataset, "image_size": 32, "arch": cifar_arch_of(row)}


def latency(table: pd.DataFrame) -> Iterator[Row]:
    """Time, memory, energy and stated FLOP/s of classifiers, training steps, and detectors in other tables."""
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


def detection(table: pd.DataFrame) -> Iterator[Row]:
    """APs, costs and speeds of detectors; a size that the source doesn't state goes to the doubts."""
    for row in table.to_dict("records"):
        unit, factor = DETECTION_UNITS.get(row["unit"], (row["unit"], 1.0))
        metric = DETECTION_METRICS.get(row["metric"]) or re.sub("^ap", "box_ap", row["metric"].lower())
        arch = row["arch"] or BACKBONES.get(row["backbone"], "")
        fact = row | {"metric": metric, "unit": unit, "value": float(f"{float(row['value']) * factor:.12g}")}
        size = row["image_size"]
        notes = [f"at {size}" if size and not size.isdigit() else "", row["note"]]
        notes.append(note_of(fact | {"network": row["detector"]}))
        fact |= {"arch": arch, "image_size": int(size) if size.isdigit() else None}
        yield fact | {"note": "; ".join(filter(None, notes))}


def beside_detectors(times: Iterable[Row], detectors: Iterable[Row]) -> Iterator[Row]:
    """The times but for those that the table of detectors holds: from the same table, with the same words."""
    told: dict[tuple[Any, ...], list[set[str]]] = {}
    for fact in detectors:
        told.setdefault(_place(fact), []).append(_words(f"{fact['detector']} {fact['backbone']}"))
    for row in times:
        is_told = any(_words(row["network"]) <= words for words in told.get(_place(row), ()))
        if not (is_told and row["scope"] == "detector inference"):
            yield row


def _place(fact: Row) -> tuple[Any, ...]:
    return fact["source"].split()[0], *re.findall(r"Table \d+", fact["source"]), fact["metric"], fact["value"]


def _words(name: str) -> set[str]:
    return {*re.split("[ -]", name.strip())}


def _fact(row: Row, metric: str, value: float, unit: str, note: Any = None, **more: Any) -> Row:
    """What every fact has."""
    fact = {"network": row["model"], "metric": metric, "value": float(f"{value:.12g}"), "unit": unit} | more
    arch = arch_of(row["model"], row["source"], row.get("scope"), row.get("variant_note"))
    fact |= {"source": row["source"], "arch": arch}
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


#: What data sheets leave out or get wrong, with what shows it; values in base units.
MENDED: dict[str, tuple[dict[str, float], str]] = {
    "L40S": (
        {"fp16_flops_per_s": 3.664e14, "bf16_flops_per_s": 3.664e14, "tf32_flops_per_s": 1.832e14},
        "float16 by its own TF32 and FP8 figures, which are half and twice of 366.4 (the page says 362)",
    ),
    "H200 SXM": (
        {"boost_hz": 1.83e9},
        "1830 MHz is the clock of tensor cores (989 TFLOP/s over 132 SMs and 4096 FLOP); 1980 MHz belongs to float32",
    ),
    "RTX 5090": ({"tf32_flops_per_s": 1.048e14}, "TF32 at half the float16 rate"),
    "RTX PRO 6000 Blackwell Max-Q": ({"tf32_flops_per_s": 2.194e14}, "TF32 at half the float16 rate"),
    "TITAN V": ({"fp16_flops_per_s": 1.192e14}, "float16 as V100: SMs × 1024 FLOP × boost clock; 110 is advertised"),
    "Jetson AGX Orin 64GB": (
        {"fp16_flops_per_s": 4.26e13, "bf16_flops_per_s": 4.26e13, "tf32_flops_per_s": 2.13e13},
        "tensor rates as A100's SMs: SMs × 2048 FLOP × clock, TF32 at half of that",
    ),
    "Jetson TX2": ({"fp16_flops_per_s": 1.331e12}, "float16 at twice the float32 rate, on vector units"),
    **dict.fromkeys(
        ("TITAN X (Pascal)", "TITAN Xp", "GTX 1080 Ti"),
        ({}, "float16 is stored in 16 bits and computed at the float32 rate"),
    ),
}


def mended(table: pd.DataFrame) -> pd.DataFrame:
    """Data sheets with what `MENDED` knows better."""
    frame = table.set_index("name", drop=False)
    for name, (values, reason) in MENDED.items():
        values = values or {"fp16_flops_per_s": float(frame.loc[name, "fp32_flops_per_s"])}
        for column, value in values.items():
            frame.loc[name, column] = value
        frame.loc[name, "note"] = "; ".join(filter(None, [frame.loc[name, "note"], reason]))
    return frame.reset_index(drop=True)


#: Not kernels on a queue, as the prediction takes it.
NO_GPU = r"\(CPU\)"


def all_devices(folder: Path) -> pd.DataFrame:
    """The data sheets of both collections."""
    more = pd.read_csv(folder / "hardware/devices.csv")
    known = devices(pd.read_csv(folder / "devices.csv"))
    return mended(pd.concat([known, more[~more["name"].str.contains(NO_GPU)]], ignore_index=True))


def write(name: str, rows: Iterator[Row]) -> None:
    """One table, without the cells that the sources leave empty."""
    frame = pd.DataFrame([row for row in rows if row["value"] == row["value"]]).reindex(columns=columns_of(name))
    for column in {"batch_size", "image_size"} & {*frame.columns}:
        frame[column] = frame[column].astype("Int64")
    frame.dropna(axis="columns", how="all").to_csv(
        DATA / f"published_{name}.csv", index=False, lineterminator="\n", float_format="%.12g"
    )


def main(folder: Path, names: Sequence[str] = ()) -> None:
    tables = [[pd.read_csv(folder / f"{name}.csv") for name in pair] for pair in SOURCES.items()]
    speed, accuracy, small, times = map(pd.concat, tables)
    more, steps = (pd.read_csv(folder / "hardware" / f"{name}.csv") for name in ("throughput", "training"))
    detectors = [*detection(pd.read_csv(folder / "detection" / "published.csv", dtype="str", keep_default_na=False))]
    written = {
        "throughput": lambda: iter([*throughput(speed), *speeds(more)]),
        "training": lambda: speeds(steps),
        "accuracy": lambda: iter([*imagenet(accuracy), *cifar(small)]),
        "latency": lambda: beside_detectors(latency(times), detectors),
        "costs": lambda: costs(accuracy, speed),
        "detection": lambda: iter(detectors),
    }
    for name in names or (*written, "devices"):
        if name == "devices":
            all_devices(folder).to_csv(DATA / "devices.csv", index=False, lineterminator="\n", float_format="%.12g")
        else:
            write(name, written[name]())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
