"""What every page is given: the services, the workers, a way to say things, and a way to go elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from jzdesk.ui.drafts import Drafts
from jzdesk.ui.errors_shown import Message, Presenter
from jzdesk.ui.tasks import Progress, Task, Tasks

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services

T = TypeVar("T")


class Changes(Protocol):
    """What a committed write touched."""

    @property
    def entities(self) -> Set[str]:
        """Names of the entities."""

    @property
    def uids(self) -> Set[str]:
        """The records."""


@dataclass(frozen=True, slots=True)
class _Everything:
    """Something about records of all entities has changed, without any record being another."""

    entities: Set[str]
    uids: Set[str] = frozenset()


class Desk(QObject):
    """Handed to every page and dialog. Signals are for the shell; pages call the methods.

    `changed(Changes)` arrives on the GUI thread after every committed write, whoever made it.
    """

    changed = Signal(object)
    toasted = Signal(str, str, object)
    noted = Signal(object)
    wanted = Signal(str, str)
    _from_services = Signal(object)

    def __init__(self, services: Services, tasks: Tasks, present: Presenter, drafts: Drafts) -> None:
        super().__init__()
        self.services, self.tasks, self.present, self.drafts = services, tasks, present, drafts
        self._from_services.connect(self._pass_on, Qt.ConnectionType.QueuedConnection)
        services.subscribe(self._hear)

    def say(self, words: str, action: str = "", do: Callable[[], object] | None = None) -> None:
        """A short word that goes away: `已保存`; with `action` one button, e.g. 撤销."""
        self.toasted.emit(words, action, do)

    def note(self, message: Message) -> None:
        """A banner that stays until closed."""
        self.noted.emit(message)

    def go(self, place: str, hint: str = "") -> None:
        """Open the page `place`; `hint` tells it what to show (a filter, a uid, "new")."""
        self.wanted.emit(place, hint)

    def travelled(self) -> None:
        """Records have come further on their way to the county: pages that show how far look again."""
        self.changed.emit(_Everything(frozenset(self.services.ledger.specs)))

    def write(
        self,
        job: Callable[[Progress], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], bool] | None = None,
        *,
        title: str,
        cancellable: bool = False,
        owner: QObject | None = None,
        always: Callable[[], None] | None = None,
    ) -> Task[T]:
        """`tasks.run`: do a job on the writing thread (see there)."""
        return self.tasks.run(job, done, failed, title=title, cancellable=cancellable, owner=owner, always=always)

    def _hear(self, changes: Changes) -> None:
        """Called by the services, on whatever thread wrote."""
        self._from_services.emit(changes)

    @Slot(object)
    def _pass_on(self, changes: Changes) -> None:
        self.changed.emit(changes)
