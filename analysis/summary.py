"""What a network is made of and what it costs: the layers of either route, metered and added up, or side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from analysis.depth import Depth, depth_of_layers
from analysis.meter import LayerCost, Totals, add_up, cost_layers, element_bytes
from analysis.ops import CONV_KINDS, OPS, as_maps, op_kind
from analysis.precision import parse_dtype
from analysis.targets import Target, resolve_target
from archs import checks
from archs.errors import ConfigError
from archs.layer import Layer, Pair, Shape
from detectors import part_of

if TYPE_CHECKING:
    import pandas as pd

    from analysis.trace.tracing import Trace


#: More networks than any library has.
MAX_COMPARED = 10_000


@dataclass(frozen=True, kw_only=True)
class Summary(Totals):
    """The totals of one network, with the layers that they come from."""

    target: Target
    image_size: Pair
    batch_size: int
    dtype: str
    #: "plan" or "trace": how the layers were derived.
    route: str
    layers: tuple[LayerCost, ...] = field(repr=False)
    #: The forward pass that was traced, None for a plan.
    trace: Trace | None = field(default=None, repr=False)

    @property
    def verified(self) -> bool:
        """Whether a second count agreed: PyTorch's dispatcher for a module; a plan and its trace are held equal."""
        return self.trace is None or self.trace.verified

    @property
    def notes(self) -> tuple[str, ...]:
        """What the figures leave out or in, in sentences."""
        if self.trace is None:
            left_out = self.target.left_out
            return (f"{left_out}.",) if left_out else ()
        ops = dict.fromkeys(layer.op for layer in self.uncounted)
        unknown = f"Counted as nothing, for want of a rule: {', '.join(ops)}" if ops else ""
        texts = (self.trace.doubt, unknown, self.trace.left_out, _unreached_words(self.unreached))
        return tuple(f"{text}." for text in texts if text)

    @property
    def unreached(self) -> dict[str, int]:
        """Scalars of each parameter that forward() does not reach, by name; `params` has them, no layer has."""
        return self.trace.unreached if self.trace else {}

    @property
    def trainable_params(self) -> int:
        """Parameters that learn (`requires_grad`), whether forward() reaches them or not."""
        module = self.target.module
        if module is None:
            return self.params
        return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """Shapes of what the network is given, (N, C, H, W) for an image."""
        if self.trace:
            return self.trace.input_shapes
        config = self.target.planned  # whose network may read the image in parts
        if config:
            return ((self.batch_size, config.in_channels, *self.image_size),)
        return (self.layers[0].layer.input_shapes[0],)

    @property
    def name(self) -> str:
        """The name under which the target was given, or the class of a module."""
        return self.target.name

    @property
    def family(self) -> str | None:
        """The family in the registry, None for other networks."""
        return self.target.family

    @property
    def uncounted(self) -> tuple[Layer, ...]:
        """Layers whose op the meter does not know; they are counted as nothing."""
        return tuple(cost.layer for cost in self.layers if cost.layer.op not in OPS)

    @cached_property
    def depth(self) -> Depth:
        """The weighted layers, as the papers of the family count them."""
        return depth_of_layers(self.target, [cost.layer for cost in self.layers])

    @property
    def traffic_outside_conv(self) -> float:
        """Share of the memory traffic that convolutions do not cause."""
        return 1 - self.traffic_share(CONV_KINDS)

    def traffic_share(self, kinds: Collection[str]) -> float:
        """Share of the memory traffic that some kinds of operation (`analysis.ops`) cause, from 0 to 1."""
        moved = sum(cost.bytes_moved for cost in self.layers if op_kind(cost.layer) in kinds)
        return moved / self.bytes_moved if self.bytes_moved else 0.0

    def by_stage(self) -> pd.DataFrame:
        """One row a stage, in execution order: the rows of the paper's table."""
        import pandas as pd

        return pd.DataFrame(self.stage_rows())

    def by_kind(self) -> pd.DataFrame:
        """One row a kind of operation (`analysis.ops`), in order of first appearance."""
        import pandas as pd

        return pd.DataFrame(self._rows_by("kind", lambda cost: op_kind(cost.layer)))

    def by_part(self) -> pd.DataFrame:
        """One row a part of a detector: backbone, neck, RPN, head."""
        import pandas as pd

        return pd.DataFrame(self.part_rows())

    def part_rows(self) -> list[dict[str, Any]]:
        """One record a part, plain values; the keys are the columns of `by_part`."""
        return self._rows_by("part", lambda cost: part_of(cost.layer.stage))

    def stage_rows(self) -> list[dict[str, Any]]:
        """One record a stage, plain values; the keys are the columns of `by_stage`."""
        return self._rows_by("stage", lambda cost: cost.layer.stage)

    def _rows_by(self, column: str, key: Callable[[LayerCost], str]) -> list[dict[str, Any]]:
        groups: dict[str, list[LayerCost]] = {}
        for cost in self.layers:
            groups.setdefault(key(cost), []).append(cost)
        rows = []
        for name, costs in groups.items():
            totals = Totals(cost=add_up(costs), element_bytes=self.element_bytes)
            last = costs[-1].layer
            output = "×".join(map(str, as_maps(last.op, last.output_shape)[1:]))
            rows.append({column: name, "layers": len(costs), "output": output} | totals.quantities())
        return rows

    def rows(self) -> list[dict[str, Any]]:
        """One record a layer, plain values; the keys are the columns of `to_frame`."""
        return [layer_row(cost) for cost in self.layers]

    def to_frame(self) -> pd.DataFrame:
        """One row a layer, in execution order, with stable column names."""
        import pandas as pd

        return pd.DataFrame(self.rows())


def layer_row(cost: LayerCost) -> dict[str, Any]:
    """What a table shows of one layer."""
    layer = cost.layer
    channels = [_channels(layer.op, shape) for shape in layer.input_shapes]
    return (
        {
            "name": layer.name,
            "op": layer.op,
            "kind": op_kind(layer),
            "stage": layer.stage,
            "inputs": layer.inputs,
            "input_shapes": layer.input_shapes,
            "output_shape": layer.output_shape,
            "in_channels": sum(channels) if layer.op == "concat" else channels[0],
            "out_channels": _channels(layer.op, layer.output_shape),
            "kernel": layer.kernel,
            "stride": layer.stride,
            "padding": layer.padding,
            "groups": layer.groups,
        }
        | cost.quantities()
        | {"trainable_params": cost.params - layer.frozen_params}
    )


def _channels(op: str, shape: Shape) -> int:
    """Axis 1 of maps (N, C, H, W); the last axis of tokens (N, L, C)."""
    return as_maps(op, shape)[1] if len(shape) == 4 else shape[-1]


def summarize(
    target: Any,
    image_size: int | Pair | None = None,
    batch_size: int = 1,
    dtype: str = "float32",
    route: str = "auto",
    *,
    input: Any = None,
    in_channels: int | None = None,
    verify: bool | str = True,
    allow_uncounted: bool = False,
    head: bool = True,
    out_indices: int | Sequence[int] | None = None,
) -> Summary:
    """Every layer of a network with what it costs, and the totals.

    Args:
        target: a registered name, a config, an `nn.Module`, `"timm/NAME"` or `"torchvision/NAME"`; a detector's name
            such as `"retinanet/vovnet39"`.
        image_size: side or (h, w) of the input in pixels; None for the target's own.
        batch_size: N of the input (N, C, H, W).
        dtype: what an element is stored as, one of `analysis.precision.DTYPE_BYTES`, however it is spelled.
        route: "plan" (no torch), "trace" (the real module), or "auto": the plan of a config, the trace of a module.
        input: what a module takes if not one image: a shape, a tensor, a (shape, dtype), or several of them in a
            tuple (arguments), list (one argument) or dict (by name); image_size and batch_size then follow from it.
        in_channels: C of the images that a module takes; None to find out by trying.
        verify: whether PyTorch's dispatcher counts a module a second time; "warn" notes a difference in
            `Summary.notes` instead of raising.
        allow_uncounted: list layers whose op the meter does not know in `Summary.uncounted` instead of raising.
        head: False for a network as a backbone: up to the deepest of its maps, as `archs.create_backbone`.
        out_indices: which maps, of a backbone; None for all.

    Raises:
        CountMismatchError: the two counts of a module differ.
        DenseScopeError: a bad target, size, dtype or route, or an op without a rule, in one sentence.
    """
    route = checks.choice("route", route, ("auto", "plan", "trace"))
    dtype = parse_dtype(dtype)
    resolved = resolve_target(target)
    if not checks.boolean("head", head):
        resolved = resolved.as_backbone(out_indices)
    elif out_indices is not None:
        raise ConfigError("out_indices", out_indices, "left out for a network with its head (head=False)")
    resolved = resolved.stating(input, in_channels, verify)
    size = checks.image_size(resolved.image_size if image_size is None else image_size)
    batch_size = checks.batch_size(batch_size)
    if route == "auto":
        route = resolved.best_route
    found = resolved.trace(size, batch_size) if route == "trace" else None
    layers = found.layers if found else resolved.layers(size, batch_size, route)
    if found and resolved.module_input.stated is not None:
        batch_size, size = found.batch_and_size
    costs = cost_layers(layers, dtype, allow_uncounted=allow_uncounted)
    cost = add_up(costs)
    if found and found.unreached:
        cost = cost._replace(params=cost.params + sum(found.unreached.values()))
    return Summary(
        cost=cost,
        element_bytes=element_bytes(dtype),
        target=resolved,
        image_size=size,
        batch_size=batch_size,
        dtype=dtype,
        route=route,
        layers=costs,
        trace=found,
    )


def _unreached_words(unreached: dict[str, int]) -> str:
    if not unreached:
        return ""
    names = list(unreached)
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{sum(unreached.values()):,} of the parameters are not reached by forward(): {listed}"


def compare(
    targets: Iterable[Any],
    image_size: int | Pair | None = None,
    batch_size: int = 1,
    dtype: str = "float32",
    route: str = "auto",
    **options: Any,
) -> pd.DataFrame:
    """One row a network, in the order given; the columns are those of `comparison_row`.

    Args, further options by keyword, and errors: as `analysis.summarize`.
    """
    import pandas as pd

    several = checks.items("targets", targets, MAX_COMPARED, f"a sequence of at most {MAX_COMPARED:,} networks")
    summaries = [summarize(target, image_size, batch_size, dtype, route, **options) for target in several]
    return pd.DataFrame([comparison_row(summary) for summary in summaries])


def comparison_row(summary: Summary) -> dict[str, Any]:
    """What a table of networks shows of one; raw values."""
    depth = summary.depth
    return {
        "name": summary.name,
        "family": summary.family,
        "image_size": summary.image_size,
        "batch_size": summary.batch_size,
        "dtype": summary.dtype,
        "depth": depth.total,
        "conv_layers": depth.conv,
        "fc_layers": depth.fully_connected,
        **summary.quantities(),
        "traffic_outside_conv": summary.traffic_outside_conv,
    }
