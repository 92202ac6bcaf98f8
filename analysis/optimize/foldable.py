"""Which batch norms can be folded into the convolution before them, told by the edges of a plan or of a trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from archs.layer import Layer


def foldable_norms(layers: Sequence[Layer]) -> tuple[dict[str, str], dict[str, str]]:
    """The batch norms of a network that only rescale what one convolution makes, and why the others do more.

    Returns:
        The convolution of each batch norm that can be folded, and the reason for each that cannot; keys are the
        names of batch norms, in execution order.

    >>> from archs import plan_layers, get_config
    >>> convs, reasons = foldable_norms(plan_layers(get_config("densenet121")))
    >>> len(convs), convs["features.norm0"], reasons["features.denseblock1.denselayer1.norm1"]
    (59, 'features.conv0', 'it reads max_pool2d, not one convolution')
    """
    makers = {layer.name: layer for layer in layers}
    reads = Counter(name for layer in layers for name in layer.inputs)
    convs, reasons = {}, {}
    for layer in layers:
        if layer.op != "batch_norm":
            continue
        [source] = layer.inputs
        maker = makers.get(source)
        if maker is None or maker.op != "conv2d":
            reasons[layer.name] = f"it reads {'the image' if maker is None else maker.op}, not one convolution"
        elif reads[source] > 1:
            reasons[layer.name] = "its convolution is read by other layers too"
        elif layer.input_shapes[0] != maker.output_shape:
            reasons[layer.name] = "it reads its convolution in another shape"
        else:
            convs[layer.name] = source
    return convs, reasons
