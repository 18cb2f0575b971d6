"""Work off the GUI thread: progress, cancelling, errors, and only the newest answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from jzdesk.core.errors import StationFault, UserError
from jzdesk.ui.errors_shown import Message, describe, message_of
from jzdesk.ui.tasks import Progress, Tasks


def test_a_job_runs_elsewhere_and_its_result_arrives_here(
    qtbot: QtBot, tasks: Tasks, settle: Callable[[], None]
) -> None:
    threads: list[int] = []
    results: list[Any] = []

    def done(result: int) -> None:
        results.append((result, threading.get_ident()))

    def job(_: Progress) -> int:
        threads.append(threading.get_ident())
        return 42

    tasks.run(job, done, title="算")
    settle()
    assert results == [(42, threading.get_ident())]
    assert threads[0] != threading.get_ident()


def test_progress_is_reported_in_order(qtbot: QtBot, tasks: Tasks, settle: Callable[[], None]) -> None:
    seen: list[tuple[int, int, str]] = []
    tasks.progressed.connect(lambda _, done, total, text: seen.append((done, total, text)))

    def job(progress: Progress) -> None:
        for number in (1, 2, 3):
            progress(number, 3, f"第{number}行")

    tasks.run(job, title="读")
    settle()
    assert seen == [(1, 3, "第1行"), (2, 3, "第2行"), (3, 3, "第3行")]


def test_cancelling_stops_at_the_next_report_and_shows_nothing_wrong(
    qtbot: QtBot, tasks: Tasks, settle: Callable[[], None], messages: list[Message]
) -> None:
    begun = threading.Event()
    finished: list[object] = []
    over: list[int] = []

    def job(progress: Progress) -> None:
        begun.set()
        while True:
            progress(1, 0)

    task = tasks.run(job, finished.append, title="长", cancellable=True, always=lambda: over.append(1))
    assert begun.wait(5)
    task.progress.cancel()
    settle()
    assert (finished, over, messages) == ([], [1], [])


def test_a_user_error_is_shown_with_its_remedy(
    qtbot: QtBot, tasks: Tasks, settle: Callable[[], None], messages: list[Message]
) -> None:
    def job(_: Progress) -> None:
        raise UserError("密码不对", "请重新输入密码。")

    tasks.run(job, title="开")
    settle()
    assert messages == [Message("look", "密码不对。", "请重新输入密码。")]


def test_a_failure_taken_by_the_page_is_not_shown_again(
    qtbot: QtBot, tasks: Tasks, settle: Callable[[], None], messages: list[Message]
) -> None:
    taken: list[Exception] = []

    def job(_: Progress) -> None:
        raise UserError("不行", "换一个。")

    def failed(error: Exception) -> bool:
        taken.append(error)
        return True

    tasks.run(job, failed=failed, title="存")
    settle()
    assert len(taken) == 1
    assert messages == []


def test_a_station_fault_says_what_was_kept() -> None:
    message = message_of(StationFault("磁盘满了", "没有写入任何内容", "请清理磁盘。"))
    assert message == Message("wrong", "磁盘满了。", "没有写入任何内容。请清理磁盘。")


def test_a_bug_is_reported_without_its_words(
    qtbot: QtBot, tasks: Tasks, settle: Callable[[], None], messages: list[Message]
) -> None:
    def job(_: Progress) -> None:
        raise KeyError("张小明 431099201102167364")

    tasks.run(job, title="错")
    settle()
    assert len(messages) == 1
    assert "张小明" not in messages[0].what + messages[0].remedy
    assert "KeyError" in messages[0].remedy


def test_the_log_line_of_a_bug_holds_no_personal_data() -> None:
    try:
        raise ValueError("431099201102167364")
    except ValueError as error:
        words = describe(error)
    assert "431099" not in words
    assert "test_the_log_line" in words


def test_only_the_newest_answer_to_the_same_question_arrives(
    qtbot: QtBot, tasks: Tasks, settle: Callable[[], None]
) -> None:
    gate = threading.Event()
    answers: list[object] = []
    tasks.read("search", lambda: gate.wait(5) and "old", answers.append)
    tasks.read("search", lambda: "new", answers.append)
    gate.set()
    settle()
    assert answers == ["new"]


def test_nothing_is_called_on_a_widget_that_has_gone(qtbot: QtBot, tasks: Tasks, settle: Callable[[], None]) -> None:
    import shiboken6

    gate, owner = threading.Event(), QObject()
    answers: list[object] = []
    tasks.run(lambda _: gate.wait(5), answers.append, title="慢", owner=owner)
    shiboken6.delete(owner)
    gate.set()
    settle()
    assert answers == []
