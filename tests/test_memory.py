"""The memory accounting against PyTorch itself: what autograd keeps; budgets; the command."""

import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

import analysis
import archs
from analysis.memory.saved import SAVED_KINDS
from analysis.targets import resolve_target
from archs.errors import ConfigError, DenseScopeError, TraceError
from cli import main
from tests.live_bytes import storage_of

NAMES = archs.list_archs()
SIZE, BATCH = 64, 2
VARIANTS = [
    ("densenet121", {"drop_rate": 0.2, "conv_bias": True, "block_config": (2, 3)}),
    ("densenet_cifar", {"drop_rate": 0.2, "block_config": (2, 2), "in_channels": 3}),
    ("peleenet", {"drop_rate": 0.0}),
    ("vovnet39", {"drop_rate": 0.1}),
]


def make(name, device="meta", dtype=torch.float32, size=SIZE, **overrides):
    model = resolve_target(name, **overrides).without_weights().to_empty(device=device).to(dtype)
    return model, torch.zeros(BATCH, model.config.in_channels, size, size, device=device, dtype=dtype)


def library_model(name, device="meta"):
    torchvision = pytest.importorskip("torchvision")
    with torch.device(device):
        return torchvision.models.get_model(name), torch.zeros(BATCH, 3, SIZE, SIZE)


def saved_bytes(model, image):
    """What autograd keeps of a forward pass in training: distinct storages, weights and running statistics excluded."""
    own = {storage_of(tensor) for tensor in (*model.parameters(), *model.buffers())}
    kept = {}

    def keep(tensor):
        kept[storage_of(tensor)] = tensor
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        _output = model.train()(image)
    return sum(tensor.untyped_storage().nbytes() for key, tensor in kept.items() if key not in own)


@pytest.mark.parametrize("name", NAMES)
def test_saved_bytes_are_what_autograd_keeps(name):
    assert analysis.memory(name, SIZE, BATCH, mode="training").saved_bytes == saved_bytes(*make(name))


@pytest.mark.parametrize(("name", "changes"), VARIANTS)
def test_saved_bytes_of_other_configs(name, changes):
    config = archs.get_config(name, **changes)
    assert analysis.memory(config, SIZE, BATCH, mode="training").saved_bytes == saved_bytes(*make(name, **changes))


@pytest.mark.parametrize("name", ["densenet_cifar", "peleenet", "ese_vovnet19b_slim_dw"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_saved_bytes_on_a_real_device(name, dtype):
    memory = analysis.memory(name, 32, BATCH, dtype, mode="training")
    assert memory.saved_bytes == saved_bytes(*make(name, "cpu", getattr(torch, dtype), 32))


def test_saved_bytes_of_a_traced_network():
    memory = analysis.memory("torchvision/resnet18", SIZE, BATCH, mode="training")
    assert memory.saved_bytes == saved_bytes(*library_model("resnet18"))


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_buffers(name):
    model, _ = make(name)
    memory = analysis.memory(name, SIZE)
    assert memory.weight_bytes == sum(parameter.nbytes for parameter in model.parameters())
    assert memory.buffer_bytes == sum(buffer.nbytes for buffer in model.buffers())


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_optimizer_state_and_gradients(optimizer):
    model, image = archs.create_model("densenet_cifar", block_config=(1, 1)), torch.zeros(2, 3, 32, 32)
    steps = {"sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), "adamw": torch.optim.AdamW}
    step = steps[optimizer](model.parameters())
    model(image).sum().backward()
    step.step()
    memory = analysis.memory(model.config, 32, mode="training")
    state = [tensor for state in step.state.values() for tensor in state.values() if tensor.dim()]
    assert memory.optimizer_bytes(optimizer) == sum(tensor.nbytes for tensor in state)
    assert memory.gradient_bytes == sum(parameter.grad.nbytes for parameter in model.parameters())


def test_every_total_is_the_sum_of_its_parts():
    memory = analysis.memory("densenet121", SIZE, mode="training")
    assert tuple(memory.by_kind()) == SAVED_KINDS
    for parts in (memory.by_kind(), memory.by_layer(), memory.by_stage()):
        assert sum(parts.values()) == memory.saved_bytes
    assert sum(row["nbytes"] for row in memory.rows()) == memory.saved_bytes


@pytest.mark.parametrize("mode", ["inference", "training"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_the_largest_batch_fits_and_one_more_does_not(mode, batch_size):
    budget = 1e9
    batch = analysis.memory("densenet121", SIZE, batch_size, mode=mode).largest_batch(budget)
    totals = []
    for size in (batch, batch + 1):
        memory = analysis.memory("densenet121", SIZE, size, mode=mode)
        totals.append(memory.total_bytes() if mode == "training" else memory.total_bytes)
    assert totals[0] <= budget < totals[1]


def test_nothing_fits_into_less_than_the_weights():
    assert analysis.memory("densenet121").largest_batch(1000) == 0


@pytest.mark.parametrize("budget", [0, -1, float("nan"), float("inf"), "8 GB", None, True])
@pytest.mark.parametrize("mode", ["inference", "training"])
def test_budgets_that_are_none(mode, budget):
    with pytest.raises(ConfigError, match="positive number of bytes"):
        analysis.memory("densenet_cifar", mode=mode).largest_batch(budget)


class Gelu(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return nn.functional.gelu(self.conv(x))


class DataDependent(Gelu):
    def forward(self, x):
        return self.conv(x) if x.sum() > 0 else x


def test_what_cannot_be_followed_is_named():
    assert analysis.memory(Gelu(), 8).peak_layer == "gelu"
    with pytest.raises(TraceError, match="DataDependent"):
        analysis.memory(DataDependent(), 8)


@pytest.mark.parametrize("options", [{"mode": "both"}, {"dtype": "int8", "mode": "training"}, {"batch_size": 0}])
def test_bad_options(options):
    with pytest.raises(DenseScopeError):
        analysis.memory("densenet121", SIZE, **options)


@pytest.mark.parametrize("command", ["memory peleenet --budget 8 --layers", "memory peleenet --mode training --layers"])
def test_command(command, capsys):
    assert main(command.split()) == 0
    shown = capsys.readouterr().out
    assert "classifier" in shown
    assert ("Fits into 8 GB: batch" in shown) == ("--budget" in command)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("--budget 0", "--budget is '0', but must be a positive number of GB such as 8."),
        ("--budget -2", "--budget is '-2', but must be a positive number of GB such as 8."),
        ("--budget much", "--budget is 'much', but must be a positive number of GB such as 8."),
        ("--mode both", "--mode is 'both', but must be one of 'inference', 'training'."),
        ("--optimizer lamb", "--optimizer is 'lamb', but must be one of 'none', 'sgd', 'adamw'."),
    ],
)
def test_bad_input_is_one_line(options, complaint, capsys):
    assert main(["memory", "peleenet", *options.split()]) == 2
    assert capsys.readouterr().err == f"error: {complaint}\n"
