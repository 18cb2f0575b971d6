"""Photographs are kept small, upright and without where they were taken; what is no picture gets a sentence."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jzdesk.core.errors import UserError
from jzdesk.services import pictures
from jzdesk.services.forms import FormProblems
from jzdesk.services.ledger import LedgerService
from jzdesk.services.photos import PhotoService
from jzdesk.services.students import StudentService
from tests.factories.people import Desk, verified_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "desk", standards=False) as desk:
        yield desk


@pytest.fixture
def photos(desk: Desk) -> PhotoService:
    return PhotoService(desk.context)


def picture(size: tuple[int, int] = (60, 40), form: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size, options.pop("colour", "red")).save(stream, form, **options)
    return stream.getvalue()


def from_a_telephone(orientation: int = 6) -> bytes:
    """A picture with orientation, day and place, as a telephone writes them."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Telephone"
    exif.get_ifd(0x8769)[0x9003] = "2025:10:08 09:30:00"
    exif.get_ifd(0x8825)[1] = "N"
    return picture((64, 32), exif=exif)


def test_a_picture_is_turned_upright_and_loses_place_and_device() -> None:
    made = pictures.normalise(from_a_telephone())
    assert (made.width, made.height, made.taken_on) == (32, 64, "2025-10-08")
    with Image.open(io.BytesIO(made.data)) as again:
        assert again.format == "JPEG"
        assert not again.getexif()
        assert "exif" not in again.info
    assert b"Telephone" not in made.data


def test_a_large_noisy_picture_is_pressed_into_the_limit() -> None:
    noise = Image.effect_noise((2600, 1700), 200).convert("RGB")
    stream = io.BytesIO()
    noise.save(stream, "JPEG", quality=95)
    made = pictures.normalise(stream.getvalue())
    assert max(made.width, made.height) <= pictures.LONGEST
    assert len(made.data) <= pictures.MOST_BYTES


@pytest.mark.parametrize(
    ("form", "mode", "colour"),
    [("PNG", "RGBA", (255, 0, 0, 0)), ("GIF", "P", 1), ("BMP", "RGB", "red"), ("TIFF", "L", 7), ("PNG", "I;16", 9)],
)
def test_pictures_of_other_kinds_become_jpeg(form: str, mode: str, colour: Any) -> None:
    made = pictures.normalise(picture(form=form, mode=mode, colour=colour))
    assert made.data.startswith(b"\xff\xd8")
    if mode == "RGBA":
        with Image.open(io.BytesIO(made.data)) as again:
            assert again.getpixel((5, 5)) == (255, 255, 255), "what was transparent is white, not black"


@settings(max_examples=25, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.integers(1, 600).map(lambda end: picture((80, 80))[:end])))
def test_what_is_damaged_is_refused_in_a_sentence_or_kept_whole(raw: bytes) -> None:
    made, said = None, ""
    try:
        made = pictures.normalise(raw, "坏照片.jpg")
    except UserError as error:
        said = error.sentence()
    assert made is not None or ("坏照片.jpg" in said and "请" in said)


def test_what_is_too_big_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(UserError, match="太大"):
        pictures.normalise(b"x" * (pictures.BIGGEST_FILE + 1))
    with pytest.raises(UserError, match="像素，太大"):
        pictures.normalise(picture((12_000, 9_000), "PNG", "1", colour=1))


def test_a_photograph_is_kept_shown_written_out_taken_off_and_brought_back(
    tmp_path: Path, desk: Desk, photos: PhotoService
) -> None:
    uid, file = desk.pupil("王小明"), tmp_path / "照片.jpg"
    file.write_bytes(from_a_telephone())
    saved = photos.add(uid, file)
    (row,) = photos.of(uid)
    assert (row.shown["kind"], row.values["taken_on"]) == ("证件照", "2025-10-08")
    assert photos.content(saved.uid) == photos.contents([saved.uid])[saved.uid]
    written = photos.export(saved.uid, tmp_path)
    assert written.name == "王小明-证件照-2025-10-08.jpg"
    assert written.read_bytes() == photos.content(saved.uid)
    again = photos.add(uid, file)
    assert (again.uid, again.changed) == (saved.uid, False)
    assert photos.add(desk.pupil("李思远"), file).changed, "the same picture may show two children"
    with pytest.raises(UserError, match="理由"):
        photos.void(saved.uid, "")
    photos.void(saved.uid, "拍错人")
    assert photos.of(uid) == []
    photos.restore(saved.uid)
    assert len(photos.of(uid)) == 1


def test_a_picture_that_stayed_at_the_school_says_so(desk: Desk, photos: PhotoService) -> None:
    from jzdesk.models import Photo

    uid = desk.pupil()
    with desk.context.write() as unit:
        photo = unit.add(Photo, {"student": uid, "kind": "portrait", "sha256": "0" * 64, "size": 10})
    assert photos.contents([photo]) == {}
    with pytest.raises(UserError, match="不在本机"):
        photos.content(photo)


def test_files_that_are_gone_and_kinds_that_do_not_exist_are_told(
    tmp_path: Path, desk: Desk, photos: PhotoService
) -> None:
    uid = desk.pupil()
    with pytest.raises(UserError, match="读不出来"):
        photos.add(uid, tmp_path / "没有.jpg")
    with pytest.raises(FormProblems):
        photos.add_picture(uid, picture(), {"kind": "风景"})
    with pytest.raises(UserError, match="不存在"):
        photos.add_picture("f" * 32, picture())


def test_a_proof_answers_the_question_about_a_child_without_papers(desk: Desk, photos: PhotoService) -> None:
    uid = desk.pupil(hardships=(), id_type="Z", id_number=None)
    students = StudentService(desk.context, LedgerService(desk.context))
    students.review(uid)
    assert {row.values["kind"] for row in students.file(uid).questions} == {"no_proof", "guardian_number"}
    photos.add_picture(uid, picture(), {"kind": "proof"})
    assert {row.values["kind"] for row in students.file(uid).questions} == {"guardian_number"}
