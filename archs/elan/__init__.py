"""ELAN, the backbones of YOLOv7 (arXiv:2207.02696, arXiv:2211.04800): one-shot aggregation of every second layer.

The published networks are detectors. Here their backbones end in a global average pooling and a classifier, which are
ours: no accuracy was ever published for these networks.
"""

from dataclasses import replace

from archs.elan.config import ELANConfig
from archs.elan.family import FAMILY
from archs.elan.plan import plan_elan
from archs.registry import register_arch, register_family

__all__ = ["ELANConfig", "plan_elan"]

register_family(FAMILY)

SOURCE = "Wang et al., YOLOv7, arXiv:2207.02696; WongKinYiu/yolov7, cfg/deploy: the backbone, plus a classifier of ours"

YOLOV7 = ELANConfig()
#: Five stages behind the pixel phases, made for images of 1280 pixels, whose sides are multiples of 64.
W6 = ELANConfig(
    image_size=256,
    stem_channels=(64,),
    stem_strides=(1,),
    reorganise=True,
    downsampling="conv",
    widths=(64, 128, 256, 384, 512),
    out_channels=(128, 256, 512, 768, 1024),
)
E6 = replace(W6, stem_channels=(80,), downsampling="downc", layers=6, out_channels=(160, 320, 640, 960, 1280))
NETWORKS = {
    "yolov7_tiny": replace(
        YOLOV7,
        stem_channels=(32, 64),
        stem_strides=(2, 2),
        downsampling="pool",
        widths=(32, 64, 128, 256),
        layers=2,
        step=1,
        out_channels=(64, 128, 256, 512),
        activation="leaky_relu",
    ),
    "yolov7": YOLOV7,
    "yolov7x": replace(YOLOV7, stem_channels=(40, 80, 80, 160), layers=6, out_channels=(320, 640, 1280, 1280)),
    "yolov7_w6": W6,
    "yolov7_e6": E6,
    "yolov7_d6": replace(E6, stem_channels=(96,), layers=8, out_channels=(192, 384, 768, 1152, 1536)),
    "yolov7_e6e": replace(E6, parallel=True),
}
for name, variant in NETWORKS.items():
    register_arch(name, variant, source=SOURCE)
