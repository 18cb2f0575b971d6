"""What a package would do to the records, worked out from journal and package alone: nothing is written or locked.

The entries are weighed by the very code that merging uses (`sync.merge.weighed`), and each record's state is the same
pure function of the accepted set (decision 1), so what is foretold is what happens. A package too large for memory is
gone through several times, each time for a share of its records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from zlib import crc32

from sqlalchemy import Connection

from jzdesk.core.fields import Value
from jzdesk.core.kinds import Reference
from jzdesk.core.merge import Known, RecordState, decode, record_state
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME, SPECS
from jzdesk.services.arriving import WAITS, check_cut
from jzdesk.services.duplicates import Foretold, cases_to_come
from jzdesk.services.effects import Effects, Tally
from jzdesk.services.ledger import shown, titles
from jzdesk.store import journal, standing
from jzdesk.store.journal import GENESIS, Chain, Link
from jzdesk.store.tables import ACCEPTED
from jzdesk.sync.merge import Counts, Licence, place, weighed
from jzdesk.sync.stretch import Manifest, Numbered

SHARE = 40_000  # entries held in memory at a time
Progress = Callable[[int, int], None]
Read = Callable[[], Iterable[Numbered]]
_Raw = tuple[str, bytes]  # id and line of an entry: a quarter of the memory that it takes when it is decoded
_Records = dict[str, dict[str, list[_Raw]]]  # entity → uid → the new entries of the record


@dataclass(frozen=True, slots=True)
class Outlook:
    """What taking the entries in would come to: their counts, what changes, and duplicate cases that open."""

    counts: Counts
    effects: Effects
    cases: int


def foretell(
    connection: Connection, manifest: Manifest, read: Read, licence: Licence, progress: Progress | None = None
) -> Outlook:
    """What merging would do; `read` begins to read the package's entries. Raises as `sync.merge.take` does.

    `progress` may raise to cancel. Memory holds at most about `SHARE` entries.
    """
    return _Look(connection, manifest, read, licence, progress).outlook()


class _Look:
    """One look at a package."""

    def __init__(
        self, connection: Connection, manifest: Manifest, read: Read, licence: Licence, progress: Progress | None
    ) -> None:
        self._connection, self._manifest, self._read, self._licence = connection, manifest, read, licence
        self._known = place(connection, manifest) or _unheard(manifest)
        self._cuts = standing.cuts_at(connection, self._known)
        fresh = manifest.last_n - max(self._known.last_n, manifest.first_n - 1)
        self._rounds = max(-(-fresh // SHARE), 1)
        self._steps = 2 * self._rounds * max(manifest.last_n - manifest.first_n + 1, 1)
        self._progress, self._done = progress, 0
        self._foretold = Foretold()
        self._tally = Tally(connection, self._titles)
        self._here: _Records = {}

    def outlook(self) -> Outlook:
        """Go through the package, round by round."""
        counts = Counts()
        for turn in range(self._rounds):
            self._here = {}  # before the next share comes
            self._here = self._gather(counts if turn == 0 else Counts(), partial(self._is_in, turn))
            self._compare()
        self._step(self._steps - self._done)
        return Outlook(counts, self._tally.result(), cases_to_come(self._connection, self._foretold))

    def _is_in(self, turn: int, uid: str) -> bool:
        """Whether a record is looked at in this round."""
        return crc32(uid.encode()) % self._rounds == turn

    def _gather(self, counts: Counts, wanted: Callable[[str], bool]) -> _Records:
        """The accepted new entries of the wanted records; all entries are counted."""
        found: _Records = defaultdict(lambda: defaultdict(list))
        for links, _ in weighed(self._connection, self._known, self._read(), self._licence, counts):
            for link in links:
                if self._counts(link, counts) and wanted(link.entry.uid):
                    found[link.entry.ent][link.entry.uid].append((link.id, link.body))
            self._step(len(links))
        return found

    def _counts(self, link: Link, counts: Counts) -> bool:
        """Whether an entry will count; what lies behind a cut of its chain waits (`arriving.hold_back`)."""
        if link.state != ACCEPTED:
            return False
        check_cut(self._cuts, link.n, link.h)
        stands = self._cuts.stands(link.n)
        if stands == ACCEPTED:
            return True
        counts.applied, counts.held = counts.applied - 1, counts.held + 1
        reason = WAITS[stands]
        counts.reasons[reason] = counts.reasons.get(reason, 0) + 1
        return False

    def _compare(self) -> None:
        """Each record of this round, before and after."""
        for ent, fresh in self._here.items():
            if ent not in BY_NAME:
                continue
            for part in slices(sorted(fresh)):
                before = journal.known_entries(self._connection, ent, part)
                for uid in part:
                    was = before.get(uid, [])
                    becomes = [*was, *_known(fresh[uid])]
                    self._tally.add(ent, uid, was, becomes)
                    self._note_person(ent, uid, becomes)
                self._step(sum(len(fresh[uid]) for uid in part))

    def _note_person(self, ent: str, uid: str, entries: Sequence[Known]) -> None:
        """What duplicate cases depend on."""
        if ent not in ("student", "identity"):
            return
        state = record_state(entries)
        if ent == "student":
            number = state.values.get("id_number")
            self._foretold.numbers[uid] = str(number) if number and not state.hidden else None
        else:
            pair = str(state.values.get("first")), str(state.values.get("second"))
            self._foretold.verdicts[uid] = None if state.hidden else (pair, str(state.values.get("verdict")))

    def _step(self, entries: int) -> None:
        self._done += entries
        if self._progress is not None:
            self._progress(min(self._done, self._steps), self._steps)

    def _titles(self, entity: str, uids: Sequence[str]) -> Mapping[str, str]:
        """Titles of records, also of those that only the package knows."""
        found = titles(self._connection, entity, uids)
        missing = {uid for uid in uids if uid not in found}
        return found | self._titles_to_come(entity, missing) if missing else found

    def _titles_to_come(self, entity: str, uids: set[str]) -> dict[str, str]:
        records = self._here.get(entity, {}) if self._rounds == 1 else self._again(entity, uids)
        states = {uid: record_state(_known(records[uid])) for uid in uids if uid in records}
        return {uid: self._title(entity, state) for uid, state in states.items()}

    def _again(self, entity: str, uids: set[str]) -> Mapping[str, list[_Raw]]:
        """Read the package once more for a few records that came in other rounds."""
        return self._gather(Counts(), uids.__contains__).get(entity, {})

    def _title(self, entity: str, state: RecordState) -> str:
        spec = SPECS[entity]
        words = (self._shown(entity, name, state.values.get(name)) for name in spec.title)
        return " ".join(filter(None, words)) or spec.label

    def _shown(self, entity: str, name: str, value: Value) -> str:
        spec = SPECS[entity][name]
        inner = titles(self._connection, spec.kind.entity, [str(value)]) if isinstance(spec.kind, Reference) else {}
        return shown(spec, value, inner)


def _known(raw: Iterable[_Raw]) -> list[Known]:
    return [Known(name, decode(body)) for name, body in raw]


def _unheard(manifest: Manifest) -> Chain:
    """The head of a chain of which nothing has arrived yet."""
    return Chain(0, manifest.device, manifest.epoch, False, manifest.school, 0, GENESIS, 0, 0, 0, None, 0)
