"""CPUs in the app: a class of devices as the others; what is not told of them is one sentence."""

from __future__ import annotations

import pytest

from tests.support.app import open_app

CPU = "Core i9-10940X"
HARDWARE, DETECTION, SEARCH, DESIGN = (
    f"views/{name}/{name}.py" for name in ("hardware", "detection", "search", "design")
)
FLOAT32 = {"gpu_precision": "float32", "gpu_batch": "1", "networks": ["densenet121"]}


@pytest.mark.parametrize(
    ("page", "asked", "says"),
    [
        (HARDWARE, {"section": "Which device?", "device_class": "CPU", "needed": "100"} | FLOAT32, "none of 6 devices"),
        (HARDWARE, {"section": "Roofline", "device": CPU} | FLOAT32, f"holds densenet121 back on {CPU}"),
        (HARDWARE, {"section": "Training steps", "devices": [CPU]} | FLOAT32, "No training step is predicted"),
        (DETECTION, {"detection": "Memory and time", "speed_on": CPU}, f"data sheet of {CPU} tells of no memory"),
        (SEARCH, {"search_device": CPU, "budgets": ["Predicted training step"]}, "must be a GPU for training steps"),
        (DESIGN, {"design_device": CPU}, "Times are predicted for batch 1, float32"),
    ],
)
def test_pages_tell_of_cpus(page, asked, says):
    app = open_app(page, **asked)
    told = " ".join(element.value for element in (*app.markdown, *app.caption, *app.info, *app.error))
    assert says in told.replace("\u2009", " ")
