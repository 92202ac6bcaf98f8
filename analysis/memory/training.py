"""Training: what a step holds at most, and what of it is saved for the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from analysis.memory.heads import body_of
from analysis.memory.inference import InferenceMemory
from analysis.memory.naming import named
from analysis.memory.saved_tensors import SAVED_KINDS, Recomputation, Saved, recomputation, saved_tensors
from analysis.memory.step import Step, StepMoment
from analysis.memory.storages import Footprint, buffer_bytes, highest, input_bytes, inputs_of, weight_bytes
from analysis.memory.training_layers import frozen_norms, training_layers
from analysis.meter import LayerCost, Totals, add_up, element_bytes
from analysis.summary import Summary
from archs import checks
from archs.layer import Layer
from archs.registry import recomputes

if TYPE_CHECKING:
    pass


#: Numbers that an optimizer keeps per parameter: the momentum of SGD; the two moments of AdamW.
OPTIMIZERS = {"none": 0, "sgd": 1, "adamw": 2}
#: Elements that gradients can be taken of.
TRAINING_DTYPES = ("float64", "float32", "float16", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class TrainingMemory:
    """What a step of training holds at most, and what of it is saved in the forward pass for the backward pass.

    Not counted: the kernels' workspace.
    """

    summary: Summary = field(repr=False)
    weight_bytes: int
    #: Running statistics of the batch norms.
    buffer_bytes: int
    #: The layers as they run in training, dropout among them.
    layers: tuple[Layer, ...] = field(repr=False)
    saved: tuple[Saved, ...] = field(repr=False)
    #: The layers that run again in the backward pass, each as often as its result is made again.
    recomputed: tuple[LayerCost, ...] = field(repr=False)
    #: What is alive in a step, moment by moment (`analysis.memory.step`).
    moments: tuple[StepMoment, ...] = field(repr=False)
    #: Bytes of each parameter that gets a gradient, in the order in which the optimizer updates them.
    learning: tuple[int, ...] = field(repr=False)

    @property
    def recomputed_costs(self) -> Totals:
        """What running these layers again costs: bytes moved and elementwise operations, no convolution."""
        return Totals(cost=add_up(self.recomputed), element_bytes=self.summary.element_bytes)

    @property
    def assumption(self) -> str:
        """What the step of a backbone or detector leaves out, and assumes, in a sentence; "" for classifiers."""
        detector = self.summary.target.detector
        return "" if detector is None else f"{detector.step_words}."

    @property
    def saved_bytes(self) -> int:
        """Bytes saved for the backward pass, parameters and running statistics excluded."""
        return sum(saved.nbytes for saved in self.saved)

    @property
    def gradient_bytes(self) -> int:
        """Bytes of the parameters' gradients, once the backward pass has made all of them."""
        return sum(self.learning)

    def optimizer_bytes(self, optimizer: str = "sgd") -> int:
        """Bytes of an optimizer's state: "sgd" with momentum, "adamw", or "none"."""
        return OPTIMIZERS[checks.choice("optimizer", optimizer, tuple(OPTIMIZERS))] * self.gradient_bytes

    def fixed_bytes(self, optimizer: str = "sgd") -> int:
        """What is there throughout: weights, buffers and the optimizer's state."""
        return self.weight_bytes + self.buffer_bytes + self.optimizer_bytes(optimizer)

    def peak(self, optimizer: str = "sgd") -> StepMoment:
        """The first moment of a step at which most is alive."""
        return max(self._moments(optimizer), key=lambda moment: moment.nbytes)

    def total_bytes(self, optimizer: str = "sgd") -> int:
        """The peak of a step: all that is held at that moment, at this batch."""
        return self.fixed_bytes(optimizer) + self.peak(optimizer).nbytes

    def footprint(self, optimizer: str = "sgd", mode: str = "training") -> Footprint:
        """The total over the batch."""
        fixed, moments = self.fixed_bytes(optimizer), self._moments(optimizer)
        lines = [(fixed + one.nbytes - batch, batch) for one, batch in zip(moments, self._batch_bytes, strict=True)]
        return Footprint(mode, highest(lines), self.summary.batch_size)

    @cached_property
    def _batch_bytes(self) -> list[int]:
        """Of each moment what the batch adds; of a module by another step, with twice the batch."""
        own = [moment.batch_bytes for moment in self.moments]
        if self.summary.target.best_route == "plan":
            return own
        from analysis.memory.observed import observe_step
        from analysis.trace.stand_in import stand_in

        module = stand_in(self.summary.target.without_weights())
        doubled = observe_step(module, inputs_of(self.summary, 2), self.summary.dtype).moments
        if len(doubled) != len(own):
            return own
        return [max(1, two.nbytes - one.nbytes) for one, two in zip(self.moments, doubled, strict=True)]

    def largest_batch(self, budget_bytes: float, optimizer: str = "sgd") -> int:
        """As `Footprint.largest_batch`."""
        return self.footprint(optimizer).largest_batch(budget_bytes)

    def _moments(self, optimizer: str) -> Iterator[StepMoment]:
        """The last is the optimizer's, with what AdamW makes: two tensors like the parameter that it is at, while it
        still holds one like the parameter before."""
        yield from self.moments[:-1]
        pairs = pairwise((0, *self.learning)) if optimizer == "adamw" else ()
        room = max((before + 2 * nbytes for before, nbytes in pairs), default=0)
        yield self.moments[-1]._replace(gradient_bytes=self.moments[-1].gradient_bytes + room)

    def by_kind(self) -> dict[str, int]:
        """Saved bytes of every kind in `SAVED_KINDS`."""
        return dict.fromkeys(SAVED_KINDS, 0) | _sums(self.saved, lambda saved: saved.kind)

    def by_layer(self) -> dict[str, int]:
        """Saved bytes by the layer that is the first to keep them, in execution order; layers that keep none as 0."""
        return dict.fromkeys((layer.name for layer in self.layers), 0) | _sums(self.saved, lambda saved: saved.layer)

    def by_stage(self) -> dict[str, int]:
        """Saved bytes by the row of the paper's table."""
        return _sums(self.saved, lambda saved: saved.stage)

    def by_kind_so_far(self) -> dict[str, list[int]]:
        """Saved bytes once each layer has run, for every kind that there is, in the order of `SAVED_KINDS`."""
        index = {layer.name: number for number, layer in enumerate(self.layers)}
        sums = {kind: [0] * len(index) for kind, nbytes in self.by_kind().items() if nbytes}
        for saved in self.saved:
            if saved.nbytes:
                sums[saved.kind][index[saved.layer]] += saved.nbytes
        return {kind: list(accumulate(values)) for kind, values in sums.items()}

    def rows(self) -> list[dict[str, Any]]:
        """One row a saved piece of memory."""
        return [saved._asdict() for saved in self.saved]


def _sums(pieces: Iterable[Saved], key: Callable[[Saved], str]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for saved in pieces:
        sums[key(saved)] = sums.get(key(saved), 0) + saved.nbytes
    return sums


def training_memory(summary: Summary) -> TrainingMemory:
    """The memory of a training step: of a layer plan by rule, of a module as PyTorch itself runs it without data.

    A module in training is taken with what it leaves in evaluation.

    Raises:
        TraceError: a module does not run without data.
        ConfigError: a dtype without gradients.
    """
    checks.choice("dtype", summary.dtype, TRAINING_DTYPES)
    return (_planned if summary.target.best_route == "plan" else _observed)(summary)


def saved_bytes(summary: Summary) -> int:
    """As `TrainingMemory.saved_bytes`, of a layer plan without following the step: a fifth of the time.

    Raises: as `training_memory`.
    """
    if summary.target.best_route != "plan":
        return training_memory(summary).saved_bytes
    size = element_bytes(checks.choice("dtype", summary.dtype, TRAINING_DTYPES))
    layers = training_layers(summary)
    again = recomputation_of(summary, layers)
    return sum(saved.nbytes for saved in saved_tensors(layers, size, recomputation=again))


def _planned(summary: Summary) -> TrainingMemory:
    layers, size = training_layers(summary), element_bytes(summary.dtype)
    costs = {cost.layer.name: cost for cost in summary.layers}
    again = recomputation_of(summary, layers)
    params = {name: cost.params for name, cost in costs.items() if cost.params}
    return TrainingMemory(
        summary=summary,
        weight_bytes=weight_bytes(summary),
        buffer_bytes=buffer_bytes(summary),
        layers=layers,
        saved=tuple(saved_tensors(layers, size, recomputation=again)),
        recomputed=tuple([costs[name] for names in again.runs.values() for name in names]),
        moments=tuple(Step(layers, params, size, input_bytes(summary), again, summary.target.detector).moments),
        learning=tuple([size * numel for name in params for numel in _parameters(costs[name])]),
    )


def recomputation_of(summary: Summary, layers: Sequence[Layer], frozen: Collection[str] = ()) -> Recomputation:
    """As `recomputation`, of a network, or of the backbone of a detector, whose other parts keep what they read."""
    target = summary.target
    body = body_of(layers, target.detector)
    found = recomputation(body, target.network, frozen)
    others = {layer.name for layer in layers} - {layer.name for layer in body}
    return found._replace(as_is=found.as_is | others)


def _parameters(cost: LayerCost) -> tuple[int, ...]:
    """Numbers in the weight and in the bias of a layer, as far as it has them."""
    layer = cost.layer
    bias = layer.bias * layer.output_shape[-1 if layer.op == "layer_norm" else 1]
    return (cost.params - bias, bias) if bias else (cost.params,)


def _observed(summary: Summary) -> TrainingMemory:
    from analysis.memory.observed import observe_step
    from analysis.trace.stand_in import stand_in

    module = stand_in(summary.target.without_weights())
    layers, size = training_layers(summary), element_bytes(summary.dtype)
    step = observe_step(module, inputs_of(summary), summary.dtype)
    frozen, costs = frozen_norms(module), {cost.layer.name: cost for cost in summary.layers}
    again = recomputation_of(summary, layers, frozen)
    expected = saved_tensors(layers, size, frozen, again)
    return TrainingMemory(
        summary=summary,
        weight_bytes=weight_bytes(summary),
        buffer_bytes=buffer_bytes(summary),
        layers=layers,
        saved=tuple(named(step.saved, expected, layers, dict(module.named_modules()))),
        recomputed=tuple([costs[name] for names in again.runs.values() for name in names]),
        moments=step.moments,
        learning=step.learning,
    )


def training_schemes(summary: Summary) -> dict[str, TrainingMemory]:
    """The memory of training by scheme: "plain", and "recomputed" of families that can be `memory_efficient`.

    >>> from analysis import summarize
    >>> schemes = training_schemes(summarize("densenet121", batch_size=8))
    >>> {scheme: found.saved_bytes for scheme, found in schemes.items()}
    {'plain': 1043225344, 'recomputed': 297961216}

    A module has one scheme, its own.

    Raises: as `training_memory`.
    """
    target = summary.target
    network = target.network
    if target.module is not None or not (network and recomputes(network)):
        recomputed = network is not None and network.memory_efficient
        return {"recomputed" if recomputed else "plain": training_memory(summary)}
    return {
        scheme: training_memory(replace(summary, target=target.with_network(memory_efficient=recomputed)))
        for scheme, recomputed in (("plain", False), ("recomputed", True))
    }


def footprints(
    inference: InferenceMemory,
    training: TrainingMemory | None = None,
    recomputed: TrainingMemory | None = None,
    optimizer: str = "sgd",
) -> list[Footprint]:
    """A footprint a mode: "inference", "training" and "training, recomputed", as far as they are given."""
    modes = {"training": training, "training, recomputed": recomputed}
    return [inference.footprint, *(found.footprint(optimizer, mode) for mode, found in modes.items() if found)]
