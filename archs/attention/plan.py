"""The layer plan of channel attention: VoVNetV2's eSE (arXiv:1911.06667, section 3.2)."""

from __future__ import annotations

from archs.layer import Layer
from archs.plan import Stage, Steps


def effective_squeeze_excitation(stage: Stage, scope: str, x: Layer) -> Steps:
    gate = yield stage.global_avg_pool(f"{scope}.pool", x)
    gate = yield stage.conv2d(f"{scope}.fc", gate, x.output_shape[1], 1, bias=True)
    gate = yield stage.hardsigmoid(f"{scope}.gate", gate)
    return (yield stage.mul(f"{scope}.mul", x, gate))
