"""What only the county does: learn divisions and schools, certify stations, answer with receipts."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, select

from jzdesk.core.chain import WITHHELD_START, withheld_line
from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.merge import decode
from jzdesk.core.term import Term
from jzdesk.models import BY_NAME, Division, Record, School
from jzdesk.services import (
    clocks,
    county_keys,
    double_claim,
    identity,
    package_log,
    renewing,
    returning,
    revoking,
    townships,
    uncounted,
    waiting,
    worklist,
)
from jzdesk.services.child_groups import group_lines
from jzdesk.services.context import Context
from jzdesk.services.disk import files
from jzdesk.services.duplicates import open_cases
from jzdesk.services.erasing import reach
from jzdesk.services.exchange import CERTIFICATE_SUFFIX, REQUEST_SUFFIX
from jzdesk.services.merging import is_county, scopes_of
from jzdesk.services.transfers.carrying import Keys, Owners, may_read, owners, visible_to, write_files
from jzdesk.services.transfers.files import came_to, flat, whole
from jzdesk.store import journal, standing
from jzdesk.store.journal import Chain
from jzdesk.store.rows import streamed
from jzdesk.store.store import read_setting, write_setting
from jzdesk.store.tables import certificate as certificate_table
from jzdesk.store.tables import journal as journal_table
from jzdesk.sync import certificate as certificates
from jzdesk.sync import stick, succession
from jzdesk.sync.keys import PublicKeys, fingerprint_words
from jzdesk.sync.receipt import DuplicateCase, EpochMark, Problem, ReceiptBody, Uncounted, write_receipt
from jzdesk.sync.stretch import Head

_BEGINNING_MS = 1_577_836_800_000  # 2020-01-01
POLICY = ("division", "school", "programme", "standard")


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A school's request on the stick; compare the fingerprint by phone before certifying.

    `inherits` are lost computers that it takes the place of, its database having been restored from a backup.
    """

    path: Path
    code: str
    name: str
    fingerprint: str
    known: bool
    sentence: str | None = None
    inherits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    """What a list of divisions or schools changed."""

    read: int
    added: int
    changed: int


class _Common(NamedTuple):
    """What is the same for every receipt: owners of moved records, schools they ever were of, what does not count."""

    moved: Owners
    reached: frozenset[str]
    uncounted: tuple[Uncounted, ...]


class CountyService:
    """The verbs of the county's pages."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def learn_divisions(self, path: Path) -> Learned:
        """Take in 行政区划 (columns 代码, 名称, 级别, 上级)."""
        rows = [
            {"code": row["代码"], "name": row["名称"], "level": int(row["级别"] or 0), "parent": row["上级"] or None}
            for row in read_list(path, ("代码", "名称", "级别", "上级"))
        ]
        return self._learn(Division, "code", rows)

    def learn_schools(self, path: Path) -> Learned:
        """Take in the county's schools (学校标识码, 学校名称, 学段, 所属乡镇代码, 所属乡镇)."""
        rows = [
            {
                "code": row["学校标识码"],
                "name": row["学校名称"],
                "stage": School.spec["stage"].read(row["学段"]).value,
                "township": row["所属乡镇代码"] or None,
                "township_name": row["所属乡镇"] or None,
                "rural": int(bool(row["所属乡镇代码"])),
            }
            for row in read_list(path, ("学校标识码", "学校名称", "学段", "所属乡镇代码", "所属乡镇"))
        ]
        return self._learn(School, "code", rows)

    def _learn(self, entity: type[Record], key: str, rows: Sequence[Mapping[str, Value]]) -> Learned:
        self._only_county()
        table = entity.__table__
        with self._context.write() as unit:
            known = {row[0]: row[1] for row in unit.connection.execute(select(table.c[key], table.c.uid))}
            fresh = [row for row in rows if row[key] not in known]
            unit.add_many(entity, fresh)
            changed = unit.change_many(entity, {known[row[key]]: row for row in rows if row[key] in known})
        return Learned(len(rows), len(fresh), changed)

    def requests(self, folder: Path) -> list[RequestLine]:
        """Requests on the stick."""
        return [self._request_line(path) for path in sorted(folder.glob(f"*{REQUEST_SUFFIX}"))]

    def _request_line(self, path: Path) -> RequestLine:
        try:
            request = certificates.read_request(path)
        except UserError as fault:
            return RequestLine(path, "", path.name, "", known=False, sentence=fault.sentence())
        return RequestLine(
            path,
            request.school,
            request.school_name,
            fingerprint_words(request.keys),
            known=self._is_known(request.school),
            inherits=request.inherits,
        )

    def _is_known(self, code: str) -> bool:
        table = School.__table__
        with self._context.read() as connection:
            return connection.execute(select(table.c.uid).where(table.c.code == code)).first() is not None

    def issue(self, path: Path, to: Path) -> Path:
        """Certify the station that asks, and put its certificate with the county's policy onto the stick."""
        self._only_county()
        request = certificates.read_request(stick.read_local_copy(path, self._context.folder.sub("received")))
        if not self._is_known(request.school):
            raise UserError(
                f"学校“{request.school_name}”（{request.school}）不在本县学校名单里",
                "请先核对学校标识码，或在学校名单里补上这所学校。",
                path.name,
            )
        self._trusted(request.device)
        keys, card = identity.station_keys(self._context), identity.county_card(self._context)
        signed = certificates.issue(self._certificate(request), keys)
        head, entries = self._policy_for(signed.certificate)
        local = identity.letters(self._context) / f"{request.school}_{request.device[:8]}{CERTIFICATE_SUFFIX}"
        local.unlink(missing_ok=True)
        links = succession.members(county_keys.successions(self._context))
        certificates.write_certificate(local, signed, card, keys, head, entries, links)
        target = stick.copy_to_stick(local, to)
        renewing.remember(self._context, signed)
        self._write_earlier(signed.certificate, None, to)
        return target

    def renew(self, device: str, to: Path) -> Path:
        """Put a renewed certificate for the same keys onto the stick; the next receipt would bring it as well."""
        self._only_county()
        return renewing.write(self._context, device, to)

    def renew_due(self, to: Path) -> list[Path]:
        """Renew every certificate that runs out soon or has run out."""
        self._only_county()
        return list(renewing.write_due(self._context, to))

    def _trusted(self, device: str) -> None:
        """A revoked device gets nothing."""
        with self._context.read() as connection:
            if renewing.is_revoked(connection, device):
                raise UserError(
                    "这台电脑的证书已经吊销", "误吊销的，请先撤销吊销；换了电脑的，请在新电脑上建站后重新申请。", device
                )

    def _certificate(self, request: certificates.Request) -> certificates.Certificate:
        today = package_log.today(self._context)
        return certificates.Certificate(
            county=self._context.info.code,
            serial=renewing.next_serial(self._context),
            device=request.device,
            school=request.school,
            school_name=request.school_name,
            scope=scopes_of(request.school),
            role=request.role,
            signing=request.signing,
            sealing=request.sealing,
            issued=today,
            expires=renewing.end_of(today),
            township=self._township_of(request.school),
            inherits=self._inherited(request),
        )

    def _inherited(self, request: certificates.Request) -> tuple[str, ...]:
        """The lost computers that this one takes the place of; raises UserError for those of another school."""
        with self._context.read() as connection:
            for device in request.inherits:
                if renewing.newest(connection, device).certificate.school != request.school:
                    raise UserError(
                        "申请要接替的电脑是另一所学校的", "请与学校核对备份是不是本校的。", request.school_name
                    )
        return request.inherits

    def _township_of(self, school: str) -> certificates.TownshipCard | None:
        with self._context.read() as connection:
            return townships.station_above(connection, school, package_log.today(self._context))

    def export_keys(self, to: Path, *, with_identity: bool) -> list[Path]:
        """Write `county.signers` (for `ssh-keygen -Y verify`), and the secret `county.identity` (for `age -d`), both
        with the earlier keys as well.

        The identity opens every package of the county: it is written only when asked for, readable by the owner.
        """
        self._only_county()
        public, opening = identity.county_signers(self._context), identity.opening_keys(self._context)
        with files("写出县站密钥"):
            signers = to / "county.signers"
            signers.write_text("".join(f"county {line}\n" for line in public), "ascii")
            if not with_identity:
                return [signers]
            secret = to / "county.identity"
            secret.touch(mode=0o600)
            secret.write_text(f"{opening}\n", "ascii")
        return [signers, secret]

    def issued(self) -> list[renewing.CertificateLine]:
        """Certificates issued, newest first."""
        return renewing.lines(self._context)

    def write_receipts(self, to: Path) -> list[Path]:
        """One receipt for every certified device that has sent something, onto the stick."""
        self._only_county()
        with self._context.read() as connection:
            arrived, heirs = standing.received(connection), renewing.heirs(connection)
            common = self._common(connection)
            told = common.reached.union(*reach.audience(connection).values())
        awaited = self._awaited(told)
        devices = {heirs.get(device, device) for device in {known.dev for known in arrived} | awaited}
        return [
            self._write_receipt(device, [c for c in arrived if heirs.get(c.dev, c.dev) == device], common, to)
            for device in sorted(devices)
        ]

    def _common(self, connection: Connection) -> _Common:
        moved = owners(connection, POLICY)
        return _Common(moved, frozenset().union(*moved.values()), tuple(uncounted.told(connection)) if moved else ())

    def _awaited(self, reached: Collection[str]) -> set[str]:
        """Devices of schools that a child has come to or left or was erased at, and of townships above them: they hear
        of it even if they never sent anything.

        After a restoration everybody does: they may have sent what the backup knows nothing of.
        """
        with self._context.read() as connection:
            everybody = _was_restored(connection)
            bodies = connection.execute(select(certificate_table.c.body)).scalars()
            issued = [msgspec.json.decode(body, type=certificates.Certificate) for body in bodies]
            there = {held.device for held in issued if everybody or _hears(connection, held, reached)}
            return {device for device in there if not renewing.is_revoked(connection, device)}

    def _write_receipt(self, device: str, chains: Sequence[Chain], common: _Common, to: Path) -> Path:
        context = self._context
        signed = renewing.current(context, device)
        held = signed.certificate
        with context.read() as connection:
            number = _next_number(connection, device, context.store.clock.now_ms())
            revoked = renewing.is_revoked(connection, device)
            body = ReceiptBody(
                number=number,
                device=device,
                school=held.school,
                issued=context.today(),
                epochs=tuple(EpochMark(epoch=c.ep, n=c.last_n, chain=c.last_h.hex()) for c in chains),
                packages=tuple(package_log.told(connection, *held.devices)),
                problems=tuple(_problems(connection, held.school)),
                conflicts=tuple(worklist.conflicts_for(connection, held.school)),
                duplicates=tuple(_duplicates(connection, held.school)),
                paid_elsewhere=double_claim.marks_for(connection, context.term(), held.school),
                waiting=tuple(waiting.waiting_of(connection, chains)),
                township=townships.station_above(connection, held.school, package_log.today(context)),
                carried=tuple(townships.told(connection, held)),
                revocations=tuple(revoking.told(connection, held.school, held.role)),
                certificate=renewing.paper(signed),
                clocks=tuple(clocks.told(connection, device, held.role)),
                uncounted=common.uncounted if held.school in common.reached else (),
            )
        told = context.store.own_chain()
        head, entries = self._policy_for(held, number, common.moved)
        if revoked:  # whoever has that computer learns nothing more
            body, entries = revoking.bare(body), iter(())
        keys = identity.station_keys(context)
        links = succession.members(county_keys.successions(context))
        written = write_receipt(identity.letters(context), head, body, keys, held.sealing, entries, also=links)
        target = stick.copy_to_stick(written.path, to)
        with context.store.local() as connection:
            write_setting(connection, f"receipt:{device}", number)
            if not revoked:
                reach.note_told(connection, device, number, told.id, told.last_n)
        if revoked:
            return target
        self._write_earlier(held, common.moved, to)
        restored = returning.restored_since(context, device, chains)
        write_files(context, held, to, ever=restored)
        if restored:
            returning.return_entries(context, held, chains, to)
        return target

    def return_entries(self, device: str, to: Path) -> list[Path]:
        """Write everything we hold of a device's journal onto the stick, for a school that lost it."""
        self._only_county()
        self._trusted(device)
        with self._context.read() as connection:
            heirs = renewing.heirs(connection)
            chains = [c for c in standing.received(connection) if heirs.get(c.dev, c.dev) == device]
            held = renewing.newest(connection, device).certificate if chains else None
        if held is None:
            raise UserError(f"没有收到过设备 {device} 的数据", "请在证书清单里核对设备编号。", "送还数据")
        files_too = write_files(self._context, held, to, ever=True)
        return [*returning.return_entries(self._context, held, chains, to), *files_too]

    def _policy_for(
        self, held: certificates.Certificate, number: int = 0, moved: Owners | None = None
    ) -> tuple[Head, Iterator[bytes]]:
        """Our own journal from its beginning for one station: policy open, everything about others withheld.

        `moved` are the owners of the records we have moved, found when not given.
        """
        context = self._context
        known = context.store.own_chain()
        head = identity.head_of(context, known, after=0, before=journal.GENESIS, number=number)
        return head, self._lines_for(known, held, moved)

    def _write_earlier(self, held: certificates.Certificate, moved: Owners | None, to: Path) -> None:
        """What we laid down before we were restored from a backup stands in journals of its own: they come along."""
        with self._context.read() as connection:
            *earlier, _ = [known for known in journal.chains(connection) if known.own]
        for known in earlier:
            if known.last_n:
                returning.hand_down(self._context, held, known, self._lines_for(known, held, moved), to)

    def _lines_for(self, known: Chain, held: certificates.Certificate, moved: Owners | None) -> Iterator[bytes]:
        school = held.school
        with self._context.read() as connection:
            schools = townships.stands_for(connection, school, held.role)
            theirs = visible_to(connection, school, POLICY)
            theirs |= flat(whole(connection, came_to(connection, school, Term.of(self._context.today()))))
            moved = owners(connection, POLICY) if moved is None else moved
            erased = reach.audience(connection)
            query = (
                select(journal_table.c.n, journal_table.c.ent, journal_table.c.uid, journal_table.c.body)
                .where(journal_table.c.chain == known.id, journal_table.c.n <= known.last_n)
                .order_by(journal_table.c.n)
            )
            for row in streamed(connection, query):
                visible = _is_open(row, theirs, moved, schools) or not schools.isdisjoint(
                    erased.get((known.id, row.n), ())
                )
                yield row.body if visible else withheld_line(row.body)

    def _only_county(self) -> None:
        if not is_county(self._context):
            raise UserError("这项工作只能在县教育局的工作站上做", "请在县站登录后再试。")


def _is_open(row: Row[Any], theirs: Keys, moved: Owners, schools: frozenset[str]) -> bool:
    """Whether a station for these schools, which may read the records `theirs`, may read an entry of ours."""
    about = (row.ent, row.uid)
    record = row.ent in POLICY or about in theirs
    if about not in moved or row.body.startswith(WITHHELD_START):
        return record
    return may_read(decode(row.body).op, moved[about], schools, record=record)


def _was_restored(connection: Connection) -> bool:
    """Whether we have begun a journal anew, having been restored from a backup."""
    return sum(known.own for known in journal.chains(connection)) > 1


def _hears(connection: Connection, held: certificates.Certificate, reached: Collection[str]) -> bool:
    """Whether a station stands for one of these schools."""
    return not townships.stands_for(connection, held.school, held.role).isdisjoint(reached)


def _next_number(connection: Connection, device: str, now_ms: int) -> int:
    """The number of the next receipt of a device.

    A county restored from its backup does not know of its last receipts: it goes on far above them, by the hour.
    """
    floor = (now_ms - _BEGINNING_MS) // 3_600_000 if _was_restored(connection) else 0
    return max(int(read_setting(connection, f"receipt:{device}", 0)), floor) + 1


def county_of(path: Path) -> tuple[str, str]:
    """(code, name) of the county in a list of divisions; raises UserError when it names none."""
    for row in read_list(path, ("代码", "名称", "级别")):
        if row["级别"] == "3":
            return row["代码"], row["名称"]
    raise UserError("行政区划名单里没有县一级", "请补上级别为 3 的一行，例如“431099,示范县,3,431000”。", path.name)


def read_list(path: Path, headings: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a small UTF-8 or GB18030 CSV file; raises UserError naming a missing heading."""
    with files(f"读取“{path.name}”"):
        raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    reader = csv.DictReader(text.splitlines())
    missing = [heading for heading in headings if heading not in (reader.fieldnames or ())]
    if missing:
        raise UserError(
            f"“{path.name}”缺少列：{'、'.join(missing)}", f"请使用带表头“{'、'.join(headings)}”的名单。", path.name
        )
    return [{heading: (row[heading] or "").strip() for heading in headings} for row in reader]


def _problems(connection: Connection, school: str) -> Iterable[Problem]:
    """Questions still open in this school's records, as a work list."""
    table = BY_NAME["question"].__table__
    query = select(table.c.student, table.c.kind, table.c.sentence).where(
        table.c.scope == school, table.c.state == "open", table.c.hidden == 0
    )
    for row in connection.execute(query):
        yield Problem(ent="student", uid=row.student, field=worklist.field_of(row.kind), sentence=row.sentence)


_ELSEWHERE = "这名学生在别的学校名册上也有登记，请核实学籍后告知县教育局。"
_TWICE = (
    "县里判定这名学生与别的学校登记的是同一人，两校都有在读的学籍。"
    "已转走的请申请转学或登记转出，确在本校的请告知县教育局。"
)


def _duplicates(connection: Connection, school: str) -> Iterator[DuplicateCase]:
    """Cases that concern a record of this school, without a word about the other one."""
    cases = [(case.uids, "open") for case in open_cases(connection)]
    twice = [line for line in group_lines(connection) if sum(bool(side.enrolment) for side in line.sides) > 1]
    cases += [(tuple(side.uid for side in line.sides), "same") for line in twice]
    table = BY_NAME["student"].__table__
    for uids, state in cases:
        query = select(table.c.uid).where(table.c.uid.in_(uids), table.c.scope == school)
        for uid in connection.execute(query).scalars():
            yield DuplicateCase(
                case=sha256("".join(uids).encode()).hexdigest()[:16], ent="student", uid=uid,
                state="same" if state == "same" else "open", sentence=_TWICE if state == "same" else _ELSEWHERE,
            )  # fmt: skip


def fingerprint(signing: str, sealing: str) -> str:
    """The eight characters of a pair of public keys."""
    return fingerprint_words(PublicKeys(signing, sealing))
