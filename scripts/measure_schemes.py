"""Measures what the schemes of training memory save and cost: `python -m scripts.measure_schemes`.

One network of each family: the app shows these runs until it has measured on the machine at hand.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from analysis.hardware.measure.schemes import SHIPPED, schemes_finding
from analysis.hardware.measure.training import measure_schemes

NETWORKS = ("densenet121", "peleenet", "vovnet39")
BATCH_SIZE, IMAGE_SIZE, TURNS = 4, 96, 20

if __name__ == "__main__":
    runs = [measure_schemes(name, BATCH_SIZE, IMAGE_SIZE, TURNS) for name in NETWORKS]
    SHIPPED.write_text(json.dumps([asdict(run) for run in runs], indent=1) + "\n", encoding="utf-8")
    for run in runs:
        print(schemes_finding(run))
