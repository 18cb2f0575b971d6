"""Takes a verified stretch of journal into this station: what is new, what is known, what must wait, what forks.

The order of arrival never matters: known entries must hash the same, a stretch after a hole is parked by the caller,
and what an author was not certified for is held, kept and reported, never applied and never thrown away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection

from jzdesk.core import garbage
from jzdesk.core.chain import withheld_line
from jzdesk.core.merge import ERASE, GRANT, SCOPE, WITHHELD, Entry
from jzdesk.models import BY_NAME
from jzdesk.store import claims, erasing, journal, rows, standing
from jzdesk.store.journal import Chain, Link
from jzdesk.store.tables import ACCEPTED, ERASED, HELD
from jzdesk.store.unit import Unit
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.stretch import Manifest, Numbered

AT_ONCE = 5000
_KNOWN_AT_ONCE = 500  # there is little to ask about those that are known
ANY_TIME = 2**53  # hybrid time beyond every entry: what comes down is not held for its clock
FUTURE = (48 * 3600 * 1000) << 10  # hybrid time: two days
_DIFFERENT = "record"
_ALIKE = 4096  # kinds of entries that one remembers: who sends more kinds than that has each looked at
_NUL = rb"\u0000"  # how a NUL is written in JSON


@dataclass(frozen=True, slots=True)
class Licence:
    """What an author may write: which scopes, in which role, and whether county policy.

    `vouched`: the county, which has accepted these entries of somebody else's journal, hands them on. `blanks`: where
    only a hash comes the entry is believed to have been erased though no erasure is known here.
    """

    scopes: frozenset[str]
    role: str
    policy: bool
    latest: int  # hybrid time; entries dated later are held until the clock is explained
    vouched: bool = False
    blanks: bool = False


@dataclass(slots=True)
class Counts:
    """Entries in = applied + known + held; `reasons` says why entries are held.

    What was erased, here or where it comes from, is known: there is nothing to apply. `forgotten` are those of them
    whose content is still here: who wrote it has heard of an erasure that we have no trace of.
    """

    applied: int = 0
    known: int = 0
    held: int = 0
    forgotten: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Entries seen."""
        return self.applied + self.known + self.held


class Gap(Exception):
    """The stretch begins after a hole; `first` and `last` name the missing numbers."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__(f"{first}-{last}")
        self.first, self.last = first, last


class Fork(Exception):
    """Two different entries claim the same number: a cloned or restored disk."""

    def __init__(self, n: int) -> None:
        super().__init__(str(n))
        self.n = n


def place(connection: Connection, manifest: Manifest) -> Chain | None:
    """The chain a stretch continues, checked at its first link; None when it begins a new one.

    Raises Gap when entries are missing before it and Fork when it follows another history.
    """
    known = journal.find_chain(connection, manifest.device, manifest.epoch)
    last = known.last_n if known else 0
    if manifest.first_n > last + 1:
        if known and standing.held_by_a_branch(connection, known, manifest.first_n - 1, _before(manifest)):
            raise Fork(last)
        raise Gap(last + 1, manifest.first_n - 1)
    if known:
        before = journal.hash_at(connection, known, manifest.first_n - 1)
        if before is not None and before != _before(manifest):
            raise Fork(manifest.first_n - 1)
    elif _before(manifest) != journal.GENESIS:
        raise PackageRefused("数据包的第一条记录之前还有别的记录，链条对不上", "chain")
    return known


def _before(manifest: Manifest) -> bytes:
    return bytes.fromhex(manifest.chain_before)


def take(
    unit: Unit,
    manifest: Manifest,
    entries: Iterable[Numbered],
    licence: Licence,
    progress: Callable[[int], None] | None = None,
) -> Counts:
    """Take a stretch in, within the caller's transaction; raises Gap, Fork or PackageRefused (then roll back)."""
    connection = unit.connection
    known = place(connection, manifest)
    if known is None:
        known = journal.open_chain(connection, manifest.device, manifest.epoch, manifest.school, own=False)
    counts = Counts()
    with garbage.none_expected():
        for links, unknown in weighed(connection, known, entries, licence, counts):
            if links:
                unit.accept(known, links, behind=links[0].n <= known.last_n, unknown=unknown)
            if progress:
                progress(counts.total)
    _finish(unit, known, manifest)
    return counts


class Weighed(NamedTuple):
    """Entries with their standing, and uids they name of which nothing is known here (perhaps not all of them)."""

    links: list[Link]
    unknown: set[str]


def weighed(
    connection: Connection, known: Chain, entries: Iterable[Numbered], licence: Licence, counts: Counts
) -> Iterator[Weighed]:
    """What is new of a stretch beyond `known`, part by part, each entry with its standing; `counts` grows along.

    What comes down may also open entries before the end of our chain that were withheld until now: parts of their own.

    Writes nothing; whether a part is accepted before the next one is asked for makes no difference. Raises Fork.
    """
    weighing = _Weighing(licence, counts)
    for old, fresh in _parts(known, entries, weighing):
        withheld = _not_held(connection, known, old)
        counts.forgotten += journal.readable(connection, known, [n for n, *_, entry in old if entry.op == WITHHELD])
        counts.known += len(old) - len(withheld)
        if licence.policy or licence.vouched:
            yield _stood(connection, list(map(weighing.link, withheld)), licence, counts)
        else:
            counts.known += len(withheld)
        yield _stood(connection, fresh, licence, counts)


def _parts(
    known: Chain, entries: Iterable[Numbered], weighing: _Weighing
) -> Iterator[tuple[list[Numbered], list[Link]]]:
    """(entries up to the end of our chain, entries after it), some thousand at a time.

    Each is weighed as it comes, while it still lies in the processor's cache.
    """
    last, old, fresh = known.last_n, list[Numbered](), list[Link]()
    for entry in entries:
        if entry[0] > last:
            fresh.append(weighing.link(entry))
        else:
            old.append(entry)
        if len(fresh) >= AT_ONCE or len(old) >= _KNOWN_AT_ONCE:
            yield old, fresh
            old, fresh = [], []
    if old or fresh:
        yield old, fresh


def _not_held(connection: Connection, known: Chain, old: Sequence[Numbered]) -> list[Numbered]:
    """Those of the entries up to the end of our chain that were withheld from us; the others must hash the same."""
    if not old:
        return []
    held_here = journal.hashes(connection, known, old[0][0], old[-1][0])
    for n, h, *_ in old:
        if held_here.get(n, h) != h or (n == known.last_n and h != known.last_h):
            raise Fork(n)
    return [item for item in old if item[0] not in held_here]


class _Weighing:
    """Gives entries their standing, and counts it: accepted, or held for a reason.

    `objection` is asked once for entries that are alike in all it depends on: most of a package are.
    """

    def __init__(self, licence: Licence, counts: Counts) -> None:
        self._licence, self._counts = licence, counts
        self._found: dict[tuple[object, ...], str | None] = {}

    def link(self, numbered: Numbered) -> Link:
        """The entry with its standing; raises PackageRefused for one that names no record."""
        n, h, body, entry = numbered
        counts = self._counts
        if entry.op == WITHHELD:
            counts.known += 1
            return Link(n, h, body, entry, ERASED)
        if (reason := self._reason(body, entry)) is None:
            counts.applied += 1
            return Link(n, h, body, entry)
        counts.held += 1
        counts.reasons[reason] = counts.reasons.get(reason, 0) + 1
        return Link(n, h, body, entry, HELD)

    def _reason(self, body: bytes, entry: Entry) -> str | None:
        if _NUL in body:
            return self._closely(entry)
        said = entry.set
        about = (entry.ent, entry.op, entry.role, entry.scope, entry.at > self._licence.latest)
        alike = (*about, *said, *map(type, said.values()))
        try:
            return self._found[alike]
        except KeyError:
            if len(self._found) >= _ALIKE:
                self._found.clear()
            return self._found.setdefault(alike, objection(entry, self._licence, clean=True))

    def _closely(self, entry: Entry) -> str | None:
        if "\0" in entry.ent or "\0" in entry.uid:
            raise PackageRefused("有一条记录的写法不对", "entry")
        return objection(entry, self._licence)


def objection(entry: Entry, licence: Licence, *, clean: bool = False) -> str | None:
    """Why an entry may not be applied, or None; `clean` as in `fits`."""
    if entry.op in (GRANT, ERASE):
        return _county_objection(entry, licence)
    if licence.vouched:
        return None if entry.ent not in BY_NAME or fits(entry, clean=clean) else "value"
    if entry.scope not in licence.scopes:
        return "scope"
    if entry.role != licence.role:
        return "role"
    entity = BY_NAME.get(entry.ent)
    if entity is not None and entity.owner == "county" and not licence.policy:
        return "policy"
    if entry.at > licence.latest:
        return "clock"
    return None if entity is None or fits(entry, clean=clean) else "value"


def _county_objection(entry: Entry, licence: Licence) -> str | None:
    """Only the county moves a record to another school, and only that; and only the county erases."""
    if not licence.policy or entry.scope not in licence.scopes or entry.role != licence.role:
        return "policy"
    names = entry.op == ERASE or tuple(entry.set) == (SCOPE,)
    return None if names and isinstance(entry.set.get(SCOPE), str) and fits(entry) else "value"


def fits(entry: Entry, *, clean: bool = False) -> bool:
    """Whether every value is of its column's type: SQLite would turn another into it, and the journal would differ.

    A text with a NUL is none: PostgreSQL takes no such text, and both must show the same. `clean`: the line has none.
    """
    values = entry.set.values()
    if not _fits(entry.ent, tuple(entry.set), tuple(map(type, values))):
        return False
    return clean or not any(type(value) is str and "\0" in value for value in values)


@lru_cache(maxsize=4096)
def _fits(ent: str, names: tuple[str, ...], kinds: tuple[type, ...]) -> bool:
    types = rows.value_types(ent)
    return all(
        kind is type(None) or issubclass(kind, types.get(name, object)) for name, kind in zip(names, kinds, strict=True)
    )


def _stood(connection: Connection, links: list[Link], licence: Licence, counts: Counts) -> Weighed:
    """The standing of entries by what is here: what was erased, and whose their records are."""
    return _bound(connection, _spared(connection, links, licence, counts), licence, counts)


def _spared(connection: Connection, links: list[Link], licence: Licence, counts: Counts) -> list[Link]:
    """Of what an erasure names no more than the hash is taken in, whenever it comes.

    Raises PackageRefused when a line is withheld that nothing known here has erased.
    """
    if not links:
        return links
    blanks = {link.id for link in links if link.state == ERASED}
    if not blanks and not erasing.anything(connection):
        return links
    if blanks and not licence.blanks and erasing.named_among(connection, blanks) != blanks:
        raise PackageRefused(
            "有的记录只剩校验值，而县里没有删除过它们",
            "entry",
            "县站从备份恢复过的，请先处理各校交回的文件；否则请学校核对数据后重新导出。",
        )
    named = erasing.named_of(connection, {link.entry.uid for link in links} - {""})
    return [_erased(link, licence, counts) if link.id in named else link for link in links] if named else links


def _erased(link: Link, licence: Licence, counts: Counts) -> Link:
    if link.state == ACCEPTED:
        counts.applied -= 1
    else:
        counts.held -= 1
        counts.reasons = dict(Counter(counts.reasons) - Counter([objection(link.entry, licence) or ""]))
    counts.known += 1
    return link._replace(body=withheld_line(link.body), state=ERASED)


def _bound(connection: Connection, links: list[Link], licence: Licence, counts: Counts) -> Weighed:
    """Hold what would change a record of somebody else's scope, unless the author may write policy.

    What looks like a new record is looked up too: a known uid without `base` would be a way into another's record.
    """
    if licence.policy or licence.vouched or not links:
        return Weighed(links, set())
    touched = journal.touched_by(links)
    here = journal.scopes_of(connection, touched)
    foreign = {key for key, scope in here.items() if scope not in licence.scopes}
    foreign |= claims.of_others(connection, touched, licence.scopes)
    if foreign:
        links = [_hold(link, counts) if (link.entry.ent, link.entry.uid) in foreign else link for link in links]
    return Weighed(links, set().union(*touched.values()) - {uid for _, uid in here})


def _hold(link: Link, counts: Counts) -> Link:
    if link.state != ACCEPTED:
        return link
    counts.applied -= 1
    counts.held += 1
    counts.reasons[_DIFFERENT] = counts.reasons.get(_DIFFERENT, 0) + 1
    return link._replace(state=HELD)


def _finish(unit: Unit, known: Chain, manifest: Manifest) -> None:
    """A stretch that ends in withheld entries still moves the head of the chain."""
    if manifest.last_n > known.last_n:
        unit.head(known, manifest.last_n, bytes.fromhex(manifest.chain_after))
