"""One step of training, moment by moment: every tensor, made and released as PyTorch makes and releases it.

Forward: what modules hold until they return, and what autograd saves. The loss is a cross entropy. Backward: layers in
reverse order. Each holds the gradient of its output and what it saved while it makes the gradients of its inputs and
weights, and lets go of both afterwards. What a concatenation hands back are views, so that its whole gradient is alive
as long as any of them; those of the parts of a split are joined in a tensor of their own; a sum hands on one gradient
twice; a tensor of several readers has their gradients added, the two and their sum alive at once; the gradient of a
kernel that has its channels last, as what it read, is copied into the order of its weights. What recomputes
(`archs.recompute`) holds all that it makes until its function returns. Then the optimizer. Its state is there from the
first, as in every step but the first, which takes no more than others; gradients of weights are not there before the
backward pass makes them (`zero_grad()` sets them to None).

Not counted: what kernels allocate for themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod
from typing import NamedTuple

from analysis.memory.heads import outputs_of_plan, owner_of_weights
from analysis.memory.lifetimes import eager
from analysis.memory.pieces import BATCH, GRADIENTS, STATISTICS, Pieces
from analysis.memory.saved_tensors import Recomputation, kept_by, rule_of
from archs.layer import CONSTANT, INPUT, Layer
from detectors import BackboneConfig


class StepMoment(NamedTuple):
    """What is alive at once, beside weights, running statistics and the optimizer's state."""

    #: A layer's name, "loss" or "optimizer".
    layer: str
    #: "forward", "backward" or "optimizer".
    phase: str
    #: Bytes that are proportional to the batch: activations and their gradients, the image among them.
    batch_bytes: int
    #: Bytes of the gradients of parameters that there are so far.
    gradient_bytes: int
    #: Bytes of the statistics of a batch.
    statistics_bytes: int

    @property
    def nbytes(self) -> int:
        """All of it."""
        return self.activation_bytes + self.gradient_bytes

    @property
    def activation_bytes(self) -> int:
        """All but the gradients of parameters."""
        return self.batch_bytes + self.statistics_bytes


class Step:
    """A step of a layer plan.

    Args:
        layers: as they run in training.
        params: of every layer that has any, how many learn.
        element_bytes: bytes of one element.
        image_bytes: bytes of the batch of images.
        recomputation: which layers run again in the backward pass.
        detector: a backbone's or a detector's config, whose outputs each get a gradient in place of a loss.

    Raises: UnfollowedOpError: a tensor comes from nowhere.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        params: Mapping[str, int],
        element_bytes: int,
        image_bytes: int,
        recomputation: Recomputation,
        detector: BackboneConfig | None = None,
    ) -> None:
        self.moments: list[StepMoment] = []
        self._layers, self._params, self._element_bytes = layers, params, element_bytes
        self._made_by = made_by = {layer.name: layer for layer in layers}
        self._again = recomputation
        self._tensors = Pieces()
        self._owner, self._last = eager(layers, detector)
        self._outputs = outputs_of_plan(layers, detector)
        self._is_classifier = detector is None
        #: Of weights that several layers share, the sums of their gradients so far.
        self._sums: dict[str, list[int]] = {}
        self._kept = {layer.name: [source for _, source in kept_by(layer, made_by, recomputation)] for layer in layers}
        self._saved: dict[str, list[int]] = {}
        #: How often a part of each tensor is read whose gradient is not there yet.
        self._awaited = Counter(
            tensor for layer in layers for place, tensor in enumerate(layer.inputs) if self._is_part(layer, place)
        )
        #: Of each tensor, by the first channel of the part of it that was read; None of the whole.
        self._gradients: dict[str, dict[int | None, int]] = {}
        self._forward(image_bytes)
        seed = self._loss() if self._is_classifier else self._seeds()
        for layer in reversed(layers):
            self._backward(layer)
        self._tensors.release(seed)
        self._mark("optimizer", "optimizer")

    def _mark(self, layer: str, phase: str = "backward") -> None:
        self.moments.append(StepMoment(layer, phase, *self._tensors.live))

    def _make(self, shape: Sequence[int]) -> int:
        return self._tensors.make(self._element_bytes * prod(shape))

    def _forward(self, image_bytes: int) -> None:
        tensors, owner = self._tensors, self._owner
        leaving: dict[int, list[str]] = {}
        for name, index in self._last_held().items():
            leaving.setdefault(index, []).append(name)
        pieces = {INPUT: tensors.make(image_bytes)}
        for index, layer in enumerate(self._layers):
            if owner[layer.name] == layer.name:
                pieces[layer.name] = self._make(layer.output_shape)
            kept = [tensors.hold(pieces[owner[source]]) for source in self._kept[layer.name]]
            extra = rule_of(layer).extra_bytes(layer, self._element_bytes)
            if extra:
                kept.append(tensors.make(extra, STATISTICS if layer.op == "batch_norm" else BATCH))
            self._saved[layer.name] = kept
            self._mark(layer.name, "forward")
            tensors.release(*(pieces[name] for name in leaving.get(index, ())))

    def _last_held(self) -> dict[str, int]:
        """Of every layer that allocates, the last as which a module holds its output, or keeps it for those behind."""
        last: dict[str, int] = {}
        for index, layer in enumerate(self._layers):
            held = {layer.name: self._last.get(layer.name, index)} | dict.fromkeys(self._kept[layer.name], index)
            for name, until in held.items():
                owner = self._owner[name]
                last[owner] = max(last.get(owner, -1), until)
        last.pop(INPUT, None)  # the caller's
        return last

    def _loss(self) -> int:
        """Log-probabilities, which are saved, and the two gradients that lead from the loss to the logits.

        The loss itself stays to the end, its own gradient, which is handed back, as long as the backward pass runs.
        """
        tensors, logits = self._tensors, self._layers[-1]
        _, seed = (tensors.make(self._element_bytes, STATISTICS) for _ in range(2))
        saved, chosen, gradient = (self._make(logits.output_shape) for _ in range(3))
        self._mark("loss")
        tensors.release(saved, chosen)
        self._gradients[logits.name] = {None: gradient}
        return seed

    def _seeds(self) -> int:
        """A gradient for each output; the outputs are let go."""
        _, seed = (self._tensors.make(self._element_bytes, STATISTICS) for _ in range(2))
        for name in self._outputs:
            self._gradients[name] = {None: self._make(self._made_by[name].output_shape)}
        self._mark("loss")
        return seed

    def _backward(self, layer: Layer) -> None:
        """From the gradient of a layer's output to those of what it reads."""
        gradient = self._gradients.pop(layer.name, {}).get(None)
        made: list[tuple[int, int]] = []
        if gradient is not None:
            made = self._made(layer, gradient)
            self._tensors.release(gradient)
        self._tensors.release(*self._saved.pop(layer.name))
        self._add_weight_gradients(layer)
        self._lay_out_anew(layer)
        for place, piece in made:
            tensor, shape, is_part = layer.inputs[place], layer.input_shapes[place], self._is_part(layer, place)
            self._add(layer, tensor, layer.offsets[place] if is_part else None, shape, piece)
            self._awaited[tensor] -= is_part
            if is_part and not self._awaited[tensor]:
                self._join(layer, self._made_by[tensor])

    def _lay_out_anew(self, layer: Layer) -> None:
        """A kernel's gradient has the order of what was read: the channels last, where a layer norm left them there."""
        read = self._made_by.get(layer.inputs[0])
        if not read or read.op != "layer_norm" or layer.groups > 1 or prod(layer.kernel or ()) == 1:
            return
        bias = layer.output_shape[1] if layer.bias else 0
        copy = self._tensors.make(self._element_bytes * max(0, self._params.get(layer.name, 0) - bias), GRADIENTS)
        self._mark(layer.name)
        self._tensors.release(copy)

    def _is_part(self, layer: Layer, place: int) -> bool:
        """Whether what a layer reads in a place is one of the parts that a tensor is split into."""
        made = self._made_by.get(layer.inputs[place])
        return made is not None and bool(layer.offsets) and layer.input_shapes[place][1] < made.output_shape[1]

    def _join(self, layer: Layer, split: Layer) -> None:
        """The gradient of what was split, of those of its parts, once all of them are there."""
        gradients = self._gradients[split.name]
        parts = [gradients.pop(first) for first in [*gradients] if first is not None]
        piece = self._make(split.output_shape)
        self._mark(layer.name)
        self._tensors.release(*parts)
        self._add(layer, split.name, None, split.output_shape, piece)

    def _add(self, layer: Layer, tensor: str, first: int | None, shape: Sequence[int], piece: int) -> None:
        gradients = self._gradients.setdefault(tensor, {})
        if first in gradients:
            added = gradients[first], piece
            piece = self._make(shape)
            self._mark(layer.name)
            self._tensors.release(*added)
        gradients[first] = piece

    def _made(self, layer: Layer, gradient: int) -> list[tuple[int, int]]:
        """The gradients of what a layer reads, by its place among the inputs, and of its weights."""
        if layer.op != "mul":
            self._make_weight_gradients(layer)
        places = [place for place, tensor in enumerate(layer.inputs) if tensor not in (INPUT, CONSTANT)]
        if layer.op == "write":
            return self._written(layer)
        if layer.op in ("concat", "add", "copy") or self._made_before(layer):  # the gradient itself, or views of it
            return [(place, self._tensors.hold(gradient)) for place in places]
        again = self._run_again(layer)
        if layer.op == "mul":
            self._tensors.release(*again)
            return self._products(layer)
        shape = layer.input_shapes[0]
        if layer.name in self._again.shape_only or (layer.op == "relu" and again):
            again.append(self._make(shape))  # stands for the input of a pooling; the gradient of what is rectified
        made = self._make(shape) if places else None
        self._mark(layer.name)
        if layer.op == "conv2d" and again and self._made_before(self._made_by[layer.inputs[places[0]]]):
            again += [made, self._make(shape)]  # type: ignore[list-item]  # on to that of what is rectified, and of what is normalised
            made = self._make(shape)
            self._mark(layer.name)
        self._tensors.release(*again)
        return [] if made is None else [(places[0], made)]

    def _make_weight_gradients(self, layer: Layer) -> None:
        owner = owner_of_weights(layer)
        if params := self._params.get(owner):
            bias = layer.output_shape[1] if layer.bias else 0
            pieces = [self._tensors.make(self._element_bytes * part, GRADIENTS) for part in (params - bias, bias)]
            self._sums.setdefault(owner, []).extend(pieces)

    def _add_weight_gradients(self, layer: Layer) -> None:
        """Those of weights that ran before in the backward pass, the two and their sum alive at once."""
        owner = owner_of_weights(layer)
        pieces = self._sums.get(owner, [])
        if len(pieces) == 4:
            bias = layer.output_shape[1] if layer.bias else 0
            made = []
            for place, part in enumerate((self._params[owner] - bias, bias)):
                made.append(self._tensors.make(self._element_bytes * part, GRADIENTS))
                self._mark(layer.name)
                self._tensors.release(pieces[place], pieces[place + 2])
            self._sums[owner] = made

    def _written(self, layer: Layer) -> list[tuple[int, int]]:
        """That of the part that was written, and of what was there before a copy without that part."""
        shapes = (layer.input_shapes[0], layer.output_shape)[: len(layer.inputs)]
        made = [(place, self._make(shape)) for place, shape in enumerate(shapes)]
        self._mark(layer.name)
        return made

    def _made_before(self, layer: Layer) -> bool:
        """Whether the gradient of what a batch norm or ReLU reads is made by the layer that runs them again."""
        once = layer.name in self._again.recomputed and layer.name not in self._again.runs
        return once and layer.op in ("batch_norm", "relu")

    def _run_again(self, layer: Layer) -> list[int]:
        """What a layer reads, made again; ReLU overwrites, and pieces are let go once they are concatenated."""
        made: list[int] = []
        for name in self._again.runs.get(layer.name, ()):
            again = self._made_by[name]
            if again.op != "relu":
                piece = self._make(again.output_shape)
                self._mark(layer.name)
                if again.op == "concat":
                    self._tensors.release(*made)
                    made = []
                made.append(piece)
        return made

    def _products(self, layer: Layer) -> list[tuple[int, int]]:
        """Products as large as the output, added up to the size of each factor, which may be weights."""
        products = [self._make(layer.output_shape) for _ in layer.inputs]
        self._mark(layer.name)
        made = []
        for place, (shape, product) in enumerate(zip(layer.input_shapes, products, strict=True)):
            if shape == layer.output_shape:
                made.append((place, product))
                continue
            is_weight = layer.inputs[place] == CONSTANT
            share = GRADIENTS if is_weight else BATCH
            total = self._tensors.make(self._element_bytes * prod(shape), share)
            self._mark(layer.name)
            self._tensors.release(product)
            if not is_weight:
                made.append((place, total))
        return made
