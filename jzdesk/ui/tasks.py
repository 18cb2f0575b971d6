"""Work off the GUI thread: threads that write, read and study, with progress, cancelling and errors shown.

Write a verb of the window as a small job and hand it over::

    self.desk.tasks.run(lambda progress: services.aid.decide(term, progress),
                        done=self.show_run, title="正在认定资助", cancellable=True)

`study` is the same for long work that only reads, so that saving need not wait for it. `done` and `failed` run on the
GUI thread. A job that a key press started (search, one page) goes to `read`, where
only the newest answer for the same `key` is delivered.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal, Slot

T = TypeVar("T")


class Cancelled(Exception):
    """The person asked the job to stop; nothing is shown as wrong."""


class Progress:
    """What a job reports with and looks at: `progress(done, total, text)`; raises Cancelled once cancelled.

    `total` 0 means "not known yet". `cancelled()` suits services that take a `cancel` callable.
    """

    def __init__(self, report: Callable[[int, int, str], None] | None = None) -> None:
        self._report = report
        self._stop = threading.Event()

    def __call__(self, done: int, total: int = 0, text: str = "") -> None:
        """Say how far the job is. Raises Cancelled when the person has asked to stop."""
        if self._stop.is_set():
            raise Cancelled
        if self._report is not None:
            self._report(done, total, text)

    def cancel(self) -> None:
        """Ask the job to stop at its next report."""
        self._stop.set()

    def cancelled(self) -> bool:
        """Whether the person has asked to stop."""
        return self._stop.is_set()


@dataclass
class Task(Generic[T]):
    """One piece of work under way: its title, its progress, and what to do afterwards."""

    job: Callable[[Progress], T]
    title: str
    done: Callable[[T], None] | None = None
    failed: Callable[[Exception], bool] | None = None
    always: Callable[[], None] | None = None
    cancellable: bool = False
    owner: QObject | None = None
    key: str = ""
    progress: Progress = field(default_factory=Progress)

    def alive(self) -> bool:
        """False when the widget that asked has been deleted meanwhile."""
        return self.owner is None or shiboken6.isValid(self.owner)


class Worker:
    """One thread that does one job after another."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, job: Callable[[], None]) -> None:
        """Do `job` when the earlier ones are done. It must not raise."""
        self._jobs.put(job)

    def close(self) -> None:
        """Finish what is waiting and end the thread; waits for it."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


class Tasks(QObject):
    """The window's workers; `started`, `progressed` and `ended` feed the progress strip."""

    started = Signal(object)
    progressed = Signal(object, int, int, str)
    ended = Signal(object)
    _deliver = Signal(object)

    def __init__(self, present: Callable[[BaseException], None]) -> None:
        """`present` shows errors that a task's own `failed` did not take."""
        super().__init__()
        self._present = present
        self._writer, self._reader, self._scholar = Worker("writer"), Worker("reader"), Worker("scholar")
        self._newest: dict[str, Task[Any]] = {}
        self._open = 0
        self._deliver.connect(self._run_here, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        job: Callable[[Progress], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], bool] | None = None,
        *,
        title: str,
        cancellable: bool = False,
        always: Callable[[], None] | None = None,
        owner: QObject | None = None,
    ) -> Task[T]:
        """Do `job` on the writing thread. `failed` returns True when it has shown the error itself.

        `always` runs after either outcome (also after cancelling). With `owner` nothing is called once it is gone.
        """
        return self._begin(self._writer, Task(job, title, done, failed, always, cancellable, owner))

    def study(
        self,
        job: Callable[[Progress], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], bool] | None = None,
        *,
        title: str,
        always: Callable[[], None] | None = None,
        owner: QObject | None = None,
    ) -> Task[T]:
        """As `run`, for a long job that writes no record: beside the writing, and it can be stopped."""
        return self._begin(self._scholar, Task(job, title, done, failed, always, True, owner))

    def _begin(self, worker: Worker, task: Task[T]) -> Task[T]:
        task.progress = Progress(lambda d, t, text: self._call(partial(self.progressed.emit, task, d, t, text)))
        self._open += 1
        self.started.emit(task)
        worker.put(lambda: self._work(task))
        return task

    def read(
        self,
        key: str,
        job: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], bool] | None = None,
        *,
        owner: QObject | None = None,
    ) -> None:
        """Do `job` on the reading thread; when `key` was asked again meanwhile, the older answer is thrown away."""
        task = Task(lambda _: job(), key, done, failed, owner=owner, key=key)
        self._newest[key] = task
        self._open += 1
        self._reader.put(lambda: self._work(task))

    def later(self, job: Callable[[], None]) -> None:
        """Do a small write behind the person's back, in order with the others; what fails is shown."""

        def work() -> None:
            try:
                job()
            except Exception as error:
                self._call(partial(self._present, error))

        self._writer.put(work)

    def busy(self) -> bool:
        """Whether any work or any answer is still outstanding."""
        return self._open > 0

    def close(self) -> None:
        """Finish what is waiting, then end the threads."""
        for worker in (self._writer, self._reader, self._scholar):
            worker.close()

    def _work(self, task: Task[Any]) -> None:
        """On the worker: do the job, send the outcome back."""
        if self._stale(task):
            self._call(partial(self._finish, task))
            return
        try:
            result = task.job(task.progress)
        except Cancelled:
            self._call(partial(self._finish, task))
        except Exception as error:
            self._call(partial(self._fail, task, error))
        else:
            self._call(partial(self._succeed, task, result))

    def _stale(self, task: Task[Any]) -> bool:
        return bool(task.key) and self._newest.get(task.key) is not task

    def _call(self, what: Callable[[], object]) -> None:
        self._deliver.emit(what)

    @Slot(object)
    def _run_here(self, what: Callable[[], object]) -> None:
        what()

    def _succeed(self, task: Task[Any], result: object) -> None:
        self._finish(task)
        if task.done is not None and task.alive() and not self._stale(task):
            task.done(result)

    def _fail(self, task: Task[Any], error: Exception) -> None:
        self._finish(task)
        if self._stale(task):
            return
        if task.failed is None or not task.alive() or not task.failed(error):
            self._present(error)

    def _finish(self, task: Task[Any]) -> None:
        self._open -= 1
        if not task.key:
            self.ended.emit(task)
        if task.always is not None and task.alive():
            task.always()
