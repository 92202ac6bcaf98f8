"""Every difference between five public counters and our count is explained by the counters' own rules."""

from __future__ import annotations

import importlib
import itertools
import re
import sys
import threading

import pytest

from analysis import cross_check, summarize
from analysis.crosscheck import step_names, waterfall
from archs import TraceError, create_model, get_config, list_archs
from cli import main
from tests.support.exhaustive import representatives
from tests.support.project import ROOT
from tests.support.small import SMALL

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional

for package in ("torchinfo", "thop", "fvcore", "ptflops"):
    pytest.importorskip(package)


COUNTERS = ["torchinfo", "thop", "fvcore", "ptflops", "FlopCounterMode"]
SIZES, BATCHES = (224, (192, 256)), (1, 2)
#: At least one of every kind of layer: BN order, biases, bottlenecks, eSE, identity additions, depthwise convolutions.
REPRESENTATIVES = ["densenet40_k12", "peleenet", "vovnet39", "ese_vovnet19b_slim_dw"]
#: Hard activations and squeeze-excitation, layer norms, attention in modules of timm's own and of PyTorch's.
LIBRARY_NAMES = [
    "timm/mobilenetv3_large_100",
    "timm/vit_tiny_patch16_224",
    "torchvision/vit_b_16",
]
MORE_LIBRARY_NAMES = ["timm/convnext_tiny", "timm/resnet50", "timm/efficientnet_b0", "torchvision/densenet121"]
GRID = representatives(
    [*((name, 224, 1) for name in REPRESENTATIVES[1:]), (REPRESENTATIVES[0], (192, 256), 2)],
    itertools.product(list_archs(), SIZES, BATCHES),
)


def assert_explained(frame, name):
    assert frame["counter"].tolist() == COUNTERS
    assert frame["reported"].notna().all(), frame["verdict"].tolist()
    steps = frame[step_names(frame)].sum(axis=1)
    assert (frame["reported"] == frame["ours"] + steps + frame["residual"]).all()
    assert frame["residual"].tolist() == [0] * 5, (name, frame["verdict"].tolist())


@pytest.mark.long
@pytest.mark.parametrize(("name", "size", "batch"), GRID)
def test_nothing_is_left_unexplained(name, size, batch):
    frame = cross_check(name, size, batch)
    assert_explained(frame, name)
    summary = summarize(name, size, batch, route="plan")
    assert frame["ours"].tolist() == [summary.macs] * 4 + [summary.flops]


@pytest.mark.long
@pytest.mark.parametrize("name", representatives(LIBRARY_NAMES, LIBRARY_NAMES + MORE_LIBRARY_NAMES))
def test_networks_of_other_libraries(name):
    pytest.importorskip(name.partition("/")[0])
    assert_explained(cross_check(name), name)


class Spellings(nn.Module):
    """The same operations as modules, as functions and as operators."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.again = nn.Conv2d(8, 8, 1, bias=False)
        self.norm = nn.BatchNorm2d(8, affine=False)
        self.act = nn.LeakyReLU()
        self.pool = nn.AdaptiveAvgPool2d((3, 5))
        self.fc = nn.Linear(5, 7)

    def forward(self, x):
        x = functional.relu(self.conv(x))
        x = self.again(self.again(x))
        x = self.act(self.norm(x)) + x
        x = torch.add(x, torch.relu(x)).mul(x) * 2
        x = functional.avg_pool2d(functional.max_pool2d(x, 2), 2)
        x = self.fc(functional.silu(self.pool(x)))
        return x.matmul(x.transpose(-1, -2)) @ x


@pytest.mark.parametrize("batch", BATCHES)
def test_spelling_matters_to_counters_and_is_explained(batch):
    frame = cross_check(Spellings(), (33, 47), batch).set_index("counter")
    assert_explained(frame.reset_index(), "Spellings")
    elements, rest = 8 * 33 * 47, 8 * 8 * 11
    ptflops = frame.loc["ptflops"]
    assert ptflops["addition"] == elements, "torch.add counts, + does not"
    assert ptflops["multiplication"] == elements, "Tensor.mul counts, * does not"
    assert ptflops["ReLU"] == elements, "F.relu counts, torch.relu does not"
    assert ptflops["adaptive pooling"] == ptflops["adaptive pooling again"] == rest
    assert ptflops["missed matmul"] == -8 * 3 * 3 * 7, "matmul counts, @ does not"
    assert frame.loc["thop", "missed matmul"] == -2 * batch * 8 * 3 * 3 * 7
    assert frame.loc["torchinfo", "missed linear"] == batch * (5 * 7 - 8 * 3 * 5 * 7)
    assert frame.loc["fvcore", "batch norm"] == batch * elements, "once an element without scale and shift"
    assert frame.loc["thop", "batch norm"] == 2 * batch * elements


class Runs(nn.Module):
    """A function as a module."""

    def __init__(self, run):
        super().__init__()
        self.run = run

    def forward(self, x):
        return self.run(x)


MODES = ("nearest", "bilinear", "bicubic", "nearest-exact")
SCALES = ({"scale_factor": 2}, {"size": (20, 21)}, {"scale_factor": 1.5}, {"scale_factor": (2, 3)})
LAYERS = {
    "transposed": nn.ConvTranspose2d(8, 4, 4, 2, 1),
    "transposed, grouped": nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1, groups=4, dilation=2, bias=False),
    "transposed, by its function": Runs(lambda x: functional.conv_transpose2d(x, x.new_zeros(8, 4, 2, 2), stride=2)),
    "PReLU": nn.Sequential(nn.PReLU(), nn.PReLU(8)),
    "reflecting padding": nn.Conv2d(8, 4, 3, padding=1, padding_mode="reflect"),
    "padding in words": nn.Conv2d(8, 4, 3, padding="same"),
    "instance norm": nn.Sequential(nn.InstanceNorm2d(8), nn.InstanceNorm2d(8, affine=True)),
    "bilinear class": nn.UpsamplingBilinear2d(scale_factor=2),
    "nearest class": nn.UpsamplingNearest2d(size=20),
    **{f"{mode} {scale}": nn.Upsample(mode=mode, **scale) for mode in MODES for scale in SCALES},
    **{
        f"{mode} {scale}, by its function": Runs(
            lambda x, how={"mode": mode, **scale}: functional.interpolate(x, **how)
        )
        for mode in MODES
        for scale in SCALES[2:]
    },
}


@pytest.mark.long
@pytest.mark.parametrize("layer", representatives(list(LAYERS)[::2], LAYERS))
def test_layers_of_decoders_are_explained(layer):
    assert_explained(cross_check(nn.Sequential(nn.Conv2d(3, 8, 3), LAYERS[layer]), 16, 2), layer)


class NeedsValues(nn.Module):
    """Works on real tensors and on the trace's, and on no others."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        if x.is_meta and not hasattr(x, "_densescope_source"):
            raise RuntimeError("nothing to see")
        return self.conv(x)


def test_a_counter_that_needs_values_gets_them():
    assert_explained(cross_check(NeedsValues(), 16), "values")


def test_a_batch_that_is_ignored_is_said_to_be():
    network = get_config("peleenet", **SMALL["peleenet"])
    one, two = (cross_check(network, 64, batch).set_index("counter") for batch in BATCHES)
    assert two.loc["ptflops", "reported"] == one.loc["ptflops", "reported"]
    assert two.loc["ptflops", "batch"] == -one.loc["ptflops", "ours"]
    others = [name for name in COUNTERS if name != "ptflops"]
    assert (two.loc[others, "reported"] == 2 * one.loc[others, "reported"]).all()
    said = two["verdict"].str.contains("whatever the batch")
    assert said[said].index.tolist() == ["ptflops"]
    assert not one["verdict"].str.contains("whatever the batch").any()


def test_subclasses_that_are_overlooked_are_named():
    class Linear(nn.Linear):
        pass

    plain, other = (nn.Sequential(nn.Flatten(), cls(3 * 8 * 8, 10)) for cls in (nn.Linear, Linear))
    frame = cross_check(other, 8).set_index("counter")
    assert_explained(frame.reset_index(), "subclass")
    missed = frame["missed linear"]
    assert missed[missed != 0].to_dict() == {"thop": -1920, "ptflops": -1920}
    assert all("Linear" in frame.loc[name, "verdict"] for name in ("thop", "ptflops"))
    assert not any("overlooks" in verdict for verdict in cross_check(plain, 8)["verdict"])


def run_fvcore(module, image):
    from fvcore.nn import FlopCountAnalysis

    return int(FlopCountAnalysis(module, image).total())


@pytest.mark.parametrize("counter", ["torchinfo", "thop", "fvcore", "ptflops", "flop_counter_mode"])
@pytest.mark.parametrize("name", representatives(REPRESENTATIVES[-1:], REPRESENTATIVES))
def test_the_meta_device_gives_what_the_cpu_gives(counter, name):
    run = importlib.import_module(f"analysis.crosscheck.{counter}").COUNTER.run
    on_meta = run(create_model(name, device="meta").eval(), torch.empty(2, 3, 64, 64, device="meta")).value
    module, image = create_model(name).eval(), torch.zeros(2, 3, 64, 64)
    assert on_meta == (run_fvcore(module, image) if counter == "fvcore" else run(module, image).value)


def test_the_module_is_left_as_it_was():
    module = create_model("densenet40_k12")
    module.train()
    module.features.norm5.eval()
    values = {name: value.clone() for name, value in module.state_dict().items()}
    attributes = {name: sorted(vars(child)) for name, child in module.named_modules()}
    modes = {name: child.training for name, child in module.named_modules()}
    hooks = [len(child._forward_hooks) + len(child._forward_pre_hooks) for child in module.modules()]
    assert_explained(cross_check(module, 32), "module")
    assert list(module.state_dict()) == list(values)
    assert all(torch.equal(value, values[name]) for name, value in module.state_dict().items())
    assert {name: sorted(vars(child)) for name, child in module.named_modules()} == attributes
    assert {name: child.training for name, child in module.named_modules()} == modes
    assert [len(child._forward_hooks) + len(child._forward_pre_hooks) for child in module.modules()] == hooks


def test_torch_is_left_as_it_was(capfd):
    from torchinfo.torchinfo import _cached_forward_pass

    cached = dict(_cached_forward_pass)
    owners = (torch.Tensor, functional)
    before = [dict(vars(owner)) for owner in owners]
    functions = {name: getattr(torch, name) for name in ("add", "mul", "matmul", "mm", "bmm", "addmm", "baddbmm")}
    cross_check(get_config("peleenet", **SMALL["peleenet"]), 64)
    assert [dict(vars(owner)) for owner in owners] == before
    assert {name: getattr(torch, name) for name in functions} == functions
    assert _cached_forward_pass == cached
    assert capfd.readouterr() == ("", "")


class Fussy(nn.Module):
    """Fails wherever a counter, but not the trace, runs it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        if not hasattr(x, "_densescope_source"):
            raise RuntimeError("not today\nnor tomorrow")
        return self.conv(x)


def test_a_counter_that_fails_is_a_row_with_a_sentence():
    frame = cross_check(Fussy(), 16)
    assert frame["reported"].isna().all()
    assert frame["residual"].isna().all()
    for name, verdict in zip(COUNTERS, frame["verdict"], strict=True):
        assert verdict.startswith(f"{name} fails on this network: ")
        assert verdict.count("\n") == 0
    assert waterfall(frame).empty


def test_a_module_that_cannot_be_traced_is_one_error():
    class Broken(nn.Module):
        def forward(self, x):
            raise RuntimeError("no")

    with pytest.raises(TraceError):
        cross_check(Broken())


def test_a_module_that_cannot_be_copied_is_one_error():
    module = nn.Conv2d(3, 4, 3)
    module.lock = threading.Lock()
    with pytest.raises(TraceError, match="cannot be copied"):
        cross_check(module)


def test_a_network_without_multiply_accumulates():
    frame = cross_check(nn.Sequential(nn.MaxPool2d(2), nn.ReLU()), 8).set_index("counter")
    assert (frame["ours"] == 0).all()
    assert (frame["residual"] == 0).all()
    assert frame.loc["ptflops", "reported"] == 2 * 3 * (8 * 8 + 4 * 4)


@pytest.mark.long
def test_a_missing_counter_is_a_row_with_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "thop", None)
    frame = cross_check(get_config("densenet40_k12", block_config=(1,)), 32).set_index("counter")
    assert frame.loc["thop", "verdict"] == "thop is not installed: `pip install thop` adds it."
    assert frame["reported"].isna().tolist() == [False, True, False, False, False]


def test_the_waterfall_leads_from_ours_to_theirs():
    frame = cross_check("ese_vovnet19b_slim_dw", 64, 2)
    steps = waterfall(frame)
    assert steps["counter"].unique().tolist() == COUNTERS
    for name, own in steps.groupby("counter"):
        values = own["value"].tolist()
        assert own["step"].tolist()[0] == "ours", name
        assert own["step"].tolist()[-1] == "reported", name
        assert sum(values[:-1]) == values[-1], name
        assert all(values), "a step that adds nothing is no step"


def test_each_paragraph_and_version_is_there():
    frame = cross_check("densenet40_k12", 32)
    assert frame["quote_when"].str.len().min() > 100
    assert frame["version"].str.match(r"\d+\.\d").all()
    assert frame["unit"].tolist() == ["MACs"] * 4 + ["FLOPs"]


@pytest.mark.long
def test_the_command_shows_figures_steps_and_verdicts(capsys):
    assert main(["crosscheck", "densenet121", "--image-size", "224"]) == 0
    shown = capsys.readouterr().out
    for figure in ("2,834,246,312", "2,897,058,304", "2,865,546,752", "2,899,943,400", "5,668,323,328"):
        assert figure in shown
    assert "batch norm" in shown
    assert "ptflops. It is 2.32 % above ours" in shown


@pytest.mark.long
def test_the_table_of_the_documentation_is_what_they_say():
    page = (ROOT / "docs" / "counters.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:5] for line in page.splitlines() if re.match(r"\|[^|]+\|[^|]+\| [\d,]+ \|", line)]
    said = {name.split()[0]: (int(figure.replace(",", "")), steps) for name, _, figure, steps in rows}
    frame = cross_check("densenet121", 224).set_index("counter")
    assert said.pop("DenseScope")[0] == frame.loc["thop", "ours"]
    assert list(said) == COUNTERS
    for name, (figure, steps) in said.items():
        assert figure == frame.loc[name, "reported"]
        for step in step_names(frame):
            if frame.loc[name, step] and not step.endswith(" again"):
                assert f"{step} " in steps
                assert f"{frame.loc[name, step]:,}" in steps


@pytest.mark.parametrize("file_format", ["csv", "json", "markdown", "latex"])
def test_the_command_writes_every_format(file_format, capsys):
    network = ["densenet40_k12", "--set", "block_config=1,"]
    assert main(["crosscheck", *network, "--image-size", "32", "--format", file_format]) == 0
    assert "FlopCounterMode" in capsys.readouterr().out


def test_the_command_answers_a_wrong_name_in_one_line(capsys):
    assert main(["crosscheck", "densenet122"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1


def test_traces_in_other_threads_are_not_counted():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2))
    done = threading.Event()

    def trace_on():
        while not done.is_set():
            summarize(network, 16)

    thread = threading.Thread(target=trace_on)
    thread.start()
    try:
        for _ in range(5):
            assert not cross_check(network, 16)["residual"].any()
    finally:
        done.set()
        thread.join()
