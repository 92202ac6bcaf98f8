"""What layers an architecture has: a registry of DenseNet and the families after it behind one interface.

Importing this package never imports torch; only `create_model` does.
"""

# Families are listed in the order of their papers.
# isort: off
from archs import densenet as densenet
from archs import dpn as dpn
from archs import condensenet as condensenet
from archs import peleenet as peleenet
from archs import vovnet as vovnet
from archs import hardnet as hardnet
from archs import cspnet as cspnet
from archs import hgnet as hgnet
from archs import elan as elan
from archs import rdnet as rdnet

# isort: on
from archs.create import create_backbone, create_model
from archs.design import Design, DesignError, parse_design, read_design
from archs.errors import (
    ConfigError,
    CountMismatchError,
    DenseScopeError,
    MissingPackageError,
    TraceError,
    UnknownArchError,
    UnknownFieldError,
    UnknownOpError,
    WeightsError,
    WeightsWarning,
)
from archs.layer import Layer
from archs.planning import plan_layers
from archs.registry import get_config, get_family, get_spec, list_archs, list_families

__all__ = [
    "ConfigError",
    "CountMismatchError",
    "DenseScopeError",
    "Design",
    "DesignError",
    "Layer",
    "MissingPackageError",
    "TraceError",
    "UnknownArchError",
    "UnknownFieldError",
    "UnknownOpError",
    "WeightsError",
    "WeightsWarning",
    "create_backbone",
    "create_model",
    "get_config",
    "get_family",
    "get_spec",
    "list_archs",
    "list_families",
    "parse_design",
    "plan_layers",
    "read_design",
]
