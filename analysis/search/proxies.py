"""Zero-cost proxies: guesses at accuracy from one look at a network that has learned nothing.

Each takes a module, which it may change; `judge` makes one of a config. Sources state the idea; what is ours is the
batch: standard-normal images and random labels, so that no data set is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import nan
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._python_dispatch import TorchDispatchMode

from archs.config import NetworkConfig
from archs.create import create_model
from archs.planning import plan_layers


def judge(config: NetworkConfig, proxy: str, batch_size: int, seed: int) -> float:
    """A proxy of a config: its weights, images (N, C, H, W) and labels (N,) are drawn from the seed; NaN for none."""
    _, *shape = plan_layers(config, None)[0].input_shapes[0]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = create_model(replace(config, drop_rate=0.0, memory_efficient=False))
        images = torch.randn(batch_size, *shape)
        labels = torch.randint(config.num_classes, (batch_size,))
        match proxy:
            case "synflow":
                return synflow(network, images)
            case "naswot":
                return naswot(network, images)
            case _:
                return grad_norm(network, images, labels)


def synflow(network: nn.Module, images: Tensor) -> float:
    """Synaptic flow: log10 of Σ |w · ∂R/∂w| over the weights of convolutions and linear layers.

    R is the sum of the outputs for one image of ones, when every weight is replaced by its absolute value and no batch
    norm does anything; computed in float64. The network is changed. Of `images` (N, C, H, W) only the shape counts.

    Source: Tanaka et al., arXiv:2006.05467; summed up, without batch norm, as in Abdelfattah et al., arXiv:2101.08134.
    """
    network.double().eval()
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            without_effect(module)
    for values in network.parameters():
        values.data.abs_()
    network.zero_grad()
    torch.autograd.backward(network(torch.ones(1, *images.shape[1:], dtype=torch.float64)).sum())
    flow = torch.stack([(weight * grad).abs().sum() for weight, grad in gradients(network)]).sum()
    return float(flow.log10()) if 0 < flow < torch.inf else nan


def without_effect(norm: _BatchNorm) -> None:
    """Let a batch norm hand on what it is given, in evaluation mode."""
    norm.eps = 0.0
    norm.reset_parameters()


def gradients(network: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
    """Each weight of a convolution or linear layer that has a gradient, and that gradient."""
    for weight in network.parameters():
        if weight.ndim > 1 and weight.grad is not None:
            yield weight.detach(), weight.grad


def naswot(network: nn.Module, images: Tensor) -> float:
    """NASWOT: log of the determinant of K, K[i, j] = ReLUs that are on for both of images i and j, or off for both.

    NaN where two of the images (N, C, H, W) switch all alike, and in a network without ReLU. Batch norms use the
    statistics of the batch.

    Source: Mellor et al., arXiv:2006.04647.
    """
    network.train()
    with torch.no_grad(), _AlikeReLUs(len(images)) as watched:
        network(images)
    sign, log_determinant = torch.linalg.slogdet(watched.alike)
    return float(log_determinant) if sign > 0 else nan


class _AlikeReLUs(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up for each two images of a batch how many ReLUs are on for both, or off for both."""

    RELUS = (torch.ops.aten.relu.default, torch.ops.aten.relu_.default)

    def __init__(self, count: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.alike = torch.zeros(count, count, dtype=torch.float64)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        if func in self.RELUS:
            on = (found > 0).flatten(1).float()
            self.alike += (on @ on.T + (1 - on) @ (1 - on).T).double()
        return found


def grad_norm(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Σ of the Euclidean norms of the gradients of the weights of each convolution and linear layer.

    Of the mean cross-entropy of a batch: images (N, C, H, W), labels (N,).

    Source: Abdelfattah et al., arXiv:2101.08134.
    """
    network.train().zero_grad()
    torch.autograd.backward(cross_entropy(network(images), labels))
    return float(torch.stack([grad.norm() for _, grad in gradients(network)]).sum())
