"""A family of little more than one has to be: config, plan and modules, registered when this folder is imported."""

from archs.family import Family, Searching
from archs.registry import register_arch, register_family
from tests.support.toy.config import ToyConfig
from tests.support.toy.plan import plan_toy, taps

SPACES = {"toy": ("toy7", {"width": (8, 16, 24), "layers[0]": (1, 2), "residual": (False, True)})}

register_family(
    Family("toy", "ToyNet", ToyConfig, plan_toy, "tests.support.toy.modules:ToyNet", taps, searching=Searching(SPACES))
)
register_arch("toy3", ToyConfig(), source="tests/support/toy", named_depth=3)
register_arch("toy7", ToyConfig(layers=(2, 3), width=24), source="tests/support/toy")
