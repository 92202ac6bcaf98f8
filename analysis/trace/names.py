"""Which operation a function of torch is, whatever its spelling, and which operations are no layers of their own."""

from __future__ import annotations

from functools import cache
from typing import Any

#: Functions whose name does not say which of `analysis.ops` they are.
_OTHER_NAMES = {
    **dict.fromkeys(("truediv", "rtruediv", "itruediv", "divide", "true_divide", "idiv"), "div"),
    **dict.fromkeys(("multiply",), "mul"),
    **dict.fromkeys(("subtract",), "sub"),
    **dict.fromkeys(("bmm", "mm", "mv", "dot", "vdot"), "matmul"),
    **dict.fromkeys(("addmm", "addmv"), "addmm"),
    **dict.fromkeys(("cat", "concatenate"), "concat"),
    **dict.fromkeys(("absolute",), "abs"),
    **dict.fromkeys(("negative",), "neg"),
    **dict.fromkeys(("clip", "clamp_min", "clamp_max"), "clamp"),
    "scaled_dot_product_attention": "attention",
    "log_sigmoid": "logsigmoid",
    "special_expm1": "expm1",
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
    name = name.partition(".")[0].rstrip("_")  # of an overload such as mul.Tensor too
    return _OTHER_NAMES.get(name, name)


#: Functions that hand on the same elements: where they cannot without moving them, they copy.
COPYING = frozenset(
    (
        *(
            "identity",
            "detach",
            "requires_grad",
            "alias",
            "contiguous",
            "flatten",
            "unflatten",
            "reshape",
            "reshape_as",
        ),
        *("view", "view_as", "squeeze", "unsqueeze", "expand", "expand_as", "permute", "transpose", "t", "movedim"),
        *("swapaxes", "swapdims", "chunk", "split", "split_with_sizes", "tensor_split", "unbind", "narrow", "select"),
        *("getitem", "get", "to", "float", "half", "double", "bfloat16", "type", "type_as", "cpu", "cuda"),
    )
)

#: Functions that take only the shape of a tensor of the image, not its values.
CONSTANTS = frozenset(
    (
        *("new_zeros", "new_ones", "new_empty", "new_full", "new_tensor"),
        *("zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like"),
    )
)

#: Functions that ask for the values of a tensor, which a trace does not have.
VALUES = frozenset(
    (
        *("item", "tolist", "numpy", "nonzero", "argwhere", "equal", "allclose", "unique", "masked_select"),
        *("__bool__", "__int__", "__float__", "__index__"),
    )
)

#: Names that torch takes for an argument beside its own.
_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "x2": "other"}


def torch_names(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments under torch's own names."""
    return {_NUMPY_NAMES.get(name, name): value for name, value in kwargs.items()} if kwargs else kwargs
