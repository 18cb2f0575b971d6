"""The data dictionary of the manual says what the specs say."""

from __future__ import annotations

from jzdesk.core import codes
from jzdesk.core.kinds import Code
from jzdesk.models import SPECS
from tools import dictionary


def test_the_page_in_the_manual_is_current() -> None:
    page = dictionary.TARGET.read_text("utf-8")
    assert page == dictionary.text(), "run: make dictionary"


def test_every_field_of_every_entity_stands_in_it() -> None:
    page = dictionary.text()
    for spec in SPECS.values():
        assert f"### {spec.label} {spec.name}\n" in page
        for field in spec:
            assert f"| {field.label} | `{field.name}` | {dictionary.kind_words(field.kind)} |" in page


def test_every_code_table_that_a_field_uses_stands_in_it_with_its_source() -> None:
    page = dictionary.text()
    used = {field.kind.table for spec in SPECS.values() for field in spec if isinstance(field.kind, Code)}
    for name in used:
        assert f"### {name}\n\n来源：" in page
        assert all(f"| `{code}` | {label} |" in page for code, label in codes.table(name).items())
