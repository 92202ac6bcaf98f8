"""What detectors ask of a device: predicted parts add up, the largest batch fits and one image more does not."""

from __future__ import annotations

import pytest

from analysis import summarize
from analysis.detector_loads import PREDICTED, Held, fits_finding, held_memory, part_times
from analysis.hardware.predict.predict import predict
from analysis.hardware.speeds import predicted_speed
from detectors import PARTS

BUDGET = 8e9


@pytest.mark.parametrize("name", ["retinanet/peleenet", "faster_rcnn/vovnet39"])
def test_predicted_parts_add_up_to_the_prediction(name):
    prediction = predict(name, "RTX 4090", 1, 320)
    found = part_times(name, prediction)
    assert found.costs.total(PREDICTED) == pytest.approx(prediction.seconds)
    assert [*found.costs.parts] == [part for part in PARTS if part in found.costs.parts]
    speed = predicted_speed(prediction, prediction.device)
    assert (found.error, found.error_meaning) == (speed.error_of_time, speed.error_meaning)
    assert [*found.range().values()] == pytest.approx(
        [prediction.seconds, prediction.interval.low, prediction.interval.high]
    )
    assert ("no figure of detectors checks it" in found.error_meaning) == name.startswith("retinanet")
    assert "the layers' time is meant" in found.error_meaning


def test_the_largest_batch_fits_and_one_image_more_does_not():
    held = held_memory("peleenet", summarize("retinanet/peleenet", 320), BUDGET)
    assert held.training_batch < held.inference_batch
    for mode in ("inference", "training"):
        largest = getattr(held, f"{mode}_batch")
        for batch, fits in ((largest, True), (largest + 1, False)):
            more = held_memory("peleenet", summarize("retinanet/peleenet", 320, batch), BUDGET)
            assert (getattr(more, f"{mode}_bytes") <= BUDGET) == fits


def test_sentences_tell_the_largest_batches():
    both = [Held("a", 1, 2, 40, 12), Held("b", 2, 4, 20, 5)]
    said = fits_finding(both, "SSD at 300×300", "RTX 4090", 24e9).replace("\u2009", " ")
    assert said == (
        "In the 24.0 GB of RTX 4090 SSD at 300×300 trains at most 12 images at once on a and 5 on b, and runs at most "
        "40 images at once on a and 20 on b."
    )
    alone = fits_finding([Held("a", 1, 2, 1, 0)], "SSD", "T4", 16e9).replace("\u2009", " ")
    assert alone == "In the 16.0 GB of T4 SSD trains not one image, and runs at most 1 image at once."
