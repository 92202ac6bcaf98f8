"""Which devices are enough: by the slow end of intervals; energy as a bound."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from analysis import summarize
from analysis.facts import device_of, get_device, list_devices
from analysis.hardware.needs import ENOUGH, NO_ROOM, PERHAPS, TOO_SLOW, energy_finding, needs_finding, rank_devices
from analysis.hardware.predict.predict import predict
from analysis.hardware.speeds import Conditions, known_speed
from analysis.memory.inference import inference_memory
from analysis.search.quantities import TrainingSeconds, evaluation_key
from analysis.units import THIN_SPACE
from archs import get_config
from archs.errors import DenseScopeError
from cli import main
from views.charts.evidence import UNCHECKED
from views.charts.needs import needs
from views.theme import LIGHT

NAMES = ("RTX 4090", "A100 SXM 40GB", "RTX 4060 Ti 16GB", "Jetson Nano")
NETWORK = "vovnet27_slim"


def ranked(needed: float, batch: int = 256, names: tuple[str, ...] = NAMES) -> dict[str, str]:
    found = rank_devices(NETWORK, needed, map(get_device, names), "eager", Conditions(batch))
    return {fit.device.name: fit.verdict for fit in found}


def test_a_device_is_enough_by_the_slow_end_of_its_interval() -> None:
    told = predict(NETWORK, "A100 SXM 40GB")
    slow, fast = 256 / told.interval.high, 256 / told.interval.low
    one = ("A100 SXM 40GB",)
    assert ranked(0.99 * slow, names=one) == {one[0]: ENOUGH}
    assert ranked(1.01 * slow, names=one) == ranked(0.99 * fast, names=one) == {one[0]: PERHAPS}
    assert ranked(1.01 * fast, names=one) == {one[0]: TOO_SLOW}


def test_they_are_ranked_by_verdict_then_by_what_they_do_at_their_slowest() -> None:
    verdicts = ranked(5000)
    assert next(iter(verdicts.items())) == ("RTX 4090", ENOUGH)
    assert list(verdicts.items())[-1] == ("Jetson Nano", TOO_SLOW)


def test_a_batch_that_does_not_fit_is_no_answer() -> None:
    held = inference_memory(summarize(NETWORK, None, 64, "float16")).total_bytes
    sheet = {"name": "tiny", "fp32_flops_per_s": 1e14, "fp16_flops_per_s": 1e14, "bandwidth_bytes_per_s": 1e12}
    for memory_bytes, verdict in ((held - 1, NO_ROOM), (held, ENOUGH)):
        device = device_of(sheet | {"memory_bytes": memory_bytes})
        [fit] = rank_devices(NETWORK, 1, [device], "eager", Conditions(64))
        assert fit.verdict == verdict
        assert fit.joules_at_most is None  # no power is told


def test_energy_is_board_power_times_the_longest_time() -> None:
    [fit] = rank_devices(NETWORK, 100, [get_device("L4")], "eager")
    assert fit.joules_at_most == pytest.approx(get_device("L4").tdp_watts * predict(NETWORK, "L4").interval.high / 256)
    assert "a bound that is neither measured nor published" in energy_finding([fit])
    published = rank_devices("densenet121", 100, [get_device("RTX 4090")], "eager")[0]
    assert published.speed.evidence == "published"
    assert published.least == published.most == published.speed.images_per_s


def test_the_command_ranks_a_device_of_ones_own_among_the_shipped(tmp_path: Path, capsys) -> None:
    sheet = {"name": "own card", "fp32_flops_per_s": 1e14, "bandwidth_bytes_per_s": 1e14}
    path = tmp_path / "card.json"
    path.write_text(json.dumps(sheet), encoding="utf-8")
    command = ["needs", NETWORK, "--images-per-s", "1000", "--device-file", str(path), "--format", "json"]
    assert main([*command, "--precision", "float32"]) == 0
    rows = {row["device"]: row for row in json.loads(capsys.readouterr().out)}
    assert len(rows) == 1 + len(list_devices())
    device = device_of(sheet)
    [fit] = rank_devices(NETWORK, 1000, [device], "eager", Conditions(precision="float32"))
    assert rows["own card"]["least_images_per_s"] == pytest.approx(fit.least)
    assert main(command) == 2
    assert "one that own card has by its data sheet" in capsys.readouterr().err


def test_findings_count_what_is_enough_and_name_what_draws_least() -> None:
    found = rank_devices(NETWORK, 1000, map(get_device, NAMES), "eager")
    assert needs_finding(found).replace(THIN_SPACE, " ") == (
        f"For 1,000 images/s of {NETWORK}, eager, 3 of 4 devices are enough even at their slowest; of least board "
        "power: RTX 4060 Ti 16GB (165 W)."
    )
    none = rank_devices(NETWORK, 10**6, map(get_device, NAMES), "eager")
    assert "none of 4 devices is enough at its slowest; " in needs_finding(none)
    assert none[0].devices == -(-(10**6) // none[0].least)
    with pytest.raises(DenseScopeError, match="images_per_s"):
        rank_devices(NETWORK, -1, [], "eager")


def test_the_hosts_time_decides_at_batch_1_and_a_known_one_narrows_the_interval() -> None:
    device = get_device("RTX 4090")
    usual, known, slow = (
        known_speed(NETWORK, device, "eager", Conditions(1, host_seconds=seconds)) for seconds in (None, 35e-6, 150e-6)
    )
    assert sum(known.error) < sum(usual.error)
    assert slow.images_per_s < 0.5 * known.images_per_s
    assert "the host takes" in usual.error_meaning


def test_lines_are_closed_where_figures_check_them_and_open_elsewhere() -> None:
    names = ("RTX 4090", "RTX 4080", "L4")
    found = rank_devices(NETWORK, 1000, map(get_device, names), "eager")
    widths = {
        name: trace.error_x.width
        for trace in needs(found, "#0072B2", LIGHT).data
        if trace.y[0] is not None
        for name in [fit.device.name for fit in found if fit.speed.images_per_s in trace.x]
    }
    assert widths["RTX 4090"] == widths["RTX 4080"] == 3
    assert widths["L4"] == 0
    assert UNCHECKED in {trace.name for trace in needs(found, "#0072B2", LIGHT).data}
    checked = [replace(fit, speed=replace(fit.speed, is_checked=True)) for fit in found]
    assert UNCHECKED not in {trace.name for trace in needs(checked, "#0072B2", LIGHT).data}


@pytest.mark.parametrize("name", ["retinanet/vovnet39", "backbone/vovnet39"])
def test_training_steps_of_detectors_and_backbones_are_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(DenseScopeError, match="only steps of classifiers are predicted"):
        predict(name, "RTX 4090", mode="training")


def test_searches_take_the_seconds_of_a_training_step() -> None:
    config = get_config(NETWORK)
    evaluator = TrainingSeconds("L4", 32, optimizer="adamw")
    step = predict(config, "L4", 32, mode="training", optimizer="adamw")
    assert evaluator(config) == step.seconds
    keys = {evaluation_key("training_seconds", each) for each in (evaluator, TrainingSeconds("T4", 32))}
    assert len(keys) == 2
    assert "StepFactors" in keys.pop()


def test_energy_is_lowest_only_where_no_other_device_may_take_as_little() -> None:
    sheet = {"fp32_flops_per_s": 1e14, "fp16_flops_per_s": 1e14, "bandwidth_bytes_per_s": 1e12}
    first, alike, far = (
        device_of(sheet | {"name": name, "tdp_watts": watts}) for name, watts in (("a", 100), ("b", 110), ("c", 2000))
    )
    told = energy_finding(rank_devices(NETWORK, 1, [first, far], "eager"))
    assert told.startswith("Energy has its lowest bound on a, at most ")
    assert told.endswith("and at full power no other device comes as low at its fastest.")
    met = energy_finding(rank_devices(NETWORK, 1, [first, alike, far], "eager"))
    assert met.startswith("Energy has its lowest bound on a, at most ")
    assert met.endswith("; 1 other device may take as little: their intervals meet.")
