"""NumPy's integers in every numeric field of every record and every argument of a public function, by their records.

`tests/archs/test_numpy_values.py` gives all that NumPy has to a few; here the fields and arguments are all there are.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import archs
from archs.config import Declared, declared
from detectors.kinds import KINDS, resolve_detector
from tests.support.exhaustive import EXHAUSTIVE, OF_EACH_FAMILY, representatives
from tests.support.fuzz.calls import functions
from tests.support.fuzz.values import INTEGER_TYPES
from training import get_recipe

RECORDS: dict[str, Declared] = {
    **{name: archs.get_config(name) for name in OF_EACH_FAMILY},
    **{kind: resolve_detector(f"{kind}/densenet121") for kind in KINDS},
    "recipe": get_recipe("digits"),
}
FIELDS = [
    (name, field)
    for name, record in RECORDS.items()
    for field, each in declared(type(record)).items()
    if each.kind in ("integer", "image_size", "number")
]


def of_dtype(value: Any, dtype: Any) -> Any:
    """A value with every whole number in it made one of NumPy, bent where it does not fit; else the value itself."""
    if isinstance(value, (tuple, list)):
        return type(value)(of_dtype(each, dtype) for each in value)
    if isinstance(value, range):
        return [of_dtype(each, dtype) for each in value]
    if isinstance(value, dict):
        return {key: of_dtype(each, dtype) for key, each in value.items()}
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1 or abs(value) >= 2**63:
        return value
    return np.array(int(value)).astype(dtype)[()]


def as_python(value: Any) -> Any:
    """The same with what NumPy says that they are."""
    if isinstance(value, (tuple, list)):
        return type(value)(map(as_python, value))
    if isinstance(value, dict):
        return {key: as_python(each) for key, each in value.items()}
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


def forms(value: Any, dtype: Any) -> list[Any]:
    """What NumPy makes of it: numbers, arrays without an axis, and of a sequence one array."""
    given = of_dtype(value, dtype)
    if isinstance(given, np.generic):
        return [given, np.asarray(given)]
    numbers = isinstance(given, (tuple, list)) and given and all(isinstance(each, np.generic) for each in given)
    return [given, np.array(given)] if numbers else [given]


def said(use: Any, value: Any) -> Any:
    """What comes of a value, down to the types of what is found; None where it is refused."""
    try:
        return _plain(use(value))
    except archs.DenseScopeError:
        return None


def _plain(found: Any) -> Any:
    if hasattr(found, "state_dict"):  # a network
        return {key: tuple(tensor.shape) for key, tensor in found.state_dict().items()}
    if isinstance(found, pd.DataFrame):
        return found.to_csv()
    if hasattr(found, "feasible"):
        return found.feasible.to_csv(), found.front.to_csv(), found.finding()
    if hasattr(found, "times"):  # measured: no two are alike
        return type(found)
    return repr(found)


def candidates(record: Declared, field: str) -> Iterator[Any]:
    """Values of a field: its own, the ends of what is allowed and beyond, and what bends in few bits."""
    each, own = declared(type(record))[field], getattr(record, field)
    yield own
    for one in (each.low, each.high, each.low - 1, each.high + 1, 127, 200, 40_000):
        if abs(one) < 2**63:
            yield (one,) * len(own) if isinstance(own, tuple) else one


#: Without `make test-exhaustive`: two dtypes, and of each field its own value and the largest.
DTYPES = representatives([np.int8, np.uint64], [*INTEGER_TYPES, np.bool_])


@pytest.mark.parametrize("name", RECORDS)
def test_fields_keep_pythons_numbers(name):
    record, taken = RECORDS[name], 0
    for field in [field for owner, field in FIELDS if owner == name]:
        values = [*candidates(record, field)]
        for value in values if EXHAUSTIVE else (values[0], values[2]):
            for given in (form for dtype in DTYPES for form in forms(value, dtype)):

                def with_value(value: Any, field: str = field) -> Any:
                    return replace(record, **{field: value})

                expected = said(with_value, as_python(given))
                assert said(with_value, given) == expected, f"{field} {given!r}"
                taken += expected is not None
    assert taken > len(declared(type(record))) // 2


#: Arguments that hold whole numbers, by function and name.
ARGUMENTS = [
    (name, argument)
    for name, (_, arguments) in functions().items()
    for argument, value in arguments.items()
    if repr(of_dtype(value, np.int64)) != repr(value) and name != "benchmark"
]


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
def test_arguments_count_as_pythons_numbers(name, argument):
    function, arguments = functions()[name]

    def use(value: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(**{**arguments, argument: value})

    own = as_python(of_dtype(arguments[argument], np.int64))
    assert said(use, own) is not None, "the example itself is refused"
    for dtype in representatives([np.uint64], [*INTEGER_TYPES, np.bool_]):
        for given in forms(arguments[argument], dtype):
            assert said(use, given) == said(use, as_python(given)), repr(given)
