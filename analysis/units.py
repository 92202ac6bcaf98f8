"""Numbers for people: three significant digits, SI prefixes, thin spaces. Raw numbers stay raw until here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import floor, inf, isfinite, log10

from analysis.quantities import QUANTITIES

THIN_SPACE = "\u2009"
_PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}


def format_si(value: float, unit: str = "") -> str:
    """Three significant digits with an SI prefix.

    >>> format_si(7_978_856)
    '7.98\u2009M'
    >>> format_si(465e6, "B")
    '465\u2009MB'
    >>> format_si(512)
    '512'
    """
    if value == 0 or not isfinite(value):
        return f"{value:g}{THIN_SPACE}{unit}".rstrip(THIN_SPACE)
    digits = f"{value:.2e}"
    mantissa, exponent = float(digits[: digits.index("e")]), int(digits[digits.index("e") + 1 :])
    prefix = min(max(3 * floor(exponent / 3), min(_PREFIXES)), max(_PREFIXES))
    decimals = max(0, 2 - (exponent - prefix))
    if prefix == 0 and isinstance(value, int):
        decimals = 0
    number = f"{mantissa * 10.0 ** (exponent - prefix):.{decimals}f}"
    return f"{number}{THIN_SPACE}{_PREFIXES[prefix]}{unit}".rstrip(THIN_SPACE)


def capitalised(text: str) -> str:
    """A text that begins a line: its first letter is large, the rest stays.

    >>> capitalised("dense block 1 of VoVNet")
    'Dense block 1 of VoVNet'
    """
    return text[:1].upper() + text[1:]


def without_zeros(text: str) -> str:
    """A round number needs no zeros behind its point.

    >>> without_zeros("2.00 G"), without_zeros("2.50 G")
    ('2 G', '2.5 G')
    """
    return re.sub(r"\.0+(?!\d)|(?<=\.)(\d*?[1-9])0+(?!\d)", r"\1", text)


def format_ratio(ratio: float) -> str:
    """A factor against a baseline, three significant digits.

    >>> format_ratio(2.5)
    '×2.50'
    """
    if ratio == 0 or not isfinite(ratio):
        return f"×{ratio:g}"
    return f"×{ratio:.{max(0, 2 - floor(log10(abs(ratio))))}f}"


def format_share(share: float) -> str:
    """A share of a whole, in percent.

    >>> format_share(0.7499)
    '75\u2009%'
    """
    percent = 100 * share
    if 0 < percent < 0.05:
        return f"<0.1{THIN_SPACE}%"
    decimals = 1 if 0 < percent < 9.95 else 0
    return f"{percent:.{decimals}f}{THIN_SPACE}%"


def format_percent(share: float, decimals: int = 1) -> str:
    """A share in percent, with one decimal as accuracies are told.

    >>> format_percent(0.99167), format_percent(0.8375), format_percent(0.9549), format_percent(0.99167, 2)
    ('99.2\u2009%', '83.8\u2009%', '95.5\u2009%', '99.17\u2009%')
    """
    return f"{100 * share:.{decimals}f}{THIN_SPACE}%"


def format_quantity(key: str, value: float) -> str:
    """A quantity of `analysis.quantities` with its unit.

    >>> format_quantity("bytes_moved", 465_000_000), format_quantity("receptive_field", 2071)
    ('465\u2009MB', '2,071\u2009px')
    """
    unit, form = QUANTITIES[key].unit, QUANTITIES[key].form
    if form == "share":
        return format_share(value)
    if form == "points":
        return f"{100 * value:.1f}{THIN_SPACE}%"
    if form == "si":
        return format_si(value, unit)
    return f"{value:{',.2f' if form == 'decimal' else ',.10g'}}{THIN_SPACE}{unit}".rstrip(THIN_SPACE)


def format_exact(key: str, value: float) -> str:
    """Every digit of an integer, grouped; six significant digits of a ratio, three of what is tiny.

    >>> format_exact("params", 7978856), format_exact("seconds_per_image", 4.87707e-05)
    ('7,978,856', '48.8\u2009µs')
    """
    unit = QUANTITIES[key].unit
    if unit == "%":
        return f"{100 * value:.4f}{THIN_SPACE}%"
    if 0 < abs(value) < 1e-3:
        return format_si(value, unit)
    number = f"{int(value):,}" if value == int(value) else f"{value:,.6g}"
    return f"{number}{THIN_SPACE}{unit}".rstrip(THIN_SPACE)


def format_side(pixels: float) -> str:
    """The side of a receptive field.

    >>> format_side(inf)
    'whole image'
    """
    return "whole image" if pixels == inf else format_quantity("receptive_field", int(pixels))


def format_signed(key: str, value: float) -> str:
    """What a quantity changes by, with its sign and unit.

    >>> format_signed("bytes_moved", -465_000_000), format_signed("macs", 0)
    ('−465\u2009MB', '0')
    """
    return f"{'−' if value < 0 else '+'}{format_quantity(key, abs(value))}" if value else "0"


def format_difference(value: int) -> str:
    """What a count is off by, with its sign.

    >>> format_difference(62_669_824), format_difference(-1000)
    ('+62.7\u2009M', '−1.00\u2009k')
    """
    return f"{'−' if value < 0 else '+'}{format_si(abs(value))}"


def format_change(share: float) -> str:
    """A share that a figure is above or below another, however small.

    >>> format_change(0.0222), format_change(-0.00003), format_change(10.832)
    ('+2.22\u2009%', '−0.003\u2009%', '+1,083\u2009%')
    """
    percent = 100 * share
    number = f"{percent:+,.0f}" if abs(percent) >= 999.5 else f"{percent:+.3g}" if share else "0"
    return f"{number}{THIN_SPACE}%".replace("-", "−")


def format_duration(seconds: float) -> str:
    """How long something takes, for people who wait: two of the largest units, or one.

    >>> format_duration(2.45), format_duration(75), format_duration(2320), format_duration(690_000)
    ('2.5\u2009s', '1\u2009min 15\u2009s', '39\u2009min', '8\u2009days')
    """
    if seconds < 10:
        return f"{seconds:.1f}{THIN_SPACE}s" if seconds >= 0.1 or not seconds else format_si(seconds, "s")
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{THIN_SPACE}s"
    if whole < 600:
        rest = f" {whole % 60}{THIN_SPACE}s" if whole % 60 else ""
        return f"{whole // 60}{THIN_SPACE}min{rest}"
    if (minutes := round(seconds / 60)) < 120:
        return f"{minutes}{THIN_SPACE}min"
    hours = round(seconds / 3600)
    return f"{hours}{THIN_SPACE}h" if hours < 72 else f"{round(seconds / 86400)}{THIN_SPACE}days"


def format_moment(iso: str) -> str:
    """When something was, to the minute.

    >>> format_moment("2026-11-27T10:48:37+00:00")
    '2026-11-27 10:48'
    """
    return iso[:16].replace("T", " ")


def format_size(size: tuple[int, int]) -> str:
    """An image size.

    >>> format_size((224, 224))
    '224×224'
    """
    return f"{size[0]}×{size[1]}"


def join(parts: Iterable[str]) -> str:
    """Words as a sentence lists them.

    >>> join(["a", "b", "c"])
    'a, b and c'
    """
    *head, last = parts
    return f"{', '.join(head)} and {last}" if head else last
