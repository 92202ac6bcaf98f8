"""Designs: legal and huge, that fit no image, and that are none."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from archs.checks import MAX_IMAGE_SIDE
from archs.config import Field, NetworkConfig, declared
from archs.errors import ConfigError
from archs.registry import get_family, list_families
from tests.support.fuzz.values import WORDS


def _number(random: Random, field: Field, large: float) -> Any:
    """A number within a field's bounds: the largest, or any."""
    low, high = field.low, field.high
    if field.kind == "integer":
        return int(high) if random.random() < large else random.randint(int(low), int(high))
    inside = random.choice([low, high, (low + high) / 2, random.uniform(low, high)])
    return min(max(inside, low + 1e-9 * field.open_low), high - 1e-9 * field.open_high)


def _value(random: Random, field: Field, lengths: range | None, large: float) -> Any:
    match field.kind:
        case "boolean":
            return random.random() < 0.5
        case "choice":
            return random.choice(field.choices)
        case "image_size":
            return random.choice([224, 32, 1, MAX_IMAGE_SIDE, random.randint(1, MAX_IMAGE_SIDE)])
    if field.optional and random.random() < 0.3:
        return None
    if lengths is None:
        return _number(random, field, large)
    one = _number(random, field, large)
    count = lengths[-1] if random.random() < large else random.choice(lengths)
    return tuple(one if random.random() < 0.7 else _number(random, field, large) for _ in range(count))


def legal_config(random: Random, large: float = 0.5, tries: int = 400) -> NetworkConfig:
    """A config with some of its fields anywhere within their bounds, many at the upper: of any family.

    Args:
        large: how likely a number is the largest that there is.
    """
    for _ in range(tries):
        kind = get_family(random.choice(list_families())).config_type
        fields = declared(kind)
        sizes: dict[str, int] = {}
        values: dict[str, Any] = {}
        for name, field in sorted(fields.items(), key=lambda item: bool(item[1].per)):
            if random.random() < 0.5:
                lengths = field.lengths
                if field.per:
                    count = sizes.get(field.per, len(getattr(kind(), field.per)))
                    lengths = range(count, count + 1)
                values[name] = _value(random, field, lengths, large)
                if isinstance(values[name], tuple):
                    sizes[name] = len(values[name])
        try:
            return kind(**values)
        except ConfigError:
            continue
    return get_family(random.choice(list_families())).config_type()


def design_text(random: Random) -> str | bytes:
    """What stands for a design in a file or a link: often nearly one."""
    config = {name: value for name, value in vars(legal_config(random)).items() if random.random() < 0.6}
    values: dict[Any, Any] = {"schema": 1, "name": "x", "family": random.choice(list_families()), "config": config}
    for _ in range(random.randrange(3)):
        place = random.choice([values, config])
        key = random.choice([*place, "colour", ""])
        place[key] = random.choice([None, -1, 1e308, 10**30, "x", [], {}, [[1]], True, random.choice(WORDS)[:5000]])
    text = json.dumps(values)
    if random.random() < 0.3:
        place = random.randrange(len(text))
        text = (
            text[:place] + random.choice(["", "\0", "[" * 40_000, '"', "1e999", "9" * 5000, "NaN"]) + text[place + 1 :]
        )
    if random.random() < 0.1:
        text *= random.choice([2, 40])
    return text.encode(errors="surrogatepass") if random.random() < 0.3 else text
