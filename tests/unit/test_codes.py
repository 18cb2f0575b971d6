"""Every way in which people write a code is understood; what means nothing is refused with what may be written."""

from __future__ import annotations

import pytest

from jzdesk.core import codes
from jzdesk.core.errors import ValueFault


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("初中一年级", "G07"), ("初一", "G07"), ("初一年级", "G07"), ("七年级", "G07"), ("G07", "G07"),
        ("初中三年级", "G09"), ("高中二年级", "G11"), ("高二", "G11"), ("三年级", "G03"), ("小学三年级", "G03"),
    ],
)  # fmt: skip
def test_a_grade_is_understood_as_schools_write_it(written: str, code: str) -> None:
    assert codes.table("grade").parse(written) == code


@pytest.mark.parametrize("written", ["十年级", "初四", "G99", "二年级1班"])
def test_what_is_no_grade_is_refused_with_the_choices(written: str) -> None:
    with pytest.raises(ValueFault) as fault:
        codes.table("grade").parse(written)
    assert "小学一年级" in fault.value.remedy
