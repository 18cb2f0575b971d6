"""Township: takes the schools' files in, keeps them byte for byte, carries them to the county and back (sync §7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Row

from jzdesk.core.errors import StationFault, UserError
from jzdesk.services import carried, clocks, identity, revoking, township_moves, township_schools, townships
from jzdesk.services.carried import CERTIFICATE, DOWN, PACKAGE, RECEIPT, CarriedLine, Item
from jzdesk.services.context import Context
from jzdesk.services.disk import files
from jzdesk.services.exchange import CERTIFICATE_SUFFIX, ExchangeService, Exported
from jzdesk.services.merging import MergeService, file_digest
from jzdesk.services.student_rows import StudentRow
from jzdesk.services.township_schools import SchoolSeen
from jzdesk.services.township_view import borrow, open_view
from jzdesk.services.verdicts import OUTCOMES
from jzdesk.sync import stick
from jzdesk.sync.certificate import read_certificate
from jzdesk.sync.container import ContainerReader
from jzdesk.sync.package import SUFFIX, open_package
from jzdesk.sync.receipt import DOWN_SUFFIX, RECEIPT_SUFFIX, look_at_answer
from jzdesk.sync.refusal import Kind, PackageRefused
from jzdesk.sync.stretch import Manifest

_ENDS = (SUFFIX, RECEIPT_SUFFIX, DOWN_SUFFIX, CERTIFICATE_SUFFIX)
_BROKEN: frozenset[Kind] = frozenset({"container", "signature", "chunk"})
_KEPT_STATES = ("read", "sealed", "down")
_STATES = {
    "read": "已收下，可查看", "sealed": "已收下，未打开", "down": "已收下，待带给学校", "ours": "本站的回执，已读",
    "known": "以前收过", "own": "本站自己的包", "refused": "没有收下",
    "other": "别的乡镇的，没有动它",
}  # fmt: skip
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file: `state` is one of read, sealed, down, ours, known, own, other, refused."""

    file: str
    state: str
    school: str = ""
    number: int = 0
    entries: int = 0
    sentence: str = ""

    @property
    def state_label(self) -> str:
        """The state in Chinese."""
        return _STATES[self.state]


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What stands on the stick now, read back: our own packages, files written, those there before, those gone here."""

    own: tuple[Exported, ...] = ()
    written: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class ForwardService:
    """The verbs of the page 乡镇转交."""

    def __init__(self, context: Context, exchange: ExchangeService) -> None:
        self._context, self._exchange = context, exchange
        self._view: Context | None = None
        self._opening = Lock()  # several threads of a window ask

    def close(self) -> None:
        """Give up the database of what was read, if it was opened."""
        if self._view is not None:
            self._view.store.close()

    @property
    def view(self) -> Context:
        """What the packages of the schools say: to be read, never written by people."""
        self._only_township()
        with self._opening:
            if self._view is None:
                self._view, fresh = open_view(self._context)
                _heed(self._view, self._context)
                if fresh:
                    MergeService(self._view, reading=True).merge([self._context.folder.sub(carried.FOLDER)])
                self._read_later(self._view)
            return self._view

    def take(
        self, paths: Iterable[Path], progress: Progress | None = None, cancel: Callable[[], bool] | None = None
    ) -> list[Taken]:
        """Take in every file of schools and county in these files and folders; the same file again changes nothing."""
        _ = self.view  # made anew from the files that are carried already, before more are among them
        ours = f"_{self._context.info.device[:8]}_"  # first the answers to us: they may tell of a new county key
        found = sorted(files_of(paths), key=lambda path: not (ours in path.name and path.suffix != SUFFIX))
        done: list[Taken] = []
        for index, path in enumerate(found):
            if cancel and cancel():
                break
            if progress:
                progress(index, len(found))
            done.append(self._take(path))
        if progress:
            progress(len(found), len(found))
        return done

    def forward(self, to: Path, progress: Progress | None = None) -> Forwarded:
        """Put our own package and every package not known to be with the county onto the stick, read back.

        Files are the same bytes under the same names; nothing there is overwritten. `progress` may raise to cancel.
        """
        self._only_township()
        own = tuple(self._exchange.export(to))
        with self._context.read() as connection:
            rows = carried.upward(connection)
        return self._put_all(rows, to, own, progress)

    def deliver(self, to: Path, school: str | None = None, progress: Progress | None = None) -> Forwarded:
        """Put the county's answers for the schools (for one, with its code) onto the stick, unopened, read back."""
        self._only_township()
        with self._context.read() as connection:
            rows = carried.downward(connection, school)
        return self._put_all(rows, to, (), progress)

    def log(self) -> list[CarriedLine]:
        """Everything carried, newest first."""
        self._only_township()
        with self._context.read() as connection:
            return list(carried.lines(connection))

    def schools(self) -> list[SchoolSeen]:
        """What the packages that could be read say of each school."""
        _heed(self.view, self._context)  # a receipt may have been read on another page
        with self._context.read() as connection:
            names = townships.names(connection)
        apart = (self._context.info.code, township_moves.county_of(self._context) or "")
        return township_schools.schools(self.view.store, names, apart)

    def pupils(self, school: str) -> list[StudentRow]:
        """The pupils of a school, to be looked at."""
        return township_schools.pupils(self.view.store, school, self._context.today())

    def waiting(self) -> tuple[int, int]:
        """How many packages wait for the way up, and how many answers for the way down."""
        with self._context.read() as connection:
            up, down = carried.upward(connection), carried.downward(connection)
        return sum(row.sent is None for row in up), sum(row.sent is None for row in down)

    def _take(self, path: Path) -> Taken:
        """Copy to local disk, look at that copy, keep it or not."""
        local: Path | None = None
        taken = Taken(path.name, "refused")
        try:
            digest = _digest(path)
            with self._context.read() as connection:
                if carried.known(connection, digest):
                    return Taken(path.name, "known")
            local = stick.read_local_copy(path, self._context.folder.sub(carried.FOLDER))
            taken = self._look(path.name, local, digest)
        except (UserError, StationFault) as fault:
            taken = Taken(path.name, "refused", sentence=fault.sentence())
        finally:
            if local is not None and taken.state not in _KEPT_STATES:
                local.unlink(missing_ok=True)
        return taken

    def _look(self, name: str, local: Path, digest: str) -> Taken:
        if local.suffix == SUFFIX:
            return self._package(name, local, digest)
        item = self._answer(local, digest)
        if item.device == self._context.info.device:
            return self._ours(name, local)
        if not self._is_below(item):
            return Taken(name, "other", item.name, item.number)
        self._note(item)
        return Taken(name, "down", item.name, item.number)

    def _package(self, name: str, local: Path, digest: str) -> Taken:
        """A school's package: what is whole is carried, read or not; what is damaged is refused."""
        try:
            manifest = self._checked(local)
        except PackageRefused as refused:
            if refused.kind in _BROKEN:
                raise
            code = name.split("_")[0]
            return self._sealed(Item(digest, local.name, PACKAGE, code, self._name_of(code), ""), refused.what)
        if manifest.device == self._context.info.device:
            return Taken(name, "own", manifest.school_name, manifest.number)
        return self._read(_item(digest, local.name, PACKAGE, manifest), local)

    def _checked(self, local: Path) -> Manifest:
        """The manifest, after everything that can be verified without opening."""
        with open_package(local, None, MergeService(self._context).trust()) as reader:
            reader.stretch.check_members()
            return reader.manifest

    def _read(self, item: Item, local: Path) -> Taken:
        """Take the package into our view when it is sealed to us as well; it is carried in any case."""
        _heed(self.view, self._context)
        merged = MergeService(self.view, reading=True).merge([local])  # what waited before comes first
        outcome = next(one for one in merged if one.package == local.name)
        if outcome.outcome == "rejected":
            return self._sealed(item, outcome.reason or "")
        self._note(item, opened=True)
        words = "" if outcome.outcome == "applied" else f"{OUTCOMES[outcome.outcome]}。{outcome.reason or ''}"
        return Taken(item.file, "read", item.name, item.number, outcome.counts.entries_in, words)

    def _read_later(self, view: Context) -> None:
        """What could not be opened when it came can be after an update of this program, or of what it knows."""
        with self._context.read() as connection:
            rows = carried.unopened(connection)
        for row in rows:
            local = self._context.folder.sub(carried.FOLDER) / row.file
            try:
                manifest = self._checked(local)
            except PackageRefused:
                continue
            merged = MergeService(view, reading=True).merge([local])
            if all(one.outcome != "rejected" for one in merged if one.package == row.file):
                with self._context.store.local() as connection:
                    carried.note_opened(connection, row.id, _item(row.sha256, row.file, PACKAGE, manifest))

    def _sealed(self, item: Item, why: str) -> Taken:
        """Carried without having been read."""
        self._note(item, why=why)
        entries = max(item.last_n - item.first_n + 1, 0) if item.package_id else 0
        return Taken(item.file, "sealed", item.name, item.number, entries, f"{why.rstrip('。')}。原样转交给县里。")

    def _answer(self, local: Path, digest: str) -> Item:
        """A file from the county: for whom it is, with its signature verified; raises PackageRefused."""
        if local.suffix == CERTIFICATE_SUFFIX:
            with ContainerReader(local) as container:
                held = read_certificate(container, MergeService(self._context).trust()).certificate
            return Item(digest, local.name, CERTIFICATE, held.school, held.school_name, held.device, number=held.serial)
        manifest = self._look_at(local)
        kind = DOWN if manifest.kind == "down" else RECEIPT
        school = manifest.school if kind == DOWN else local.name.split("_")[0]
        item = _item(digest, local.name, kind, manifest)
        return replace(item, school=school, name=self._name_of(school), device=manifest.addressee or "")

    def _look_at(self, local: Path) -> Manifest:
        """The manifest of an answer signed with the county's key, or with one it had before."""
        *others, last = identity.county_signers(self._context)
        for signer in others:
            try:
                return look_at_answer(local, signer)
            except PackageRefused as refused:
                if refused.kind != "signature":
                    raise
        return look_at_answer(local, last)

    def _is_below(self, item: Item) -> bool:
        """Whether a school is below us, or we have carried for its computer before."""
        with self._context.read() as connection:
            below = townships.schools_below(connection, self._context.info.code)
            return item.school in below or carried.carried_for(connection, item.device)

    def _ours(self, name: str, local: Path) -> Taken:
        """The county's answer to ourselves, which also says what became of what we carried."""
        if local.suffix == CERTIFICATE_SUFFIX:
            return Taken(name, "refused", sentence="这是给本站的证书，请在“数据交换”里装入。")
        (outcome,) = self._exchange.read_receipts([local])
        _heed(self.view, self._context)
        return Taken(name, "refused" if outcome.outcome == "refused" else "ours", sentence=outcome.sentence)

    def _put_all(
        self, rows: Sequence[Row[Any]], to: Path, own: tuple[Exported, ...], progress: Progress | None
    ) -> Forwarded:
        done: dict[str, list[str]] = {"written": [], "there": [], "missing": []}
        for number, row in enumerate(rows):
            if progress:
                progress(number, len(rows))
            done[self._put(row, to)].append(row.file)
        if progress:
            progress(len(rows), len(rows))
        return Forwarded(own, *(tuple(names) for names in done.values()))

    def _put(self, row: Row[Any], to: Path) -> str:
        """One file onto the stick; the log says so only once it was read back."""
        source = self._context.folder.sub(carried.FOLDER) / row.file
        if not source.is_file():
            return "missing"
        there = (to / row.file).is_file() and _digest(to / row.file) == row.sha256
        if not there:
            stick.copy_to_stick(source, to)
        with self._context.store.local() as connection:
            carried.note_sent(connection, row.id, self._context.store.clock)
        return "there" if there else "written"

    def _note(self, item: Item, *, opened: bool = False, why: str = "") -> None:
        with self._context.store.local() as connection:
            carried.note(connection, item, self._context.store.clock, opened=opened, why=why)

    def _name_of(self, school: str) -> str:
        with self._context.read() as connection:
            return townships.names(connection).get(school, school)

    def _only_township(self) -> None:
        kind = self._context.info.kind
        if kind != "township":
            where = "县里直接在“收件箱”里并入。" if kind == "county" else "学校在“数据交换”里导出自己的数据。"
            raise UserError("转交各校的数据是乡镇中心学校的工作", where, "乡镇转交")


def _heed(view: Context, station: Context) -> None:
    """What is read stands by what the county's last receipt said of its keys, of other devices and of moved records."""
    borrow(view, station)
    revoking.heed(view, station)
    clocks.heed(view, station)
    township_moves.heed(view, station)


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Files of schools and county in these files and folders: packages first, each kind in the order of names."""
    found: list[Path] = []
    for path in paths:
        found += [file for end in _ENDS for file in sorted(path.glob(f"*{end}"))] if path.is_dir() else [path]
    return found


def _item(digest: str, file: str, kind: str, manifest: Manifest) -> Item:
    return Item(
        digest, file, kind, manifest.school, manifest.school_name, manifest.device, manifest.epoch, manifest.number,
        manifest.first_n, manifest.last_n, manifest.package_id, manifest.last_receipt or 0,
    )  # fmt: skip


def _digest(path: Path) -> str:
    with files("读取 U 盘上的文件"):
        return file_digest(path)
