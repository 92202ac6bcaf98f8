"""The schemes of training are the same network, and what they keep is what is said of them."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from analysis import memory  # noqa: E402
from analysis.hardware.measure import training  # noqa: E402
from analysis.hardware.measure.record import BenchmarkError  # noqa: E402
from analysis.hardware.measure.training import measure_schemes, saved_bytes, schemes  # noqa: E402
from archs.errors import UnknownArchError  # noqa: E402


@pytest.mark.long
def test_every_scheme_is_measured_in_turn() -> None:
    calls: list[int] = []
    run = measure_schemes("densenet121", 2, 64, turns=2, after_step=lambda: calls.append(1))
    assert [scheme.name for scheme in run.schemes] == [
        "plain",
        "memory_efficient",
        "selective checkpoint",
        "torchvision's",
    ]
    assert len(calls) == 2 * len(run.schemes)
    assert all(len(scheme.times) == 2 and scheme.seconds > 0 for scheme in run.schemes)
    assert run.plain.saved_bytes == memory("densenet121", 64, 2, mode="training").saved_bytes
    by_name = {scheme.name: scheme for scheme in run.schemes}
    assert run.saving(by_name["memory_efficient"]) > 0.65
    assert run.saving(by_name["memory_efficient"]) > run.saving(by_name["selective checkpoint"]) > 0.5
    assert run.slowdown(run.plain) == 0


def test_schemes_compute_the_same() -> None:
    plain, *others = schemes("densenet_cifar").values()
    images, loss = torch.randn(2, 3, 32, 32), {}
    for model in (plain, *others):
        inner = getattr(model, "model", model)
        inner.load_state_dict(plain.state_dict())
        torch.manual_seed(0)
        loss[type(model).__name__, id(model)] = model(images).sum().item()
    assert len(loss) == 3
    assert max(loss.values()) == pytest.approx(min(loss.values()), rel=1e-4, abs=1e-4)


def test_selective_checkpoints_keep_less_than_plain() -> None:
    kept = {name: saved_bytes(model, torch.randn(2, 3, 32, 32)) for name, model in schemes("densenet_cifar").items()}
    assert kept["memory_efficient"] < kept["selective checkpoint"] < kept["plain"]


@pytest.mark.parametrize("name", ["peleenet", "ese_vovnet19b_slim_dw"])
def test_other_families_have_two_schemes(name: str) -> None:
    run = measure_schemes(name, 1, 64, turns=1)
    assert [scheme.name for scheme in run.schemes] == ["plain", "memory_efficient"]
    assert run.saving(run.schemes[1]) > 0.3


def test_unknown_networks_are_refused() -> None:
    with pytest.raises(UnknownArchError, match="'peleenet'"):
        measure_schemes("pelenet")


def test_too_little_memory_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.hardware.measure.processors.Cpu.free_memory", lambda self: 1000)
    with pytest.raises(BenchmarkError, match="take a smaller batch or image size"):
        training.measure_schemes("densenet_cifar", 2, 32)
