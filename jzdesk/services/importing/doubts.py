"""Questions an import leaves on a pupil's record until a person confirms or corrects."""

from __future__ import annotations

from collections.abc import Mapping

from jzdesk.core.fields import Value
from jzdesk.models import Question
from jzdesk.services.importing.desk import Desk

_LENGTH = 300
_STANDING = ("same_person",)  # asked once, when the student was new; only a person can answer it


class Doubts:
    """Questions by (student, kind), the same key the forms use, so that each is asked once."""

    def __init__(self, desk: Desk) -> None:
        self._image = desk.image(Question)
        self._known = {(one["student"], one["kind"]): uid for uid, one in self._image.rows.items()}
        self._with_any = {one["student"] for one in self._image.rows.values()}

    def ask(self, student: str, kind: str, sentence: str) -> bool:
        """Open a question, or open it again; whether it is open (and not confirmed) now."""
        key: tuple[Value, Value] = (student, kind)
        uid = self._known.get(key)
        if uid is None:
            values: dict[str, Value] = {"student": student, "kind": kind, "sentence": sentence[:_LENGTH]}
            self._known[key] = self._image.add({**values, "state": "open"})
            self._with_any.add(student)
            return True
        if self._image.rows[uid]["state"] == "gone":
            self._image.set(uid, {"state": "open", "sentence": sentence[:_LENGTH]})
        return self._image.rows[uid]["state"] == "open"

    def knows(self, student: str, kind: str) -> bool:
        """Whether it was asked before, whatever the answer; one that has gone may be asked again."""
        uid = self._known.get((student, kind))
        return uid is not None and self._image.rows[uid]["state"] != "gone"

    def review(self, student: str, asked: Mapping[str, str], kinds: frozenset[str]) -> bool:
        """Ask what is asked now and let go of open questions of `kinds` that no longer are; whether one is open."""
        if not asked and student not in self._with_any:
            return False
        for kind in kinds - asked.keys():
            if self._is_open(student, kind):
                self._image.set(self._known[student, kind], {"state": "gone"})
        answers = [self.ask(student, kind, sentence) for kind, sentence in asked.items()]
        return any(answers) or any(self._is_open(student, kind) for kind in _STANDING)

    def _is_open(self, student: str, kind: str) -> bool:
        uid = self._known.get((student, kind))
        return uid is not None and self._image.rows[uid]["state"] == "open"
