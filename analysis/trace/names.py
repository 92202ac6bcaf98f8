"""Which operation a function of torch is, whatever its spelling, and which operations are no layers of their own."""

from __future__ import annotations

from functools import cache
from typing import Any

#: Functions whose name does not say which of `analysis.ops` they are.
_OTHER_NAMES = {
    **dict.fromkeys(("truediv", "rtruediv", "itruediv", "divide"), "div"),
    "multiply": "mul",
    **dict.fromkeys(("bmm", "mm"), "matmul"),
    **dict.fromkeys(("cat", "concatenate"), "concat"),
    "scaled_dot_product_attention": "attention",
}


@cache
def op_name(function: Any) -> str:
    """The name under which all spellings of an operation are known.

    >>> from torch import Tensor
    >>> op_name(Tensor.__iadd__), op_name(Tensor.relu_), op_name(Tensor.relu)
    ('add', 'relu', 'relu')
    """
    name: str = function.__name__
    if name.startswith("__"):
        name = name.strip("_")
        if name[0] in "ir" and name[1:] in ("add", "sub", "mul", "matmul", "pow"):
            name = name[1:]
    name = name.rstrip("_")
    return _OTHER_NAMES.get(name, name)


#: Functions that hand on the same elements, in whatever shape: no layers, unless they had to copy.
VIEWS = frozenset(
    (
        *("dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout", "alpha_dropout"),
        *("identity", "detach", "requires_grad", "alias", "contiguous"),
        *(
            "flatten",
            "unflatten",
            "reshape",
            "reshape_as",
            "view",
            "view_as",
            "squeeze",
            "unsqueeze",
            "expand",
            "expand_as",
        ),
        *("permute", "transpose", "t", "movedim", "swapaxes", "swapdims", "to", "float", "half", "type", "type_as"),
        *("chunk", "split", "split_with_sizes", "tensor_split", "unbind", "narrow", "select", "getitem", "get"),
    )
)

#: Functions that take only the shape of a tensor of the image, not its values.
CONSTANTS = frozenset(
    (
        *("new_zeros", "new_ones", "new_empty", "new_full", "new_tensor"),
        *("zeros_like", "ones_like", "empty_like", "full_like"),
    )
)
