"""Photographs of students: a record that travels, and the picture in this station's database under its SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, insert, select

from jzdesk.core.errors import StationFault, UserError
from jzdesk.core.fields import Value
from jzdesk.models import Photo, Student
from jzdesk.services import pictures
from jzdesk.services.context import Context
from jzdesk.services.forms import FormProblems, understood
from jzdesk.services.ledger import Row, Saved, rows
from jzdesk.services.questions import review
from jzdesk.services.student_tables import PHOTO
from jzdesk.store.tables import blob
from jzdesk.store.unit import Changes, Unit

NAMES = {"portrait": "证件照", "visit": "走访照片", "consent": "同意书", "proof": "证明材料"}
FILES = "照片 (*.jpg *.jpeg *.png *.bmp *.gif *.tif *.tiff *.webp)"


class PhotoService:
    """The verbs of 照片."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def add(self, student: str, file: Path, values: Mapping[str, object] | None = None) -> Saved:
        """Keep the picture of a file, made small and freed of its notes; raises UserError, FormProblems.

        The same picture twice on one student is one record: `changed` is False.
        """
        raw = _read(file)
        return self.add_picture(student, raw, values, file.name)

    def add_picture(
        self, student: str, raw: bytes, values: Mapping[str, object] | None = None, where: str = "照片"
    ) -> Saved:
        """As `add`, from the bytes of a file."""
        picture = pictures.normalise(raw, where)
        good, bad = understood(Photo.spec, {"kind": "portrait", **(values or {})})
        sha256 = hashlib.sha256(picture.data).hexdigest()
        good |= {"student": student, "sha256": sha256, "size": len(picture.data)}
        good.setdefault("taken_on", picture.taken_on or None)
        if problems := Photo.spec.problems(good) | bad:
            raise FormProblems(problems, Photo.label)
        with self._context.write(f"添加照片（{NAMES[str(good['kind'])]}）") as unit:
            unit.state(Student, student)  # a student nobody knows has no photographs
            if known := _known(unit.connection, student, sha256, good["kind"]):
                return Saved(known, False, unit.changes)
            self._keep(unit.connection, sha256, picture.data)
            uid = unit.add(Photo, good)
            review(unit, [student], self._context.today())
        return Saved(uid, True, unit.changes)

    def of(self, student: str) -> list[Row]:
        """The photographs of a student, by the day they were taken."""
        query = select(PHOTO.c.uid).where(PHOTO.c.student == student, PHOTO.c.hidden == 0).order_by(PHOTO.c.taken_on)
        with self._context.read() as connection:
            return rows(connection, "photo", list(connection.execute(query).scalars()))

    def content(self, uid: str) -> bytes:
        """The JPEG; raises UserError when no package has brought the picture here yet."""
        query = select(blob.c.data).join(PHOTO, PHOTO.c.sha256 == blob.c.sha256).where(PHOTO.c.uid == uid)
        with self._context.read() as connection:
            data: bytes | None = connection.execute(query).scalar_one_or_none()
        if data is None:
            raise UserError("照片不在本机", "照片随学校的数据包送来；请学校重新导出一次，或把照片另存后送来。", "照片")
        return data

    def contents(self, uids: list[str]) -> dict[str, bytes]:
        """uid → JPEG, of those that are here."""
        query = (
            select(PHOTO.c.uid, blob.c.data).join(blob, blob.c.sha256 == PHOTO.c.sha256).where(PHOTO.c.uid.in_(uids))
        )
        with self._context.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def export(self, uid: str, target: Path) -> Path:
        """Write the picture as a file; into a folder under the name of child, kind and day. Raises UserError."""
        data = self.content(uid)
        path = target / self._file_name(uid) if target.is_dir() else target
        try:
            path.write_bytes(data)
        except OSError as fault:
            raise StationFault("照片写不出去", "照片仍在数据库里", f"请检查“{path.parent}”能否写入。") from fault
        return path

    def void(self, uid: str, reason: str) -> Changes:
        """Take a photograph off the student, with the reason; it can be brought back."""
        if not reason.strip():
            raise UserError("作废没有写明理由", "请写一句理由，例如“照片拍错人”。", "照片")
        with self._context.write("作废照片") as unit:
            unit.void(Photo, uid, reason.strip())
            self._review(unit, uid)
        return unit.changes

    def restore(self, uid: str) -> Changes:
        """Undo `void`."""
        with self._context.write("恢复照片") as unit:
            unit.restore(Photo, uid)
            self._review(unit, uid)
        return unit.changes

    def _review(self, unit: Unit, uid: str) -> None:
        """A proof that comes or goes changes what is asked about its student."""
        review(unit, [str(unit.state(Photo, uid).values["student"])], self._context.today())

    def _keep(self, connection: Connection, sha256: str, data: bytes) -> None:
        if connection.execute(select(blob.c.sha256).where(blob.c.sha256 == sha256)).first() is None:
            now = self._context.store.clock.tick()
            connection.execute(insert(blob).values(sha256=sha256, data=data, at=now))

    def _file_name(self, uid: str) -> str:
        with self._context.read() as connection:
            (row,) = rows(connection, "photo", (uid,))
        parts = (row.shown["student"], row.shown["kind"], row.shown["taken_on"] or uid[:6])
        return "-".join(part.replace("/", "_").replace("\\", "_") for part in parts) + ".jpg"


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > pictures.BIGGEST_FILE:  # looked at before anything is read
            raise UserError("文件太大了", "请先用看图软件把照片另存为小一些的文件（不超过 40 MB）再添加。", file.name)
        return file.read_bytes()
    except OSError as fault:
        raise UserError("这个文件读不出来", "请检查文件还在不在、U 盘是否拔出。", file.name) from fault


def _known(connection: Connection, student: str, sha256: str, kind: Value) -> str | None:
    """The record of this very picture on this student."""
    query = select(PHOTO.c.uid).where(
        PHOTO.c.student == student, PHOTO.c.sha256 == sha256, PHOTO.c.kind == kind, PHOTO.c.hidden == 0
    )
    return connection.execute(query.limit(1)).scalar_one_or_none()
