from __future__ import annotations

from types import ModuleType

import pytest
from cases import DEQUANTIZERS, PACKAGES, without_case
from torch import nn

from genera.core import Constant, Dequantizer, Loss, Schedule
from genera.flows import Logit


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_export_has_a_case(package: ModuleType) -> None:
    assert without_case(package) == []


def test_an_export_without_a_case_is_found() -> None:
    class OtherLogit(Logit):
        pass

    class OtherConstant(Constant):
        pass

    package = ModuleType("package")
    exports = {"OtherLogit": OtherLogit, "OtherConstant": OtherConstant, "Linear": nn.Linear, "Schedule": Schedule}
    vars(package).update(exports, Logit=Logit, Dequantizer=Dequantizer, Loss=Loss, number=3)
    package.__all__ = [*exports, "Logit", "Dequantizer", "Loss", "number"]
    assert without_case(package) == ["OtherLogit", "OtherConstant", "Linear"]


@pytest.mark.parametrize("name", DEQUANTIZERS)
def test_images_to_dequantize_have_every_level(name: str) -> None:
    dequantizer, images = DEQUANTIZERS[name]()
    assert images.unique().tolist() == list(range(dequantizer.spec.levels))
