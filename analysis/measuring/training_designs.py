"""Ways to train one network with less memory: ours, selective checkpointing, torchvision's."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

from analysis.measuring.design_run import PLAIN
from archs.create import create_model
from archs.densenet import DenseNetConfig
from archs.planning import resolve_config

CONVOLUTION = torch.ops.aten.convolution.default


def designs(target: Any) -> dict[str, nn.Module]:
    """A registered network, or a design of one's own, in every way that there is to train it, the plain one first.

    Raises: UnknownArchError: no such network.
    """
    found = {
        PLAIN: create_model(target),
        "memory_efficient": create_model(target, memory_efficient=True),
    }
    if isinstance(resolve_config(target), DenseNetConfig):
        found["selective checkpoint"] = Selective(create_model(target))
    return found | _of_torchvision(target)


def _of_torchvision(target: Any) -> dict[str, nn.Module]:
    if find_spec("torchvision") is None:
        return {}
    from torchvision.models import get_model, list_models

    known = isinstance(target, str) and target in list_models()
    return {"torchvision's": get_model(target, memory_efficient=True)} if known else {}


class Selective(nn.Module):
    """The plain network with each dense block under selective checkpointing: convolutions kept, the rest run again."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        for name, child in self.model.features.named_children():  # type: ignore[union-attr]
            x = checkpoint(child, x, **_SELECTIVE) if "block" in name else child(x)
        head: Tensor = self.model.forward_head(x)  # type: ignore[operator]
        return head


def _keep_convolutions() -> Any:
    def policy(_: object, op: object, *args: object, **kwargs: object) -> CheckpointPolicy:
        return CheckpointPolicy.MUST_SAVE if op is CONVOLUTION else CheckpointPolicy.PREFER_RECOMPUTE

    return create_selective_checkpoint_contexts(policy)  # type: ignore[no-untyped-call]


#: How torch.utils.checkpoint is asked to show autograd's hooks what it keeps.
_SELECTIVE: dict[str, Any] = {
    "use_reentrant": False,
    "context_fn": _keep_convolutions,
    "respect_saved_tensors_hooks": True,
}
