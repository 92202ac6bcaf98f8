"""The command `memory`: both modes, plain beside recomputed."""

import json

import pytest

import analysis
import archs
from analysis.memory import memory_of
from analysis.memory.training import training_schemes
from cli import main


def shown(command, capsys):
    assert main(command.split()) == 0
    return capsys.readouterr().out


def test_both_modes_and_both_designs(capsys):
    text = shown("memory densenet121 --batch-size 8 --budget 8", capsys)
    recomputed = archs.get_config("densenet121", memory_efficient=True)
    for config in ("densenet121", recomputed):
        memory = analysis.memory(config, 224, 8, mode="training")
        assert f"{memory.saved_bytes:,} B" in text
        assert f"batch {memory.largest_batch(8e9):,} in training" in text
    inference = analysis.memory("densenet121", 224, 8)
    assert f"{inference.peak_bytes:,} B" in text
    assert f"batch {inference.largest_batch(8e9):,} at inference" in text
    assert "71\u2009% less is saved" in text


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_one_mode(mode, capsys):
    text = shown(f"memory densenet_cifar --mode {mode}", capsys)
    assert ("At inference" in text, "In training" in text) == (mode == "inference", mode == "training")


def test_the_optimizer_decides_what_fits(capsys):
    texts = [
        shown(f"memory vovnet39 --mode training --budget 1 --optimizer {name}", capsys) for name in ("none", "adamw")
    ]
    for optimizer, text in zip(("none", "adamw"), texts, strict=True):
        memory = analysis.memory("vovnet39", mode="training")
        assert f"{memory.total_bytes(optimizer):,} B" in text
        assert f"batch {memory.largest_batch(1e9, optimizer):,} in training (plain)" in text


def test_nothing_fits(capsys):
    assert "not one image in training (plain)" in shown("memory densenet121 --mode training --budget 0.01", capsys)


@pytest.mark.parametrize("efficient", ["true", "false"])
def test_rows_are_those_of_the_design_that_is_asked_for(efficient, capsys):
    options = f"--mode training --format json --set memory_efficient={efficient}"
    rows = json.loads(shown(f"memory densenet_cifar {options}", capsys))
    config = archs.get_config("densenet_cifar", memory_efficient=efficient == "true")
    assert sum(row["nbytes"] for row in rows) == analysis.memory(config, 32, mode="training").saved_bytes


def test_networks_from_elsewhere_have_one_design(capsys):
    pytest.importorskip("timm")
    text = shown("memory timm/vovnet39a --mode training", capsys)
    assert "Plain" in text
    assert "Recomputed" not in text


@pytest.mark.long
def test_designs_of_a_module_are_its_own():
    config = archs.get_config("densenet_cifar", block_config=(3, 2), memory_efficient=True)
    module = archs.create_model(config, device="meta")
    expected = analysis.memory(config, 32, mode="training").saved_bytes
    schemes = training_schemes(analysis.summarize(module, 32))
    assert {scheme: memory.saved_bytes for scheme, memory in schemes.items()} == {"recomputed": expected}
    assert training_schemes(analysis.summarize(config, 32))["recomputed"].saved_bytes == expected


def test_what_a_device_gave_out_stands_beside_the_count(capsys, monkeypatch):
    from analysis.hardware.measure import allocator as on_device

    def read(summary, mode, device):
        counted = memory_of(summary, mode)
        return on_device.DeviceMemory(counted=counted, device_name=device, measured=on_device.Bytes(123_000, 124_416))

    monkeypatch.setattr(on_device, "memory_on_device", read)
    text = shown("memory densenet_cifar --device cuda:0 --mode inference", capsys)
    assert "On cuda:0 (unverified)" in text
    assert "124,416 B" in text


def test_without_a_gpu_one_sentence_says_so(capsys):
    assert main(["memory", "densenet_cifar", "--device", "gpu"]) != 0
    assert "device is 'gpu', but memory is read from a GPU: 'cuda' or 'cuda:N'." in capsys.readouterr().err
