"""Networks as files for other programs: each file is read back and compared with the network before it is kept."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from archs import checks, files
from archs.described import check_bytes, described_weights
from archs.errors import DenseScopeError, ExportError, first_line, require
from archs.layer import Pair
from archs.planning import plan_layers
from archs.weights.names import registered_name

#: Largest difference between the outputs of a file and of its network, as a share of the largest output.
TOLERANCE = 1e-3
#: Batches at which a file that takes any batch is checked.
CHECKED_BATCHES = (1, 3)

#: Logits, or the maps of a backbone.
Outputs = Tensor | Sequence[Tensor]
Run = Callable[[Tensor], Outputs]


def export_model(
    model: nn.Module,
    path: str | os.PathLike[str],
    file_format: str,
    image_size: int | Pair | None = None,
    batch_size: int | None = None,
) -> float:
    """Write a network of the registry or a backbone to a file, in inference mode; what fails leaves all as it was.

    Args:
        model: the network; it is not changed.
        path: the file; a link is replaced, and what it points to stays.
        file_format: "onnx", "torchscript", or "safetensors" for the weights alone, with the config as metadata.
        image_size: side or (h, w) in pixels; None for the network's own.
        batch_size: the one batch that the file has to take; None for any.

    Returns:
        The largest difference between the outputs of the file and of the network, as a share of the largest output.

    Raises:
        ConfigError: no such format; sizes that are not allowed or do not suit the network.
        ExportError: the network is too large, the file cannot be written, or computes something else.
        MissingPackageError: a package that writes or checks the file is not installed.
    """
    config: Any = model.config
    write = _WRITERS[checks.choice("file_format", file_format, FORMATS)]
    batches = CHECKED_BATCHES if batch_size is None else (checks.batch_size(batch_size),)
    check_bytes("Its weights have", sum(tensor.nbytes for tensor in model.state_dict().values()))
    layers = plan_layers(config, image_size, batches[-1])
    largest = max(layers, key=lambda layer: prod(layer.output_shape))
    check_bytes(f"On the images that it is checked with, {largest.name} makes", 4 * prod(largest.output_shape))
    size = checks.image_size(config.image_size if image_size is None else image_size)
    model = deepcopy(model).eval()
    with _replacing(Path(path)) as unchecked, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        images = [_random_images(config.in_channels, size, batch) for batch in batches]
        run = write(model, images[-1], unchecked, batch_size is None)
        return _largest_difference(run, model, images)


def _largest_difference(run: Run, model: nn.Module, images: Iterable[Tensor]) -> float:
    differences = [_difference(run(batch), model(batch)) for batch in images]
    if not all(difference <= TOLERANCE for difference in differences):  # so that NaN differs too
        shown = ", ".join(f"{difference:.1e}" for difference in differences)
        raise ExportError(f"The file was not kept: its outputs differ from PyTorch's by {shown} of the largest.")
    return max(differences)


def _random_images(channels: int, size: Pair, batch_size: int) -> Tensor:
    return torch.randn(batch_size, channels, *size, generator=torch.Generator().manual_seed(0))


def _difference(found: Outputs, expected: Outputs) -> float:
    """Of each output; of the maps of a backbone the largest."""
    pairs = zip(*([out] if isinstance(out, Tensor) else out for out in (found, expected)), strict=True)
    return max((one - other).abs().max().item() / (other.abs().max().item() or 1.0) for one, other in pairs)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A new path beside `path`, which takes its place once all has gone well."""
    try:
        if path.exists() and not (path.is_file() and os.access(path, os.W_OK)):
            raise ExportError(f"Cannot write to {str(path)!r}: it is no ordinary file that may be replaced.")
        with files.replacing(path) as unchecked:
            yield unchecked
    except DenseScopeError:
        raise
    except OSError as error:
        raise ExportError(f"Cannot write to {str(path)!r}: {error.strerror or error}.") from None
    except Exception as error:  # exporters raise what they like
        raise ExportError(f"Exporting to {str(path)!r} failed: {type(error).__name__}: {first_line(error)}.") from error


def _write_onnx(model: nn.Module, images: Tensor, path: Path, any_batch: bool) -> Run:
    require("onnxscript", "Exporting to ONNX")
    runtime = require("onnxruntime", "Checking an ONNX file")
    strides: Any = checks.attribute(model, "strides")  # of a backbone
    names = [f"stride_{stride}" for stride in strides] if strides else ["logits"]
    torch.onnx.export(
        model,
        (images,),
        path,
        dynamo=True,
        external_data=False,
        verbose=False,
        input_names=["images"],
        output_names=names,
        dynamic_shapes=({0: "batch"},) if any_batch else None,
    )
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def run(batch: Tensor) -> Outputs:
        outputs = [torch.from_numpy(output) for output in session.run(None, {"images": batch.numpy()})]
        return outputs if strides else outputs[0]

    return run


def _write_torchscript(model: nn.Module, images: Tensor, path: Path, any_batch: bool) -> Run:
    traced = torch.jit.trace(model, images, check_trace=False)  # type: ignore[no-untyped-call]
    content = io.BytesIO()
    torch.jit.save(traced, content)  # which ends the process where a disk is full
    path.write_bytes(content.getbuffer())
    run: Run = torch.jit.load(path)  # type: ignore[no-untyped-call]
    return run


def _write_safetensors(model: nn.Module, images: Tensor, path: Path, any_batch: bool) -> Run:
    safetensors = require("safetensors.torch", "Writing a .safetensors file")
    config: Any = model.config
    content = described_weights(model.state_dict(), config, registered_name(config) or "")
    path.write_bytes(content)  # save_file would set permissions of its own
    written = deepcopy(model)
    written.load_state_dict(safetensors.load_file(path))
    return written


_WRITERS = {"onnx": _write_onnx, "torchscript": _write_torchscript, "safetensors": _write_safetensors}
FORMATS = tuple(_WRITERS)
