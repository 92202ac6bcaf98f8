"""Devices: the shipped data sheets hold known facts; a bad name, precision or file gets one sentence."""

from __future__ import annotations

import json

import pytest

from analysis.facts import (
    UnknownDeviceError,
    device_of,
    get_device,
    list_devices,
    parse_device,
    read_device,
)
from analysis.hardware.predict.classes import CLASSES, device_class
from analysis.precision import ARITHMETICS
from archs.errors import ConfigError

OWN = {"name": "my card", "fp32_flops_per_s": 20e12, "fp16_flops_per_s": 80e12, "bandwidth_bytes_per_s": 5e11}


@pytest.mark.parametrize("name", list_devices())
def test_data_sheets_are_in_base_units(name):
    device = get_device(name)
    assert 2e11 < device.fp32_flops_per_s < 2e14
    assert 2e10 < device.bandwidth_bytes_per_s < 9e12
    assert device.source
    assert set(device.precisions) <= set(ARITHMETICS)


@pytest.mark.parametrize(
    ("name", "fp16", "bandwidth"),
    [("RTX 3090", 71e12, 936e9), ("RTX 4090", 165.2e12, 1008e9), ("RTX 5090", 209.5e12, 1792e9)],
)
def test_geforce_cards_accumulate_float16_in_float32_at_half_the_advertised_rate(name, fp16, bandwidth):
    device = get_device(name)
    assert device.peak_flops_per_s("fp16") == fp16
    assert device.bandwidth_bytes_per_s == bandwidth
    assert "accumulation" in device.note


@pytest.mark.parametrize(
    ("name", "fp16", "tf32"),
    [
        ("L40S", 366.4e12, 183.2e12),
        ("RTX 5090", 209.5e12, 104.8e12),
        ("RTX PRO 6000 Blackwell Max-Q", 438.9e12, 219.4e12),
        ("TITAN Xp", 12.15e12, None),
        ("Jetson AGX Orin 64GB", 42.6e12, 21.3e12),
    ],
)
def test_what_data_sheets_left_out_is_mended_with_a_note(name, fp16, tf32):
    device = get_device(name)
    assert device.fp16_flops_per_s == fp16
    assert device.tf32_flops_per_s == tf32
    assert device.note


@pytest.mark.parametrize(
    ("name", "sheet"),
    [
        ("NVIDIA A100-SXM4-40GB", "A100 SXM 40GB"),
        ("a100-sxm4-40gb", "A100 SXM 40GB"),
        ("Tesla T4", "T4"),
        ("NVIDIA H100 80GB HBM3", "H100 SXM"),
        ("NVIDIA GeForce RTX 4080", "RTX 4080"),
        ("NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition", "RTX PRO 6000 Blackwell Max-Q"),
        ("AMD Radeon RX 7900 XTX", "Radeon RX 7900 XTX"),
    ],
)
def test_pytorchs_names_are_accepted(name, sheet):
    assert get_device(name).name == sheet


def test_every_device_has_a_class():
    classes = {name: device_class(get_device(name)) for name in list_devices()}
    assert set(classes.values()) == set(CLASSES)
    assert classes["TITAN V"] == classes["RTX 2060 Max-Q"] == "GeForce"
    assert classes["RTX PRO 6000 Blackwell"] == classes["Quadro RTX 8000"] == "professional and data centre"


def test_names_may_differ_in_case():
    assert get_device(" rtx 3090 ") is get_device("RTX 3090")


def test_an_unknown_device_is_answered_with_the_nearest():
    with pytest.raises(UnknownDeviceError, match="There is no device 'RTX 4085'; the nearest names are 'RTX 4080'"):
        get_device("RTX 4085")


def test_a_precision_that_the_device_lacks_is_one_sentence():
    with pytest.raises(ConfigError, match="precision is 'float16', but must be one that GTX 960 has"):
        get_device("GTX 960").peak_flops_per_s("fp16")
    with pytest.raises(ConfigError, match="bfloat16"):
        get_device("T4").peak_flops_per_s("bf16")


def test_a_users_device_is_read_from_json(tmp_path):
    path = tmp_path / "card.json"
    path.write_text(json.dumps(OWN))
    assert read_device(path).peak_flops_per_s("fp16") == 80e12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fp32_flops_per_s": 35.6}, "fp32_flops_per_s of my card is 35.6, but must be a number from 1e.09"),
        ({"bandwidth_bytes_per_s": -1}, "bandwidth_bytes_per_s of my card is -1"),
        ({"bandwidth_bytes_per_s": "fast"}, "is 'fast', but must be a number"),
        ({"fp16_flops_per_s": True}, "is True, but must be a number"),
        ({"l2_bytes": float("nan")}, "l2_bytes of my card is nan"),
        ({"bandwith": 1e12}, "device field is 'bandwith'.*'bandwidth_bytes_per_s'"),
        ({"name": ""}, "the name of the device"),
        ({"name": 5}, "the name of the device"),
    ],
)
def test_absurd_values_are_named(change, message):
    with pytest.raises(ConfigError, match=message):
        device_of(OWN | change)


@pytest.mark.parametrize("missing", ["name", "fp32_flops_per_s", "bandwidth_bytes_per_s"])
def test_missing_values_are_named(missing):
    with pytest.raises(ConfigError, match=f"given with {missing}"):
        device_of({key: value for key, value in OWN.items() if key != missing})


@pytest.mark.parametrize("text", ["", "[]", "{", "5", "\x00", "[" * 100_000])
def test_a_broken_file_is_one_sentence(tmp_path, text):
    path = tmp_path / "card.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="JSON"):
        read_device(path)


def test_a_shipped_devices_name_is_taken():
    with pytest.raises(ConfigError, match="no shipped device"):
        parse_device(json.dumps(OWN | {"name": " rtx 4090"}), "card.json")


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_device(tmp_path / "nothing.json")
