"""VoVNet (arXiv:1904.09730) and VoVNetV2 (CenterMask, arXiv:1911.06667).

Public sources differ, and the names say which one is meant:

- `vovnet*`: the paper's networks, without residual connections; timm's `vovnet39a` and `vovnet57a`. The authors'
  released V1 weights do have them (stigma0617/VoVNet.pytorch): use `residual=True` for those.
- `ese_vovnet*b`: timm's VoVNetV2, eSE in the last OSA module of a stage.
- `vovnetv2_*`: the authors' VoVNetV2 (youngwanLEE/vovnet-detectron2), eSE in every OSA module, and a classifier.
"""

from dataclasses import replace

from archs.registry import register_arch, register_family
from archs.vovnet.config import VoVNetConfig
from archs.vovnet.family import FAMILY
from archs.vovnet.plan import plan_vovnet

__all__ = ["VoVNetConfig", "plan_vovnet"]

register_family(FAMILY)

#: OSA modules per stage by depth; depth = 3 + Σ modules × (layer_per_block + 1).
BLOCKS = {39: (1, 1, 2, 2), 57: (1, 1, 4, 3), 99: (1, 3, 9, 3)}

V1 = VoVNetConfig()
V2 = VoVNetConfig(residual=True, attention="last")
V2_19 = replace(V2, block_per_stage=(1, 1, 1, 1), layer_per_block=3)
SLIM_CHS = {"stage_conv_chs": (64, 80, 96, 112), "stage_out_chs": (112, 256, 384, 512)}
DEPTHWISE = {"depthwise": True, "stem_chs": (64, 64, 64)}

V1_SOURCE = "Lee et al., VoVNet, arXiv:1904.09730, Table 1; stigma0617/VoVNet.pytorch"
TIMM_SOURCE = "huggingface/pytorch-image-models, timm/models/vovnet.py"
V2_SOURCE = "Lee and Park, CenterMask, arXiv:1911.06667; youngwanLEE/vovnet-detectron2, plus a classifier"

register_arch(
    "vovnet27_slim",
    replace(
        V1,
        stage_conv_chs=(64, 80, 96, 112),
        stage_out_chs=(128, 256, 384, 512),
        block_per_stage=(1, 1, 1, 1),
    ),
    source=V1_SOURCE,
    named_depth=27,
)
for depth in (39, 57):
    variant = replace(V1, block_per_stage=BLOCKS[depth])
    register_arch(f"vovnet{depth}", variant, source=V1_SOURCE, named_depth=depth)
for name, changes in (
    ("ese_vovnet19b_slim_dw", SLIM_CHS | DEPTHWISE),
    ("ese_vovnet19b_dw", DEPTHWISE),
    ("ese_vovnet19b_slim", SLIM_CHS),
    ("ese_vovnet19b", {}),
):
    register_arch(name, replace(V2_19, **changes), source=TIMM_SOURCE, named_depth=19)
for depth, blocks in BLOCKS.items():
    variant = replace(V2, block_per_stage=blocks)
    register_arch(f"ese_vovnet{depth}b", variant, source=TIMM_SOURCE, named_depth=depth)
    variant = replace(variant, attention="every")
    register_arch(f"vovnetv2_{depth}", variant, source=V2_SOURCE, named_depth=depth)
