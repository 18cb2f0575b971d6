"""Questions an import leaves on a pupil's record until a person confirms or corrects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from jzdesk.core.fields import Value
from jzdesk.models import Question
from jzdesk.services.importing.desk import Desk
from jzdesk.services.questions import verdicts

_LENGTH = 300


class Doubts:
    """Questions by (student, kind), the same key the forms use, so that each is asked once."""

    def __init__(self, desk: Desk) -> None:
        self._image = desk.image(Question)
        self._known = {(one["student"], one["kind"]): uid for uid, one in self._image.rows.items()}
        self._kinds: dict[Value, dict[str, str]] = defaultdict(dict)
        for (student, kind), uid in self._known.items():
            self._kinds[student][str(kind)] = uid

    def ask(self, student: str, kind: str, sentence: str) -> bool:
        """Open a question, or open it again; whether it is open (and not confirmed) now."""
        key: tuple[Value, Value] = (student, kind)
        uid = self._known.get(key)
        if uid is None:
            values: dict[str, Value] = {"student": student, "kind": kind, "sentence": sentence[:_LENGTH]}
            self._known[key] = self._image.add({**values, "state": "open"})
            self._kinds[student][kind] = self._known[key]
            return True
        if self._image.rows[uid]["state"] == "gone":
            self._image.set(uid, {"state": "open", "sentence": sentence[:_LENGTH]})
        return self._image.rows[uid]["state"] == "open"

    def knows(self, student: str, kind: str) -> bool:
        """Whether it was asked before, whatever the answer; one that has gone may be asked again."""
        uid = self._known.get((student, kind))
        return uid is not None and self._image.rows[uid]["state"] != "gone"

    def review(self, student: str, asked: Mapping[str, str], own: frozenset[str]) -> None:
        """Ask what is asked now and let go of open questions of the kinds `own` that no longer are."""
        if not asked and student not in self._kinds:
            return
        known = {kind: self._standing(uid) for kind, uid in self._kinds.get(student, {}).items()}
        for kind, uid, values in verdicts(asked, known, own):
            if uid is not None:
                self._image.set(uid, values)
            else:
                self.ask(student, kind, asked[kind])

    def open_kinds(self, student: str) -> set[str]:
        """Kinds of the questions that wait for an answer, without whom they are about."""
        kinds = self._kinds.get(student, {})
        return {kind.split(".")[0] for kind, uid in kinds.items() if self._image.rows[uid]["state"] == "open"}

    def _standing(self, uid: str) -> tuple[str, str, str]:
        row = self._image.rows[uid]
        return uid, str(row["state"]), str(row.get("sentence") or "")
