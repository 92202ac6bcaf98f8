"""Whether a rewritten network computes what it did, on random images of two sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from analysis.optimize.observe import cannot_run
from archs.errors import first_line
from archs.layer import Shape

#: Other sizes of images, as shares of the one that is asked for.
SHARES = (3 / 4, 2, 1 / 2, 3 / 2, 1 / 4, 1 / 8, 1 / 16)
#: Largest difference of an output, as a share of its largest value; below single precision only the rewriting counts.
TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-3}


def random_images(model: nn.Module, shape: Shape) -> list[Tensor]:
    """Images of a shape (N, C, H, W), then of other sizes; as a network's weights are."""
    sizes = dict.fromkeys(tuple(max(1, round(side * share)) for side in shape[2:]) for share in (1, *SHARES))
    weight = next((weight for weight in model.parameters() if weight.is_floating_point()), torch.empty(0))
    generator = torch.Generator().manual_seed(0)
    return [torch.randn((*shape[:2], *size), generator=generator).to(weight) for size in sizes]


class Reference:
    """A network and its outputs for images of two sizes, in single precision at least."""

    def __init__(self, model: nn.Module, images: Sequence[Tensor]) -> None:
        """Run it on the first image, and on the first of the others that it takes.

        Raises:
            DenseScopeError: it fails on the first.
        """
        self._dtype = torch.promote_types(images[0].dtype, torch.float32)
        self._model = model if self._dtype == images[0].dtype else deepcopy(model).to(self._dtype)
        self._outputs: list[tuple[Tensor, list[Tensor]]] = []
        copy = deepcopy(self._model)
        for image in images:
            try:
                self._outputs.append((image.to(self._dtype), self._run(copy, image)))
            except Exception as error:
                if not self._outputs:
                    raise cannot_run(model, image.shape, error) from error
            if len(self._outputs) == 2:
                break

    def fault(self, rewrite: Callable[[nn.Module], Any]) -> str:
        """What is wrong with a rewritten copy, as a clause; empty if it gives the same outputs."""
        model = deepcopy(self._model)
        rewrite(model)
        for image, expected in self._outputs:
            size = "×".join(map(str, image.shape[2:]))
            try:
                found = self._run(model, image)
            except Exception as error:
                return f"it fails on {size} with {first_line(error)!r}"
            if not self._equal(found, expected):
                return f"its outputs differ on {size}"
        return ""

    @torch.no_grad()
    def _run(self, model: nn.Module, image: Tensor) -> list[Tensor]:
        with torch.random.fork_rng():
            torch.manual_seed(0)  # for modules that draw numbers
            outputs = model(image.to(self._dtype))
        return [tensor for tensor in tensors_in(outputs) if tensor.is_floating_point()]

    def _equal(self, found: Sequence[Tensor], expected: Sequence[Tensor]) -> bool:
        if [tensor.shape for tensor in found] != [tensor.shape for tensor in expected]:
            return False
        return all(map(self._close, found, expected))

    def _close(self, found: Tensor, expected: Tensor) -> bool:
        """Whether two tensors are equal where the second is finite."""
        finite = expected.isfinite()
        found, expected = found[finite], expected[finite]
        if not len(expected):
            return True
        largest: Any = (found - expected).abs().max() / expected.abs().max().clamp(min=torch.finfo(self._dtype).tiny)
        return bool(largest <= TOLERANCE[self._dtype])


def tensors_in(value: Any, depth: int = 8) -> Iterator[Tensor]:
    """Every tensor in nested containers and objects, such as dataclasses."""
    if isinstance(value, Tensor):
        yield value
    elif depth:
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else None
        for item in vars(value).values() if inner is None and hasattr(value, "__dict__") else inner or ():
            yield from tensors_in(item, depth - 1)
