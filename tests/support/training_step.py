"""A real step of training on the CPU, every tensor of which is followed from its allocation to its release."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from tests.support.live_bytes import LiveBytes

OPTIMIZERS = {
    "none": lambda parameters: torch.optim.SGD(parameters, 0.0),
    "sgd": lambda parameters: torch.optim.SGD(parameters, 0.1, momentum=0.9),
    "adamw": torch.optim.AdamW,
}


def peak_of_a_step(model, images, optimizer="sgd", loss=None):
    """Most bytes that are there as an operation ends, in the second step, where the optimizer has its state.

    Weights, buffers, optimizer state and image included, labels and the optimizer's step counters not.
    """
    labels = torch.zeros(len(images), dtype=torch.long)
    steps = OPTIMIZERS[optimizer]([parameter for parameter in model.parameters() if parameter.requires_grad])

    def step():
        output = F.cross_entropy(model(images), labels) if loss is None else loss(model(images))
        output.backward()
        steps.step()

    step()
    steps.zero_grad()
    state = [value for state in steps.state.values() for value in state.values() if isinstance(value, torch.Tensor)]
    with LiveBytes(model, images, fixed=state) as mode:
        step()
    there = [*model.parameters(), *model.buffers(), *(value for value in state if value.dim())]
    return max(mode.timeline) + sum(tensor.nbytes for tensor in there)
