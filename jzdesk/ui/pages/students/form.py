"""The form of one child: identity, enrolment, guardians, household and the rest, checked while it is being typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from jzdesk.core.fields import Value, Values
from jzdesk.services.students import FormCheck, StudentDraft, StudentFile
from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.editors.choice import ChoiceEdit
from jzdesk.ui.ledger.form import Understood
from jzdesk.ui.pages.students import sections
from jzdesk.ui.pages.students.fold import Fold
from jzdesk.ui.pages.students.layout import PairedForm
from jzdesk.ui.pages.students.reading import NUMBER, by_document, is_own, number_of, renamed, values_under

CARRIED = ("enrolment.grade", "enrolment.school_class", "enrolment.entry_month", "enrolment.boarding")
"""What the next new child of a class has in common with the one before."""

_WHO = ("name", "phone", "id_number")


@dataclass(slots=True)
class GuardianPart:
    """One guardian in the form; `uid` and `member` are None until saved."""

    prefix: str
    part: QWidget
    longer: QPushButton
    uid: str | None = None
    member: str | None = None


class StudentForm(PairedForm):
    """Keys are `student.…`, `enrolment.…`, `household.…`, `guardian.<n>.…`; n only ever grows.

    `unlinked(GuardianPart)` asks for a saved guardian to be taken off; `looked(values, phones)` says who is being typed
    and the telephones of who guards it.
    """

    unlinked = Signal(object)
    looked = Signal(object, object)

    def __init__(self, desk: Desk) -> None:
        super().__init__(self._find)
        self.desk = desk
        self.uid: str | None = None
        self.guardians: list[GuardianPart] = []
        self._count = 0
        self._stored: dict[str, Value] = {}
        self._read_off: dict[str, Value] = {}
        self._refused: dict[str, tuple[str, Value]] = {}
        self._household: Value = None
        specs = desk.services.ledger.specs
        self.rows("身份", sections.identity(specs), "student.")
        self._above_guardians = self.rows("学籍", sections.enrolment(specs), "enrolment.")
        self.more = widgets.button("再加一位监护人 (Ctrl+G)", self.add_guardian, icon="plus", role="link")
        self.add(widgets.holder(widgets.row(self.more, None)))
        home = self.rows("住址与四地", sections.home(specs), "student.")
        self._school = self.told("学籍地", home)
        self.rows("", sections.places(specs), "enrolment.")
        self.rows("家庭户", sections.belongs(specs), "student.")
        self.rows("", sections.household(specs), "household.")
        self.rows("其他情况", sections.further(specs), "student.")
        self.fold = Fold(self, specs, self._fold_made)
        self.add(self.fold)
        self._locked = False
        self._glance = QTimer(self, singleShot=True, interval=0)  # after the record has been shown
        self._glance.timeout.connect(lambda: self._look(self._typed()))
        for name in ("name", "id_number", "id_type", "roll_number", "hukou_division", "disability_card"):
            self.boxes[f"student.{name}"].left.connect(self.check_now)
        self.boxes["student.household"].left.connect(self._take_household)
        self.checked.connect(lambda _: self.check_now())

    def blank(self, preset: Values) -> None:
        """Begin a new child, with what it has in common with the one before already filled in."""
        self.uid, self._stored = None, {}
        self._keep_guardians(1)
        for guardian in self.guardians:
            guardian.uid = guardian.member = None
        self._school.setText(self.desk.services.info.name)
        usual: dict[str, Value] = {"enrolment.status": "01", f"{self.guardians[0].prefix}is_guardian": 1}
        self.load({**usual, **preset}, self._titles(preset))

    def show_file(self, file: StudentFile) -> None:
        """Show everything of one child that is typed here."""
        self._keep_guardians(max(1, len(file.guardians)))
        for guardian in self.guardians:
            guardian.uid = guardian.member = None
        self.learn(file)
        shown = {f"student.{name}": text for name, text in file.student.shown.items()}
        self._school.setText(file.school or self.desk.services.info.name)
        if file.enrolment is not None:
            shown |= {f"enrolment.{name}": text for name, text in file.enrolment.shown.items()}
        self.load(self._stored, shown)

    def learn(self, file: StudentFile) -> None:
        """Take note of what is stored, without touching what is being typed."""
        self.uid = file.uid
        self._stored = {f"student.{name}": value for name, value in file.student.values.items()}
        for prefix, row in (("enrolment.", file.enrolment), ("household.", file.household)):
            self._stored |= {prefix + name: value for name, value in row.values.items()} if row else {}
        for part, known in zip(self._filled_guardians(len(file.guardians)), file.guardians, strict=False):
            part.uid, part.member = known["uid"], known["member"]
            self._stored |= {part.prefix + name: known[name] for name in (*_WHO, "relation", "is_guardian")}

    def load(self, values: Values, shown: Mapping[str, str] | None = None) -> None:
        """As `Form.load`; nothing has been read off an ID number yet, and merely looking changes nothing."""
        self._read_off, self._refused = {}, {}
        self._household = values.get("student.household")
        self.fold.count(values)
        super().load(values, shown)
        for part in self.guardians:
            self._offer_longer(part)
        self._glance.start()

    def read(self) -> Understood:
        """As `Form.read`, without a row of guardians that was left empty."""
        held = super().read()
        empty = tuple(part.prefix for part in self.guardians if part.uid is None and self._is_empty(part))
        problems = {key: said for key, said in held.problems.items() if not (empty and key.startswith(empty))}
        return by_document(Understood(held.values, problems, held.questions), self.boxes[NUMBER].raw())

    def to_save(self) -> StudentDraft:
        """What has been typed: all of a new child, the changed fields of a known one."""
        values = self.read().values
        if self.uid is not None:
            changed = {key: value for key, value in values.items() if value != self._stored.get(key)}
            document = {key: values[key] for key in (NUMBER, "student.id_type") if NUMBER in changed}
            values = changed | document  # a number is understood together with its kind of document
        guardians: tuple[dict[str, object], ...] = ()
        if any(key.startswith("guardian.") for key in values):
            guardians = tuple(self._guardian_values(part) for part in self._listed())
        own = partial(values_under, {key: value for key, value in values.items() if self.uid or value is not None})
        return StudentDraft(self.uid, own("student."), own("enrolment."), guardians, own("household."))

    def _stops(self, part: QWidget) -> list[QWidget]:
        """As `PairedForm._stops`; behind the daily fields Enter comes to the button that unfolds the rest."""
        return [self.fold.button] if part is self.fold else super()._stops(part)

    def lock(self, *, locked: bool) -> None:
        """Let everything be read but nothing changed."""
        self._locked = locked
        for box in self.boxes.values():
            box.lock(locked=locked)
        self.more.setVisible(not locked)

    def focus(self, key: str | None = None) -> None:
        """As `PairedForm.focus`; a field that is folded away is brought out first."""
        if key in self.fold.keys and not self.fold.is_open():
            self.fold.open()
        super().focus(key)

    def focused(self) -> str:
        """The field that has the cursor, "" when none has."""
        here = QApplication.focusWidget()
        return next((key for key, box in self.boxes.items() if here is not None and box.isAncestorOf(here)), "")

    def problems(self, problems: Mapping[str, str], questions: Mapping[str, str] | None = None) -> None:
        """As `Form.problems`; a problem never stays folded away."""
        if not self.fold.keys.isdisjoint(problems) and not self.fold.is_open():
            self.fold.open()
        super().problems(problems, questions)

    def refuse(self, problems: Mapping[str, str]) -> None:
        """Saving was refused: what is wrong stays beneath each field until that field is changed."""
        self.problems(problems)
        self._refused = {key: (said, self.boxes[key].raw()) for key, said in problems.items() if key in self.boxes}
        self.focus_problem(problems)

    def keys_of(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Problems as the service names them, under the keys of this form: its guardians are counted from 0."""
        places = {f"guardian.{number}.": part.prefix for number, part in enumerate(self._listed())}
        found: dict[str, str] = {}
        for key, said in fields.items():
            place = next((given for given in places if key.startswith(given)), "")
            found[places[place] + key.removeprefix(place) if place else key] = said
        return found

    def snapshot(self) -> dict[str, Value]:
        """What stands in every field now."""
        return {key: box.raw() for key, box in self.boxes.items()}

    def saved_as(self, snapshot: Mapping[str, Value]) -> None:
        """What stood in the form when it was saved counts as unchanged, what was typed since does not."""
        self._loaded = {key: value for key, value in snapshot.items() if key in self.boxes}

    def carried(self) -> dict[str, Value]:
        """What a next new child would have in common with this one."""
        values = self.read().values
        return {key: values[key] for key in CARRIED if values.get(key) is not None}

    def restore(self, draft: Values) -> None:
        """Type a draft again, with as many guardians as it had."""
        if not self.fold.keys.isdisjoint(draft):
            self.fold.open()
        rows = {key.rsplit(".", 1)[0] + "." for key in draft if key.startswith("guardian.")}
        known = {part.prefix for part in self.guardians}
        for _ in range(len(rows - known)):
            self._add_guardian()
        prefixes = dict(zip(sorted(rows - known, key=number_of), self._fresh(known), strict=False))
        super().restore({renamed(key, prefixes): value for key, value in draft.items()})
        self.check_now()

    def add_guardian(self) -> None:
        """Ctrl+G: one more guardian, with the cursor in the name."""
        part = self._add_guardian()
        self.focus(f"{part.prefix}name")

    def take_off(self, part: GuardianPart) -> None:
        """Remove a guardian: at once when it was never saved, else after a reason (the panel asks)."""
        if part.uid is not None:
            self.unlinked.emit(part)
            return
        self._remove(part)
        if not self.guardians:
            self._add_guardian()
        self.edited.emit()

    def check_now(self) -> None:
        """Fill in what the ID number tells; put sentences beneath fields that hold something."""
        self._fill_in(self._look(self._typed()))

    def phones(self) -> list[Value]:
        """The guardians' telephones as they stand."""
        return [raw for part in self.guardians if (raw := self.boxes[f"{part.prefix}phone"].raw()) is not None]

    def _fold_made(self) -> None:
        """The folded fields have just been made: they show what is stored."""
        for key in self.fold.keys:
            box = self.boxes[key]
            box.put(self._stored.get(key))
            box.lock(locked=self._locked)
            self._loaded[key] = box.raw()
        for name in ("pinyin", "birth_place"):
            self.boxes[f"student.{name}"].left.connect(self.check_now)
        self.order()

    def _offer_longer(self, part: GuardianPart) -> None:
        """An old number of 15 digits has a likely long form: offered, for a person to compare with the card."""
        raw = str(self.boxes[f"{part.prefix}id_number"].raw() or "")
        long = self.desk.services.students.lengthened(raw)
        part.longer.setText(f"对照证件后换成 18 位（末四位 {long[-4:]}）" if long else "")
        part.longer.setVisible(long is not None and not self._locked)

    def _lengthen(self, part: GuardianPart) -> None:
        box = self.boxes[f"{part.prefix}id_number"]
        if long := self.desk.services.students.lengthened(str(box.raw() or "")):
            box.retype(long)
            self._check_one(f"{part.prefix}id_number")
            self._offer_longer(part)
            box.focus()
            self.edited.emit()

    def _typed(self) -> dict[str, Value]:
        """What the person typed about the child, without what was read off the number."""
        values = {key.removeprefix("student."): box.raw() for key, box in self.boxes.items() if is_own(key)}
        return {name: raw for name, raw in values.items() if raw is None or raw != self._read_off.get(name)}

    def _look(self, typed: Values) -> FormCheck:
        found = self.desk.services.students.check(typed, self.uid)
        self._say(found)
        self.looked.emit({**typed, **found.fills}, self.phones())
        return found

    def _fill_in(self, found: FormCheck) -> None:
        """Birth, sex and kind of document as the number tells them, where the person has typed nothing else."""
        if self.uid is not None and self.boxes[NUMBER].raw() == self._loaded.get(NUMBER):
            return  # walking through a saved child's fields changes nothing
        fills = {name: value for name, value in found.fills.items() if f"student.{name}" in self.boxes}
        for name, value in fills.items():
            box = self.boxes[f"student.{name}"]
            if box.raw() != value:
                box.put(value)
        self._read_off |= fills
        if fills:
            self.edited.emit()

    def _say(self, found: FormCheck) -> None:
        held = self.read()
        told = {f"student.{name}": said for name, said in found.problems.items()}
        wrong = {key: said for key, said in (told | held.problems).items() if self._holds(key)}
        wrong |= {
            key: said
            for key, (said, raw) in self._refused.items()
            if key in self.boxes and self.boxes[key].raw() == raw and key not in wrong
        }
        asked = dict(held.questions)
        for name, said in found.asked.items():
            asked[f"student.{name}"] = "；".join(filter(None, (said, asked.get(f"student.{name}"))))
        self.problems(wrong, asked)
        notes = {"id_number": "；".join(found.notes), **found.said}
        for name, said in notes.items():
            box = self.boxes.get(f"student.{name}")
            if box is not None and said and not box.sentence():
                box.say(said, "muted")

    def _holds(self, key: str) -> bool:
        box = self.boxes.get(key)
        return box is not None and box.raw() is not None

    def _find(self, entity: str, text: str) -> list[tuple[str, str]]:
        """Records for reference fields; classes of the chosen grade first."""
        if entity != "school_class":
            return self.desk.services.ledger.choices(entity, text)
        every = self.desk.services.students.classes()
        grade = self.boxes["enrolment.grade"].editor
        chosen = grade.currentText() if isinstance(grade, ChoiceEdit) else ""
        near = [item for item in every if chosen and item[1].startswith(chosen)] or every
        exact = [item for item in near if item[1].removeprefix(chosen) in (text, f"{text}班")]
        return exact or [item for item in near if text in item[1]]

    def _titles(self, preset: Values) -> dict[str, str]:
        """The titles of references that a new child begins with."""
        given = preset.get("enrolment.school_class")
        label = next((label for uid, label in self.desk.services.students.classes() if uid == given), "")
        return {"enrolment.school_class": label} if given and label else {}

    def _take_household(self) -> None:
        """Another household was chosen: show what is known of it."""
        chosen = self.read().values.get("student.household")
        if chosen is None or chosen == self._household:
            return
        self._household = chosen
        row = self.desk.services.ledger.record("household", str(chosen))
        for key, box in self.boxes.items():
            if key.startswith("household."):
                value = row.values.get(key.removeprefix("household."))
                self._stored[key] = value
                box.put(value)

    def _keep_guardians(self, count: int) -> None:
        while len(self.guardians) > count:
            self._remove(self.guardians[-1])
        while len(self.guardians) < count:
            self._add_guardian()

    def _add_guardian(self) -> GuardianPart:
        above = self.guardians[-1].part if self.guardians else self._above_guardians
        prefix = f"guardian.{self._count}."
        self._count += 1
        off = widgets.tool("close", lambda: self.take_off(made), "移除这位监护人")
        part = self.rows("监护人", sections.guardian(self.desk.services.ledger.specs), prefix, tool=off)
        made = GuardianPart(prefix, part, self.link(part, lambda: self._lengthen(made)))
        self.guardians.append(made)
        self.boxes[f"{prefix}id_number"].left.connect(lambda: self._offer_longer(made))
        self.boxes[f"{prefix}phone"].left.connect(self.check_now)
        self.follow(above, part)
        for name in (*_WHO, "relation", "is_guardian"):
            self._loaded[prefix + name] = None
        return made

    def _remove(self, part: GuardianPart) -> None:
        self.guardians.remove(part)
        self.drop(part.prefix, part.part)

    def _is_empty(self, part: GuardianPart) -> bool:
        return all(self.boxes[part.prefix + name].raw() is None for name in _WHO)

    def _listed(self) -> list[GuardianPart]:
        return [part for part in self.guardians if part.uid is not None or not self._is_empty(part)]

    def _filled_guardians(self, wanted: int) -> list[GuardianPart]:
        """The parts that stored guardians belong to, in order: those with something in them, else simply the first."""
        filled = [part for part in self.guardians if not self._is_empty(part)]
        return filled if len(filled) == wanted else self.guardians

    def _guardian_values(self, part: GuardianPart) -> dict[str, object]:
        values: dict[str, object] = dict(values_under(self.read().values, part.prefix))
        return values | {"uid": part.uid, "member": part.member}

    def _fresh(self, known: set[str]) -> list[str]:
        return [part.prefix for part in self.guardians if part.prefix not in known]
