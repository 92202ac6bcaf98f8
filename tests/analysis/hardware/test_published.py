"""Published figures: every fact has a source, names are ours where the network is, doubts travel along."""

from __future__ import annotations

import pytest

from analysis.facts import TABLES, UnknownFactError, columns_of, published
from archs import list_archs
from archs.errors import ConfigError
from scripts.transcribe_published import note_of


@pytest.mark.parametrize("table", TABLES)
def test_every_fact_has_a_value_a_metric_and_a_source(table):
    frame = published(table)
    assert list(frame.columns) == columns_of(table)
    assert len(frame) > 100
    assert (frame["value"] > 0).all()
    assert frame["source"].str.len().gt(10).all()
    assert frame["metric"].ne("").all()


@pytest.mark.parametrize("table", TABLES)
def test_names_of_ours_are_registered(table):
    assert set(published(table)["arch"]) <= {"", *list_archs()}


@pytest.mark.parametrize(
    ("table", "filters", "value"),
    [
        ("throughput", {"arch": "timm/densenet121", "device": "RTX 5090", "execution": "eager"}, 5369.35),
        ("throughput", {"arch": "densenet121", "device": "RTX 5090", "execution": "compiled"}, 10178.85),
        ("throughput", {"arch": "vovnet39", "device": "RTX 3090", "layout": "nhwc"}, 3393.85),
        ("latency", {"arch": "densenet201", "device": "TITAN X (Pascal)"}, 0.039),
        ("latency", {"arch": "vovnet39", "device": "TITAN X (Pascal)"}, 0.01),
        ("detection", {"arch": "vovnet39", "detector": "RefineDet320", "metric": "joules_per_image"}, 4.8),
        ("detection", {"arch": "vovnet39", "detector": "RefineDet320", "metric": "flops_per_s_as_stated"}, 815e9),
        ("accuracy", {"arch": "densenetbc190_k40", "dataset": "CIFAR-100+"}, 17.18),
        ("accuracy", {"arch": "densenet40_k12", "dataset": "SVHN"}, 1.79),
        ("throughput", {"arch": "hgnetv2_b4", "device": "RTX 4090", "execution": "eager"}, 6126.27),
        ("latency", {"arch": "hardnet39ds", "device": "V100", "metric": "seconds_per_batch"}, 0.00112),
        ("accuracy", {"arch": "condensenet74_c8_g8", "metric": "top1_error"}, 29.0),
        ("accuracy", {"arch": "condensenet182_cifar", "dataset": "CIFAR-100+"}, 18.47),
    ],
)
def test_facts(table, filters, value):
    assert value in published(table, **filters)["value"].tolist()


def test_the_compiler_flips_densenet121_and_vovnet39():
    def speed(arch: str, execution: str) -> float:
        frame = published(arch=arch, device="RTX 5090", execution=execution)
        return frame[frame["image_size"] == 224]["value"].item()

    assert speed("vovnet39", "eager") > speed("densenet121", "eager")
    assert speed("vovnet39", "compiled") < speed("densenet121", "compiled")


@pytest.mark.parametrize(
    ("table", "arch", "doubt"),
    [
        ("throughput", "timm/vovnet39a", "identity additions"),
        ("throughput", "timm/densenet264d", "not the paper's"),
        ("latency", "VoVNet-39", "no batch for its timing"),
        ("accuracy", "peleenet", "70.59"),
        ("accuracy", "vovnet39", "identity connections"),
        ("costs", "DenseNet264", "33.37 M"),
        ("accuracy", "hgnetv2_b0", "not to be set beside plain training"),
        ("accuracy", "hardnet68", "75.46"),
        ("latency", "hardnet39ds", "changed its V100 times"),
        ("costs", "CSPResNet-50", "first stage and pool differ"),
    ],
)
def test_doubts_travel_along(table, arch, doubt):
    assert published(table, arch=arch)["note"].str.contains(doubt, regex=False).any()


def test_transcribing_again_would_keep_the_doubts():
    rows = published("accuracy", dataset="ImageNet").to_dict("records")
    assert [row["note"] for row in rows] == [note_of(row) for row in rows]


def test_networks_that_only_share_a_name_are_not_ours():
    frame = published("accuracy", arch="pytorchcv DenseNet-40 (L = 40, k = 12)")
    assert set(frame["arch"]) == {""}
    assert "densenet264" not in set(published("throughput")["arch"])
    assert set(published("accuracy", arch="CSPResNet-50")["arch"]) == {""}


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownFactError, match="nearest names are 'RTX 4090'"):
        published(device="RTX4090")
    with pytest.raises(ConfigError, match="table is 'speed'"):
        published("speed")
    with pytest.raises(UnknownFactError, match="nearest names are 'V2-39'"):
        published("detection", backbone="V2_39")
    for table in ("accuracy", "throughput"):
        with pytest.raises(ConfigError, match="has none"):
            published(table, detector="Pelee")
    with pytest.raises(ConfigError, match="has none"):
        published("accuracy", device="RTX 4090")


def test_a_caller_cannot_change_the_table():
    frame = published()
    frame["value"] = 0.0
    assert (published()["value"] > 0).all()
