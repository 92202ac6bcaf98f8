"""Networks at work in detection: a backbone alone, or with a neck and a head, as layer plan and as module.

Importing this package never imports torch; only `create_detector` does.
"""

from detectors.config import PARTS, BackboneConfig, DetectorConfig, part_of
from detectors.create import create_detector, plan_detector
from detectors.kinds import KINDS, Kind, is_detector_name, resolve_detector

__all__ = [
    "KINDS",
    "PARTS",
    "BackboneConfig",
    "DetectorConfig",
    "Kind",
    "create_detector",
    "is_detector_name",
    "part_of",
    "plan_detector",
    "resolve_detector",
]
