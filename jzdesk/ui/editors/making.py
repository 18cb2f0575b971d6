"""The editor that suits a field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from jzdesk.ui.editors.area import AreaEdit
from jzdesk.ui.editors.choice import ChoiceEdit
from jzdesk.ui.editors.reference import CodeEdit, ReferenceEdit
from jzdesk.ui.editors.typed import DateEdit, IdEdit, NumberEdit
from jzdesk.ui.editors.yesno import YesNoEdit
from jzdesk.ui.inputs import LineEdit

if TYPE_CHECKING:  # the log-in types into a line and must not wait for all kinds of values
    from jzdesk.core.fields import FieldSpec
    from jzdesk.core.kinds import Kind


Choices = Callable[[str, str], "Sequence[tuple[str, str]]"]
"""(entity, what was typed) → [(uid, label)]: `services.ledger.choices`; of `entity.code` it is [(code, label)]."""

Editor: TypeAlias = LineEdit | AreaEdit | ChoiceEdit | YesNoEdit


def editor(spec: FieldSpec, choices: Choices) -> Editor:
    """The editor for a field, by its kind's `widget`; references are found through `choices`."""
    made = _made(spec.kind, choices)
    made.setAccessibleName(spec.label)
    if spec.help:
        made.setToolTip(spec.help)
    return made


def _made(kind: Kind, choices: Choices) -> Editor:
    from jzdesk.core.kinds import Code, OpenCode, Options, Reference, YesNo

    if isinstance(kind, Code | Options):
        return ChoiceEdit(kind.items(), kind)
    if isinstance(kind, YesNo):
        return YesNoEdit()
    if isinstance(kind, Reference):
        return ReferenceEdit(lambda text: choices(kind.entity, text))
    if isinstance(kind, OpenCode) and kind.entity:
        return CodeEdit(lambda text: choices(f"{kind.entity}.code", text))
    if kind.widget == "area":
        return AreaEdit()
    lines: dict[str, type[LineEdit]] = {"date": DateEdit, "money": NumberEdit, "number": NumberEdit, "id": IdEdit}
    return lines.get(kind.widget, LineEdit)(kind)
