"""NumPy's scalars and arrays count as the Python values that they stand for, in every field and every argument."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

import numpy as np
import pytest

import analysis
import archs
from analysis.search.budgets import parse_budgets
from analysis.search.space import Space
from archs.config import declared
from tests.support.exhaustive import representatives

DTYPES = sorted(
    {np.dtype(code).type for code in np.typecodes["All"] if code not in "Mm"}, key=lambda kind: kind.__name__
)
#: One of each kind.
FEW = [np.int8, np.uint64, np.float32, np.str_, np.bool_, np.object_]
CASES = [
    (name, field)
    for name in ("densenet121", "peleenet", "vovnet39")
    for field in declared(type(archs.get_config(name)))
]


def as_numpy(value, dtype):
    """The values that `dtype` can make of one: as a scalar, as arrays, and inside a tuple; none if it bends it."""
    with np.errstate(all="ignore"):
        try:
            array = np.asarray(value).astype(dtype)
        except (TypeError, ValueError, OverflowError):
            return []
    if array.ndim == 0:
        return [array[()], array]
    return [array, tuple(array), list(array)]


def as_python(given):
    """What NumPy itself says that the value is in Python."""
    if isinstance(given, (tuple, list)):
        return tuple(map(as_python, given))
    value = given.tolist() if isinstance(given, (np.ndarray, np.generic)) else given
    return tuple(value) if isinstance(value, list) else value


def same_types(one, other):
    """Whether two values are alike down to the types of their parts."""
    if isinstance(one, tuple):
        return type(other) is tuple and len(one) == len(other) and all(map(same_types, one, other))
    return type(one) is type(other)


@pytest.mark.parametrize(("name", "field"), CASES)
def test_a_config_keeps_python_values(name, field):
    """Whatever goes in: the config is the one of the Python value, or it is refused."""
    base = archs.get_config(name)
    for dtype in DTYPES:
        for given in as_numpy(getattr(base, field), dtype):
            python = as_python(given)
            try:
                config = archs.get_config(name, **{field: given})
            except archs.ConfigError:
                with pytest.raises(archs.ConfigError):
                    archs.get_config(name, **{field: python})
                continue
            expected = archs.get_config(name, **{field: python})
            assert config == expected
            assert hash(config) == hash(expected)
            assert json.dumps(asdict(config)) == json.dumps(asdict(expected))
            assert all(same_types(getattr(config, each.name), getattr(expected, each.name)) for each in fields(config))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.uint64])
def test_counts_do_not_overflow(dtype):
    config = archs.get_config("densenet121", growth_rate=dtype(32), num_classes=np.int16(1000))
    assert analysis.summarize(config).macs == analysis.summarize("densenet121").macs == 2_834_161_664


#: Arguments of public functions, each as a function of one value that may be NumPy's.
ARGUMENTS = {
    "plan_layers image_size": (64, lambda value: archs.plan_layers("densenet121", value)),
    "plan_layers sides": ((64, 96), lambda value: archs.plan_layers("densenet121", value)),
    "plan_layers batch_size": (100, lambda value: archs.plan_layers("densenet121", 224, value)),
    "summarize image_size": (120, lambda value: analysis.summarize("vovnet39", value)),
    "summarize batch_size": (100, lambda value: analysis.summarize("vovnet39", 224, value)),
    "summarize dtype": ("float16", lambda value: analysis.summarize("vovnet39", dtype=value)),
    "summarize route": ("plan", lambda value: analysis.summarize("vovnet39", route=value)),
    "memory batch_size": (100, lambda value: analysis.memory("peleenet", batch_size=value).rows()),
    "memory mode": ("training", lambda value: analysis.memory("peleenet", mode=value).saved_bytes),
    "memory inplace_relu": (False, lambda value: analysis.memory("peleenet", inplace_relu=value).rows()),
    "budget": (10**9, lambda value: analysis.memory("peleenet").largest_batch(value)),
    "footprint": (100, lambda value: analysis.memory("peleenet").footprint.total_bytes(value)),
    "predict batch_size": (100, lambda value: analysis.predict("peleenet", "RTX 3090", value).seconds),
    "predict precision": ("fp32", lambda value: analysis.predict("peleenet", "RTX 3090", precision=value)),
    "workload batch_size": (100, lambda value: analysis.Workload(batch_size=value)),
    "workload compile": (True, lambda value: analysis.Workload(compile=value)),
    "device": (
        82.0,
        lambda value: analysis.Device(name="d", fp32_flops_per_s=1e12, bandwidth_bytes_per_s=1e12, sm_count=value),
    ),
    "space values": ((16, 24), lambda value: Space("densenet121", {"growth_rate": value}).config_at(1)),
    "space index": (1, lambda value: Space("densenet121", {"growth_rate": (16, 24)}).config_at(value)),
    "budgets": ((50, 100), lambda value: parse_budgets({"depth": value}, ["depth"])),
    "search limit": (50, lambda value: _found(limit=value)),
    "search seed": (7, lambda value: _found(seed=value)),
    "search batch_size": (100, lambda value: _found(batch_size=value)),
}


def _found(**settings):
    space = Space("peleenet", {"growth_rate": (16, 24, 32), "num_init_features": (16, 32)})
    return analysis.search(space, objectives="macs", **settings).feasible.to_csv()


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_an_argument_counts_as_its_python_value(argument):
    value, use = ARGUMENTS[argument]
    kinds = FEW if argument.startswith("search") else representatives(FEW, DTYPES)
    taken = 0
    for given in (given for dtype in kinds for given in as_numpy(value, dtype)):
        if (python := as_python(given)) == value:  # else this dtype makes another value of it
            try:
                found = use(given)
            except archs.DenseScopeError:
                continue
            assert found == use(python)
            assert repr(found) == repr(use(python))
            taken += 1
    assert taken
