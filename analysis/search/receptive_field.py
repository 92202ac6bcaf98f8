"""How much of the image one element of the last map sees."""

from __future__ import annotations

from collections.abc import Iterable

from archs.layer import INPUT, Layer


def receptive_field(layers: Iterable[Layer]) -> int:
    """Side, in pixels, of the square of the image that can change one element of the last map, edges aside.

    Along each path of kernels, (k − 1) times the strides before it is added; the widest path counts. Attention and the
    head see the whole image through their global pooling: what they add is not counted.

    Source: Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019.
    """
    seen: dict[str, tuple[int, int]] = {INPUT: (1, 1)}  # of each map: side, and pixels between its elements
    widest = 1
    for layer in layers:
        sources = [seen[name] for name in layer.inputs if name in seen]
        if layer.op == "global_avg_pool" or not sources:
            continue
        side, pixels = max(sources)
        if layer.kernel and layer.stride:
            dilation = layer.dilation[0] if layer.dilation else 1
            side, pixels = side + (layer.kernel[0] - 1) * dilation * pixels, pixels * layer.stride[0]
        seen[layer.name] = side, pixels
        widest = max(widest, side)
    return widest
