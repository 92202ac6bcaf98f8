"""From what a person gives as weights to a file on this machine: a path, a run, or the name of published weights."""

from __future__ import annotations

import re
from collections.abc import Callable
from http.client import HTTPException
from os import PathLike
from os.path import exists
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from archs import checks
from archs.errors import WeightsError, abbreviate, nearest_names, require
from archs.kept import is_run, weights_of_run
from archs.registry import list_archs
from archs.weights.names import registered_name

#: How long a server may take to answer at all.
TIMEOUT_S = 10
TIMM_FILE = "model.safetensors"


def locate_weights(weights: str | PathLike[str], config: Any) -> Path:
    """The file that `weights` stands for, fetched if need be: a path, "run:NAME", "timm/NAME.TAG" or
    "torchvision/MEMBER".

    Raises:
        ConfigError: neither a path nor a name.
        UnknownNameError: there is no such run.
        WeightsError: there are no such weights, or they cannot be fetched.
        MissingPackageError: the library that publishes them is not installed.
    """
    name = str(checks.path("weights", weights))
    if is_run(name):
        return weights_of_run(name)
    source, _, member = name.partition("/")
    if source not in ("timm", "torchvision") or exists(name):
        return Path(name)
    return _from_timm(name) if source == "timm" else _from_torchvision(name, member, config)


def _from_timm(name: str) -> Path:
    if not re.fullmatch(r"timm/\w[\w.-]{0,90}", name, re.ASCII):
        raise WeightsError(f"{abbreviate(name)} is no name such as timm/densenet121.tv_in1k.")
    hub = require("huggingface_hub", "Fetching weights of timm")
    cached = hub.try_to_load_from_cache(name, TIMM_FILE)
    if isinstance(cached, str):
        return Path(cached)
    url = hub.hf_hub_url(name, TIMM_FILE)
    return _fetch(name, url, lambda: hub.hf_hub_download(name, TIMM_FILE), lambda: _nearest_timm_names(name))


def _nearest_timm_names(name: str) -> str:
    """A clause about names that timm knows, empty where it is not installed or knows this one."""
    try:
        published = require("timm", "Listing the weights of timm").list_pretrained()
    except ImportError:
        return ""
    ours = list_archs()
    known = [f"timm/{weights}" for weights in published if weights.partition(".")[0] in ours]
    return "" if name in known else f"; the nearest names that timm knows are {nearest_names(name, known)}"


def _from_torchvision(name: str, member: str, config: Any) -> Path:
    models = require("torchvision.models", "Fetching weights of torchvision")
    arch = registered_name(config)
    if arch not in models.list_models():
        published = sorted(set(list_archs()) & set(models.list_models()), key=list_archs().index)
        raise WeightsError(f"torchvision has no weights for {arch or 'this config'}, only for {', '.join(published)}.")
    members = models.get_model_weights(arch).__members__
    if member not in members:
        known = ", ".join(f"torchvision/{known}" for known in members)
        raise WeightsError(f"torchvision has no weights {abbreviate(member)} for {arch}; there are {known}.")
    return _from_url(name, members[member].url)


def _from_url(name: str, url: str) -> Path:
    """A file of torchvision, in the cache that torchvision itself uses; the hash in its name is checked."""
    from torch import hub

    path = Path(hub.get_dir(), "checkpoints", url.rpartition("/")[2])
    if path.is_file():
        return path

    def download() -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        hub.download_url_to_file(url, str(path), hash_prefix=path.stem.rpartition("-")[2])
        return path

    return _fetch(name, url, download)


def _fetch(name: str, url: str, download: Callable[[], str | Path], nearest: Callable[[], str] = lambda: "") -> Path:
    """Ask the server once, so that no library retries for long where there is no connection, then download."""
    by_hand = f"fetch {url} and give the path of that file instead"
    try:
        urlopen(Request(url, method="HEAD"), timeout=TIMEOUT_S).close()
    except HTTPError as error:
        if error.code in (401, 403, 404):
            raise WeightsError(f"There are no weights {name!r} ({url} is not there){nearest()}.") from None
        raise WeightsError(f"The server of {name!r} answers with status {error.code}; {by_hand}.") from None
    except (OSError, HTTPException):
        raise WeightsError(f"There is no connection to fetch {name!r}: {by_hand}{nearest()}.") from None
    try:
        return Path(download())
    except Exception as error:  # each library has its own errors for a connection that breaks and a disk that is full
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise WeightsError(f"Fetching {name!r} failed ({reason}); {by_hand}.") from None
