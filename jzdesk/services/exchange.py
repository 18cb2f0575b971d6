"""A school's side of the stick: ask for a certificate, export packages, read receipts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import Connection, insert

from jzdesk.core.errors import UserError
from jzdesk.services import (
    attachments,
    carried,
    double_claim,
    enrolled,
    identity,
    moving,
    own_clock,
    package_log,
    returning,
    sync_state,
    uncounted,
    waiting,
    worklist,
)
from jzdesk.services.context import Context
from jzdesk.services.device import write_mark
from jzdesk.services.erasing import copies
from jzdesk.services.transfers.listing import news, ruled_on
from jzdesk.store import erasing, journal
from jzdesk.store.journal import Chain
from jzdesk.store.store import read_setting, write_setting
from jzdesk.store.tables import setting
from jzdesk.sync import certificate as certificates
from jzdesk.sync import stick
from jzdesk.sync.keys import fingerprint_words
from jzdesk.sync.merge import Fork, Gap, take
from jzdesk.sync.package import write_package
from jzdesk.sync.receipt import DOWN_SUFFIX, RECEIPT_SUFFIX, Receipt, ReceiptBody, open_receipt
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.succession import SUFFIX as SUCCESSION_SUFFIX
from jzdesk.sync.succession import follow, read_successions

CERTIFICATE_SUFFIX = ".jzc"
REQUEST_SUFFIX = ".jzr"
LAST_CONTACT = "last_contact"  # setting: what the last receipt says of itself, and when it was read


@dataclass(frozen=True, slots=True)
class Stick:
    """A removable drive that is present."""

    path: Path
    label: str
    free: int


@dataclass(frozen=True, slots=True)
class Exported:
    """A package on the stick, read back; only now may somebody be told 可以拔出."""

    path: Path
    entries: int


@dataclass(frozen=True, slots=True)
class Pending:
    """How far this station's own journal has travelled, in entries.

    `changed` is (ledger, records) that no package has carried yet; `contact` what the last receipt said, in words;
    `township` the station that can open our packages as well, "" for none.
    """

    unexported: int
    unacknowledged: int
    last_export: str | None
    last_receipt: int | None
    changed: tuple[tuple[str, int], ...] = ()
    contact: str = ""
    township: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptOutcome:
    """What became of one receipt: `outcome` is read, old, other or refused; `sentence` says it in words.

    `notes` are those of the `problems` that ask for nothing to be put right in a record, e.g. a package that waits.
    """

    file: str
    outcome: str
    sentence: str
    number: int | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ExchangeService:
    """The verbs of the page 数据交换."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def sticks(self) -> list[Stick]:
        """Removable drives that are present now."""
        from jzdesk.services.drives import removable

        found = []
        for path, label in removable():
            try:
                found.append(Stick(path, label, shutil.disk_usage(path).free))
            except OSError:
                continue
        return found

    def tidy(self, folder: Path) -> list[str]:
        """Remove from a stick what a killed export of this station left unfinished there; returns the names meant.

        Ours is what has its original here, under the very name; nobody else's file is touched.
        """
        here = (identity.letters(self._context), self._context.folder.path / carried.FOLDER)
        return stick.discard_unfinished(folder, lambda name: any((made / name).is_file() for made in here))

    def standing(self) -> enrolled.Enrolled:
        """How this station stands with its county, and what is doubtful about it."""
        return enrolled.look(self._context)

    def fingerprint(self) -> str:
        """Eight characters to compare by phone with what the county sees."""
        return fingerprint_words(identity.station_keys(self._context).public)

    def pending(self) -> Pending:
        """What has not been exported, and what the county has not acknowledged."""
        known = self._context.store.own_chain()
        with self._context.read() as connection:
            return Pending(
                known.last_n - known.exported_n,
                known.last_n - known.received_n,
                package_log.last_export(connection),
                read_setting(connection, "last_receipt"),
                tuple(sync_state.unexported_by_entity(connection)),
                _contact_words(connection, known),
                self._township(),
            )

    def _township(self) -> str:
        if not self._context.store.setting("certificate"):
            return ""
        above = identity.township(self._context)
        return above.school_name if above else ""

    def request(self, to: Path) -> Path:
        """Write the request for a certificate onto the stick."""
        info, keys = self._context.info, identity.station_keys(self._context)
        if info.kind == "county":
            raise UserError("县教育局自己发证，不需要申请", "请在“学校与证书”里处理学校的申请。")
        request = certificates.Request(
            school=info.code,
            school_name=info.name,
            role="township" if info.kind == "township" else "school",
            device=keys.device,
            signing=keys.public.signing,
            sealing=keys.public.sealing,
            wall_clock=identity.wall_clock(self._context.store.clock),
            inherits=tuple(self._context.store.setting(moving.INHERITS) or ()),
        )
        local = identity.letters(self._context) / f"{info.code}_{keys.device[:8]}{REQUEST_SUFFIX}"
        local.unlink(missing_ok=True)
        certificates.write_request(local, request, keys)
        return stick.copy_to_stick(local, to)

    def take_certificate(self, path: Path, fingerprint: str | None = None) -> str:
        """Take in the county's certificate and the policy that came with it; returns the county's fingerprint.

        `fingerprint`, when given, is what the county said by phone: another one is refused.
        """
        local = stick.read_local_copy(path, self._context.folder.sub("received"))
        keys = identity.station_keys(self._context)
        pinned = (self._context.store.setting("county") or {}).get("card", {}).get("signing")
        opened = certificates.open_certificate(local, keys, package_log.today(self._context), pinned)
        with copies.cleared_after(self._context), opened as issued:
            words = fingerprint_words(issued.county.keys)
            if fingerprint and _plain(fingerprint) != _plain(words):
                raise UserError(
                    "县里的校验字与电话里核对的不一致", "请不要使用这个证书文件，马上与县教育局联系。", path.name
                )
            try:
                self._keep(issued)
            except (Gap, Fork):
                raise UserError(
                    "证书文件里县里的数据与本站已有的接不上",
                    "本站没有改动。请与县教育局核对县站的数据库是不是换过。",
                    path.name,
                ) from None
        return words

    def _keep(self, issued: certificates.Issued) -> None:
        county = identity.stored_county(self._context, issued.county)
        with self._context.write() as unit:
            if issued.policy is not None:
                take(unit, issued.policy.manifest, issued.policy.entries(), returning.county_licence())
            for key, value in (("county", county), ("certificate", identity.stored_certificate(issued.signed))):
                write_setting(unit.connection, key, value)
            unit.connection.execute(setting.delete().where(setting.c.key == identity.TOWNSHIP))

    def export(self, to: Path, progress: Callable[[int, int], None] | None = None) -> list[Exported]:
        """Put everything the county has not acknowledged onto the stick, one package an epoch, read back.

        Raises UserError without a certificate and StationFault when the stick fails; a local copy is kept.
        """
        enrolled.check_trusted(self._context)
        if not to.is_dir():
            stick.copy_to_stick(self._context.folder.facts_file, to)  # says in words what is wrong with the stick
        with self._context.read() as connection:
            own = [known for known in journal.chains(connection) if known.own]
        wanted = [known for known in own[:-1] if known.last_n > known.received_n] + own[-1:]
        return [exported for known in wanted for exported in self._export_chain(known, to, progress)]

    def _export_chain(self, known: Chain, to: Path, progress: Callable[[int, int], None] | None) -> Iterator[Exported]:
        """Everything not acknowledged, as one package; as several when there are more photographs than one may hold."""
        with self._context.read() as connection:
            wanted = attachments.due(connection, known.id, known.received_n, known.last_n)
        after = known.received_n
        for last, photos in attachments.parts(wanted, known.last_n):
            with self._context.read() as connection:
                known = journal.chain_of(connection, known.id)
            yield self._export_part(known, after, last, photos, to, progress)
            after = last

    def _export_part(
        self,
        known: Chain,
        after: int,
        last: int,
        photos: list[attachments.Due],
        to: Path,
        progress: Callable[[int, int], None] | None,
    ) -> Exported:
        context = self._context
        signed, keys = identity.signed_certificate(context), identity.station_keys(context)
        report = (lambda done: progress(done, last - after)) if progress else None
        with context.read() as connection:
            before, end = (journal.hash_at(connection, known, n) for n in (after, last))
            assert before is not None, "a part begins after an entry that we hold"
            assert end is not None, "and ends with one"
            head = identity.head_of(context, known, after=after, before=before, number=known.packages + 1)
            bodies = (body for n, _, body in journal.stretch(connection, known.id, after) if n <= last)
            written = write_package(
                identity.letters(context), head, bodies, keys, signed, identity.recipients(context),
                report, attachments.contents(connection, photos), end,
                withholds=erasing.anything(connection),
            )  # fmt: skip
        write_mark(context.folder, known.ep, written.manifest.last_n)  # first: what is marked may have left
        target = stick.copy_to_stick(written.path, to)
        with context.store.local() as connection:
            journal.mark_chain(
                connection,
                known.id,
                exported_n=max(known.exported_n, written.manifest.last_n),
                packages=known.packages + 1,
                last_package=written.sha256,
            )
            package_log.note_export(connection, written, context.store.clock)
        return Exported(target, written.entries)

    def read_receipts(self, paths: Iterable[Path]) -> list[ReceiptOutcome]:
        """Read receipts (files, or folders with some); those for other stations are left alone."""
        found: list[Path] = []
        for path in paths:
            found += _from_county(path) if path.is_dir() else [path]
        with copies.cleared_after(self._context):
            return self._read(found)

    def _read(self, found: Sequence[Path]) -> list[ReceiptOutcome]:
        moved = [self._take_succession(path) for path in found if path.suffix == SUCCESSION_SUFFIX]
        returned = [self._take_down(path) for path in found if path.suffix == DOWN_SUFFIX]
        receipts = [path for path in found if path.suffix not in (DOWN_SUFFIX, SUCCESSION_SUFFIX)]
        return moved + returned + [self._read_receipt(path) for path in receipts]

    def _take_succession(self, path: Path) -> ReceiptOutcome:
        """That the county has changed its keys, as a file of its own."""
        pinned = identity.county_card(self._context).signing
        try:
            local = stick.read_local_copy(path, self._context.folder.sub("received"))
            card = follow(read_successions(local), pinned)
            with self._context.store.local() as connection:
                said = enrolled.adopt(self._context, connection, card)
        except UserError as fault:
            return ReceiptOutcome(path.name, "refused", fault.sentence())
        return ReceiptOutcome(path.name, "read" if said else "old", said or "县里的密钥没有变，没有改动。")

    def _take_down(self, path: Path) -> ReceiptOutcome:
        """Entries that this station had handed in before it was restored, or the file of a child that comes here."""
        try:
            came = returning.take_down(self._context, path)
        except PackageRefused as refused:
            kind = "other" if refused.kind == "recipient" else "refused"
            return ReceiptOutcome(path.name, kind, refused.sentence())
        except UserError as fault:
            return ReceiptOutcome(path.name, "refused", fault.sentence())
        if not came.entries:
            return ReceiptOutcome(path.name, "old", "县里送来的记录本站都有，没有改动。")
        if came.county:
            return ReceiptOutcome(path.name, "read", f"县里以前定下的内容已经补齐，{came.entries:,} 条记录。")
        if came.children is None:
            return ReceiptOutcome(path.name, "read", f"县里送还的 {came.entries:,} 条记录已经补齐。")
        return ReceiptOutcome(path.name, "read", f"县里转来的学生档案已收下，{came.entries:,} 条记录。")

    def _read_receipt(self, path: Path) -> ReceiptOutcome:
        context = self._context
        card = identity.county_card(context)
        try:
            local = stick.read_local_copy(path, context.folder.sub("received"))
            with open_receipt(local, identity.station_keys(context), card.signing) as receipt:
                return self._apply_receipt(path.name, receipt)
        except PackageRefused as refused:
            kind = "other" if refused.kind == "recipient" else "refused"
            return ReceiptOutcome(path.name, kind, refused.sentence())
        except UserError as fault:
            return ReceiptOutcome(path.name, "refused", fault.sentence())

    def _apply_receipt(self, name: str, receipt: Receipt) -> ReceiptOutcome:
        body = receipt.body
        last = self._context.store.setting("last_receipt") or 0
        if body.number <= last:
            return ReceiptOutcome(name, "old", f"第 {body.number} 号回执以前已经读过，没有改动。", body.number)
        try:
            renewed = enrolled.verified_renewal(self._context, body.certificate, receipt.card)
            with self._context.write() as unit:
                ruled, erased = ruled_on(unit.connection), copies.erased_records(unit.connection)
                _acknowledge(unit.connection, body)
                take(unit, receipt.manifest, receipt.entries(), returning.county_licence())
                unit.connection.execute(setting.delete().where(setting.c.key == "last_receipt"))
                unit.connection.execute(insert(setting).values(key="last_receipt", value=str(body.number)))
                worklist.keep(unit.connection, body)
                waiting.keep_waiting(unit.connection, body)
                heeded = uncounted.heed(unit, body)
                write_setting(unit.connection, LAST_CONTACT, _contact(body, self._context.today()))
                write_setting(unit.connection, identity.TOWNSHIP, msgspec.to_builtins(body.township) or {})
                carried.answered(unit.connection, body, self._context.today())
                if body.paid_elsewhere is not None:
                    write_setting(unit.connection, double_claim.SETTING, double_claim.kept(body.paid_elsewhere))
                if renewed is not None:
                    write_setting(unit.connection, "certificate", identity.stored_certificate(renewed))
                trust_told = enrolled.heed_revocations(self._context, unit, body)
                write_setting(unit.connection, own_clock.COUNTY_CLOCK, receipt.manifest.wall_clock)
                trust_told += enrolled.adopt(self._context, unit.connection, receipt.card)
                moves = tuple(news(unit.connection, self._context.author.scope, ruled))
                erased = copies.erased_records(unit.connection) - erased
        except (Gap, Fork):
            return ReceiptOutcome(
                name, "refused", "回执里县里的数据与本站已有的接不上。请向县里重要一份完整回执。", body.number
            )
        notes = (*moves, *heeded.sentences(), *_waiting_packages(body), *_gone(erased))
        problems = (
            *notes,
            *(item.sentence for item in body.problems),
            *(case.sentence for case in body.duplicates),
        )
        said = f"第 {body.number} 号回执已读，县里已收到本站数据。{trust_told}"
        if renewed is not None:
            said += f"证书已续期到 {renewed.certificate.expires.isoformat()}。"
        return ReceiptOutcome(name, "read", said, body.number, problems, notes)


def _gone(records: int) -> Iterator[str]:
    """What the county has erased by law, and what a person must see to."""
    if records:
        yield (
            f"县里依法删除了 {records} 条记录的内容，本站也已删除，不能恢复。"
            "旧备份里还有：请在“维护”里清除旧备份；打印件、U 盘上的旧文件和另存的表格请自行销毁。"
        )


def _waiting_packages(body: ReceiptBody) -> Iterator[str]:
    """Packages of which not everything counts now, with the county's sentence, newest first."""
    taken = {one.package_id for one in body.packages if one.outcome in ("applied", "duplicate")}
    for one in body.packages:
        if one.outcome == "held" or (one.outcome in ("parked", "fork") and one.package_id not in taken):
            yield f"第 {one.number} 号数据包：{one.sentence or ''}"


def _from_county(folder: Path) -> list[Path]:
    """Receipts and returned entries in a folder."""
    ends = (RECEIPT_SUFFIX, DOWN_SUFFIX, SUCCESSION_SUFFIX)
    return sorted(path for end in ends for path in folder.glob(f"*{end}"))


def _plain(words: str) -> str:
    return "".join(letter for letter in words.upper() if letter.isalnum())


def _contact(body: ReceiptBody, today: str) -> dict[str, object]:
    """What is kept of a receipt to say when the county last heard of us, and up to where."""
    return {"number": body.number, "issued": body.issued, "read": today}


def _contact_words(connection: Connection, own: Chain) -> str:
    """`县里 2025-11-20 写的第 3 号回执，11-26 读到：收到第 412 条为止（共 430 条）。`; "" before any."""
    kept = read_setting(connection, LAST_CONTACT)
    if not kept:
        return ""
    head = f"县里 {kept['issued']} 写的第 {kept['number']} 号回执，本站 {kept['read']} 读的"
    if own.received_n >= own.last_n:
        return f"{head}：本站的 {own.last_n:,} 条改动县里全部收到。"
    return f"{head}：县里收到第 {own.received_n:,} 条为止，后面还有 {own.last_n - own.received_n:,} 条。"


def _acknowledge(connection: Connection, body: ReceiptBody) -> None:
    """Believe a receipt only where its hash is on our own chain; raises PackageRefused otherwise.

    A county restored from its backup may have less than before: what it lacks is handed in once more.
    """
    named = {mark.epoch for mark in body.epochs}
    for one in journal.chains(connection):
        if one.own and one.ep not in named and one.received_n:
            journal.mark_chain(connection, one.id, received_n=0)
    for mark in body.epochs:
        known = next((own for own in journal.chains(connection) if own.own and own.ep == mark.epoch), None)
        if known is None:
            continue
        if mark.n > known.last_n:
            raise PackageRefused(
                "县里收到的记录比本机还多，本机的数据库可能是从旧备份恢复的",
                "chain",
                "请县里把本校的数据写回 U 盘（“写回执”时会一并送还），连同回执一起再读一次。",
            )
        if journal.hash_at(connection, known, mark.n) != bytes.fromhex(mark.chain):
            raise PackageRefused("回执与本站的记录对不上", "chain")
        if mark.n != known.received_n:
            journal.mark_chain(connection, known.id, received_n=mark.n)
