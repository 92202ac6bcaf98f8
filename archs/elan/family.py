"""What sets ELAN networks apart: how they are written and drawn, and where they are searched."""

from __future__ import annotations

from archs.elan.config import ELANConfig
from archs.elan.plan import plan_elan, stem_tap, taps
from archs.family import Family, Look, Notation, Prose, Searching, VariantStyle

#: Said wherever their figures are told in words: the published networks end in a detector.
HEAD = "the backbone is YOLOv7's, global pooling and classifier are ours"


def blocks(config: ELANConfig) -> str:
    number, doubled = len(config.widths), "2 × " if config.parallel else ""
    each = f"{config.layers} 3×3 convolution{'' if config.layers == 1 else 's'} in a row"
    return f"{doubled}{number} ELAN blocks of {each}, of which {config.kept} are aggregated; {HEAD}"


def channels(config: ELANConfig) -> str:
    inner, outer = (", ".join(map(str, numbers)) for numbers in (config.widths, config.out_chs))
    each = {1: "every one", 2: "every second"}.get(config.step, f"one in {config.step}")
    joined = (config.kept + 2) * config.widths[-1]
    return (
        f"Within an ELAN block every 3×3 convolution reads and makes as many channels as the two 1×1 convolutions in "
        f"front of the row ({inner} by stage); {each} of the row, counted from the last, is joined with both "
        f"({joined:,} channels in the last stage), and a 1×1 convolution makes {outer} of them."
    )


SPACES = {
    "elan": (
        "yolov7",
        {
            "layers": (2, 3, 4, 6, 8),
            "step": (1, 2),
            "widths[0]": (32, 48, 64, 96),
            "widths[1]": (64, 96, 128, 192),
            "widths[2]": (96, 128, 192, 256, 384),
            "widths[3]": (128, 192, 256, 384, 512),
            "out_channels[2]": (384, 512, 768, 1024),
            "out_channels[3]": (512, 768, 1024, 1280),
        },
    ),
}

FAMILY = Family(
    "elan",
    "ELAN",
    ELANConfig,
    plan_elan,
    "archs.elan.modules:ELAN",
    taps=taps,
    stem_tap=stem_tap,
    notation=Notation(unit=r"stages\.\d+\.blocks\.\d+"),
    prose=Prose(blocks, channels),
    searching=Searching(SPACES, together=True),
    look=Look(
        slot=8,
        variant=lambda config: "E-ELAN" if config.parallel else "ELAN",
        variants={"ELAN": VariantStyle("star-diamond"), "E-ELAN": VariantStyle("star-triangle-up", -0.35)},
    ),
)
