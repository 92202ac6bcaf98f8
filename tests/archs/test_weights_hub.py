"""Names of published weights: found in caches, asked for once, and one sentence where they cannot be fetched."""

from __future__ import annotations

import io
import urllib.error

import pytest
import safetensors.torch
import torch
import torchvision

import archs
from archs.weights import hub
from tests.support.weights import old_keys, refused, small_model


@pytest.fixture
def caches(tmp_path, monkeypatch):
    """Empty caches of both hubs."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "torch"))
    return tmp_path


def answer(monkeypatch, error):
    """Let every question to a server end with this error."""

    def urlopen(*_, **__):
        raise error

    monkeypatch.setattr(hub, "urlopen", urlopen)


def http_error(status):
    return urllib.error.HTTPError("https://example.org", status, "", {}, None)


TIMM_URL = "https://huggingface.co/timm/densenet121.tv_in1k/resolve/main/model.safetensors"
TORCHVISION_URL = "https://download.pytorch.org/models/densenet121-a639ec97.pth"


@pytest.mark.parametrize(
    ("weights", "url"),
    [
        ("timm/densenet121.tv_in1k", TIMM_URL),
        ("torchvision/DEFAULT", TORCHVISION_URL),
        ("torchvision/IMAGENET1K_V1", TORCHVISION_URL),
    ],
)
@pytest.mark.parametrize("error", [urllib.error.URLError("no route"), TimeoutError("timed out")])
def test_no_connection_names_the_file_to_fetch(weights, url, error, caches, monkeypatch):
    answer(monkeypatch, error)
    assert refused(weights) == (
        f"There is no connection to fetch '{weights}': fetch {url} and give the path of that file instead."
    )


def test_servers_that_have_no_such_file_or_fail(caches, monkeypatch):
    answer(monkeypatch, http_error(404))
    assert refused("timm/densenet121.nope").startswith("There are no weights 'timm/densenet121.nope' (https://")
    assert "; the nearest names that timm knows are 'timm/densenet121." in refused("timm/densenet121.nope")
    answer(monkeypatch, http_error(503))
    assert "answers with status 503; fetch https://" in refused("torchvision/DEFAULT")


def test_a_download_that_breaks_off(caches, monkeypatch):
    def break_off(*_, **__):
        raise RuntimeError('invalid hash value (expected "a639ec97", got "0")')

    monkeypatch.setattr(hub, "urlopen", lambda *_, **__: io.BytesIO())
    monkeypatch.setattr(torch.hub, "download_url_to_file", break_off)
    assert "failed (invalid hash value" in refused("torchvision/DEFAULT")


def test_names_that_no_hub_has(caches):
    assert refused("torchvision/IMAGENET22K") == (
        "torchvision has no weights 'IMAGENET22K' for densenet121; there are torchvision/IMAGENET1K_V1, "
        "torchvision/DEFAULT."
    )
    assert refused("torchvision/DEFAULT", "peleenet") == (
        "torchvision has no weights for peleenet, only for densenet121, densenet161, densenet169, densenet201."
    )
    assert refused("torchvision/DEFAULT", growth_rate=24).startswith("torchvision has no weights for this config")
    assert refused("timm/../secret") == "'timm/../secret' is no name such as timm/densenet121.tv_in1k."


def test_what_is_in_a_cache_needs_no_connection(caches, monkeypatch):
    answer(monkeypatch, AssertionError("the cache was not used"))
    state = torchvision.models.densenet121().state_dict()
    repo = caches / "hf" / "models--timm--densenet121.tv_in1k"
    for folder in (repo / "refs", repo / "snapshots" / "abc", caches / "torch" / "checkpoints"):
        folder.mkdir(parents=True)
    (repo / "refs" / "main").write_text("abc")
    safetensors.torch.save_file(state, repo / "snapshots" / "abc" / "model.safetensors")
    torch.save(old_keys(state), caches / "torch" / "checkpoints" / "densenet121-a639ec97.pth")
    for weights in ("timm/densenet121.tv_in1k", "torchvision/DEFAULT"):
        model = archs.create_model("densenet121", weights=weights)
        assert torch.equal(model.classifier.weight, state["classifier.weight"])
        assert model.weights_report.source == weights


def test_a_file_comes_before_a_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "timm").mkdir()
    torch.save(small_model().state_dict(), "timm/small.pth")
    assert small_model(weights="timm/small.pth").weights_report.source == "timm/small.pth"
