"""All services of one open station, as the two faces hold them; each is made when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from jzdesk.core.errors import StationFault
from jzdesk.core.term import Term
from jzdesk.services.context import Actor, Context, StationInfo
from jzdesk.services.ledger import LedgerService
from jzdesk.services.students import StudentService
from jzdesk.store.erasing import RECEIVED
from jzdesk.store.unit import Changes

if TYPE_CHECKING:
    from jzdesk.services.accounts import AccountService
    from jzdesk.services.aid import AidService
    from jzdesk.services.backups import BackupService
    from jzdesk.services.bulk import BulkService
    from jzdesk.services.clocks import ClockService
    from jzdesk.services.consents import ConsentService
    from jzdesk.services.county import CountyService
    from jzdesk.services.databases import DatabaseService
    from jzdesk.services.erasing.service import ErasureService
    from jzdesk.services.escrow import EscrowService
    from jzdesk.services.exchange import ExchangeService
    from jzdesk.services.filling import FillService
    from jzdesk.services.forks import ForkService
    from jzdesk.services.forwarding import ForwardService
    from jzdesk.services.funds import FundService
    from jzdesk.services.holds import HoldService
    from jzdesk.services.home import HomeService
    from jzdesk.services.importing import ImportService
    from jzdesk.services.lists.service import ListService
    from jzdesk.services.merging import MergeService
    from jzdesk.services.merging_preview import PreviewService
    from jzdesk.services.pairing import PairingService
    from jzdesk.services.papers import PaperService
    from jzdesk.services.photos import PhotoService
    from jzdesk.services.pledges import PledgeService
    from jzdesk.services.reporting import ReportingService
    from jzdesk.services.revoking import RevokeService
    from jzdesk.services.roll import ClassService, ClosureService, PromotionService, RollService
    from jzdesk.services.roll.as_of import AsOfService
    from jzdesk.services.rotating import RotateService
    from jzdesk.services.settling import SettlingService
    from jzdesk.services.slips import SlipService
    from jzdesk.services.standards import StandardService
    from jzdesk.services.transfers.papers import TransferPapers
    from jzdesk.services.transfers.service import TransferService
    from jzdesk.services.undoing import UndoService
    from jzdesk.services.verifying import VerifyReport
    from jzdesk.services.visits import VisitService
    from jzdesk.services.withdrawing import WithdrawService
    from jzdesk.services.worklist import WorkListService


class Services:
    """An open station."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def info(self) -> StationInfo:
        """The station's facts."""
        return self.context.info

    @property
    def actor(self) -> Actor:
        """Who is at the desk."""
        return self.context.actor

    def subscribe(self, listener: Callable[[Changes], None]) -> None:
        """Hear what every committed write changed."""
        self.context.store.subscribe(listener)

    def close(self) -> None:
        """Give up the database."""
        if "township" in self.__dict__:
            self.township.close()
        self.context.store.close()

    def forget_copies(self) -> None:
        """Delete copies of files that hold what was erased by law, should the program have been cut short before."""
        if self.context.store.setting(RECEIVED, False):
            from jzdesk.services.erasing.copies import clear_received

            with suppress(StationFault):  # next time
                clear_received(self.context)

    def index(self) -> None:
        """Bring the search index up to date after a large write; the next search would do it otherwise."""
        self.context.store.catch_up()

    def index_some(self, most: int) -> int:
        """As `index`, at most so many records; returns how many it were, 0 when none is left."""
        return self.context.store.catch_up_some(most)

    def choose_term(self, term: str) -> None:
        """Work in this term from now on; raises ValueFault for what is no term."""
        self.context.store.set_setting("term", str(Term.parse(term)))

    def verify(self) -> VerifyReport:
        """Recompute every table from the journal and compare."""
        from jzdesk.services.verifying import verify

        return verify(self.context)

    @cached_property
    def ledger(self) -> LedgerService:
        """Any entity, from its specs."""
        return LedgerService(self.context)

    @cached_property
    def students(self) -> StudentService:
        """Students."""
        return StudentService(self.context, self.ledger)

    @cached_property
    def erasures(self) -> ErasureService:
        """依法删除."""
        from jzdesk.services.erasing.service import ErasureService

        return ErasureService(self.context)

    @cached_property
    def photos(self) -> PhotoService:
        """Photographs."""
        from jzdesk.services.photos import PhotoService

        return PhotoService(self.context)

    @cached_property
    def consents(self) -> ConsentService:
        """Consent of guardians."""
        from jzdesk.services.consents import ConsentService

        return ConsentService(self.context)

    @cached_property
    def bulk(self) -> BulkService:
        """Many records of any entity at once."""
        from jzdesk.services.bulk import BulkService

        return BulkService(self.context, self.ledger)

    @cached_property
    def undoing(self) -> UndoService:
        """What was done, and taking it back."""
        from jzdesk.services.undoing import UndoService

        return UndoService(self.context)

    @cached_property
    def accounts(self) -> AccountService:
        """Who may log in, and the recovery key."""
        from jzdesk.services.accounts import AccountService

        return AccountService(self.context)

    @cached_property
    def backups(self) -> BackupService:
        """Copies of the whole station."""
        from jzdesk.services.backups import BackupService

        return BackupService(self.context)

    @cached_property
    def databases(self) -> DatabaseService:
        """Where the data is: in a file, or on a server."""
        from jzdesk.services.databases import DatabaseService

        return DatabaseService(self.context)

    @cached_property
    def roll(self) -> RollService:
        """Events of the roll."""
        from jzdesk.services.roll import RollService

        return RollService(self.context)

    @cached_property
    def transfers(self) -> TransferService:
        """Children who go to another school, and those who come."""
        from jzdesk.services.transfers.service import TransferService

        return TransferService(self.context)

    @cached_property
    def transfer_papers(self) -> TransferPapers:
        """What is printed when a child goes to another school."""
        from jzdesk.services.transfers.papers import TransferPapers

        return TransferPapers(self.context)

    @cached_property
    def promotion(self) -> PromotionService:
        """The yearly promotion."""
        from jzdesk.services.roll import PromotionService

        return PromotionService(self.context)

    @cached_property
    def classes(self) -> ClassService:
        """Classes and who is in them."""
        from jzdesk.services.roll import ClassService

        return ClassService(self.context)

    @cached_property
    def closures(self) -> ClosureService:
        """The ledger 销号."""
        from jzdesk.services.roll import ClosureService

        return ClosureService(self.context)

    @cached_property
    def as_of(self) -> AsOfService:
        """The roll on any day."""
        from jzdesk.services.roll.as_of import AsOfService

        return AsOfService(self.context)

    @cached_property
    def visits(self) -> VisitService:
        """Visits."""
        from jzdesk.services.visits import VisitService

        return VisitService(self.context)

    @cached_property
    def pairing(self) -> PairingService:
        """Caseworkers and their students."""
        from jzdesk.services.pairing import PairingService

        return PairingService(self.context)

    @cached_property
    def standards(self) -> StandardService:
        """Programmes and standards."""
        from jzdesk.services.standards import StandardService

        return StandardService(self.context)

    @cached_property
    def aid(self) -> AidService:
        """Decisions, batches, payments, notices, and the standards they rest on."""
        from jzdesk.services.aid import AidService

        return AidService(self.context)

    @cached_property
    def pledges(self) -> PledgeService:
        """Pledges."""
        from jzdesk.services.pledges import PledgeService

        return PledgeService(self.context)

    @cached_property
    def funds(self) -> FundService:
        """Funds."""
        from jzdesk.services.funds import FundService

        return FundService(self.context)

    @cached_property
    def papers(self) -> PaperService:
        """Everything that is printed."""
        from jzdesk.services.papers import PaperService

        return PaperService(self.context)

    @cached_property
    def filling(self) -> FillService:
        """Forms of other systems, filled from the records."""
        from jzdesk.services.filling import FillService

        return FillService(self.context)

    @cached_property
    def imports(self) -> ImportService:
        """Workbooks in and out."""
        from jzdesk.services.importing import ImportService

        return ImportService(self.context)

    @cached_property
    def lists(self) -> ListService:
        """Lists from other departments."""
        from jzdesk.services.lists.service import ListService

        return ListService(self.context)

    @cached_property
    def exchange(self) -> ExchangeService:
        """Packages, certificates, receipts."""
        from jzdesk.services.exchange import ExchangeService

        return ExchangeService(self.context)

    @cached_property
    def merging(self) -> MergeService:
        """Taking packages in."""
        from jzdesk.services.merging import MergeService

        return MergeService(self.context)

    @cached_property
    def township(self) -> ForwardService:
        """What a township station reads and carries for its schools."""
        from jzdesk.services.forwarding import ForwardService

        return ForwardService(self.context, self.exchange)

    @cached_property
    def reporting(self) -> ReportingService:
        """Which schools report, and which do not."""
        from jzdesk.services.reporting import ReportingService

        return ReportingService(self.context, self.township)

    @cached_property
    def previewing(self) -> PreviewService:
        """What merging a package would change."""
        from jzdesk.services.merging_preview import PreviewService

        return PreviewService(self.context, self.merging)

    @cached_property
    def withdrawing(self) -> WithdrawService:
        """Taking a merged package back, and letting it return."""
        from jzdesk.services.withdrawing import WithdrawService

        return WithdrawService(self.context)

    @cached_property
    def holds(self) -> HoldService:
        """Entries that wait for the county's decision."""
        from jzdesk.services.holds import HoldService

        return HoldService(self.context)

    @cached_property
    def forks(self) -> ForkService:
        """Two stories of one device."""
        from jzdesk.services.forks import ForkService

        return ForkService(self.context, self.merging)

    @cached_property
    def county(self) -> CountyService:
        """Divisions, schools, certificates, receipts."""
        from jzdesk.services.county import CountyService

        return CountyService(self.context)

    @cached_property
    def revoking(self) -> RevokeService:
        """Devices that are trusted no longer."""
        from jzdesk.services.revoking import RevokeService

        return RevokeService(self.context)

    @cached_property
    def rotating(self) -> RotateService:
        """The county's keys."""
        from jzdesk.services.rotating import RotateService

        return RotateService(self.context)

    @cached_property
    def escrow(self) -> EscrowService:
        """The county's key on paper."""
        from jzdesk.services.escrow import EscrowService

        return EscrowService(self.context)

    @cached_property
    def clocks(self) -> ClockService:
        """Clocks that ran ahead."""
        from jzdesk.services.clocks import ClockService

        return ClockService(self.context)

    @cached_property
    def settling(self) -> SettlingService:
        """Conflicts and duplicate cases."""
        from jzdesk.services.settling import SettlingService

        return SettlingService(self.context)

    @cached_property
    def work_list(self) -> WorkListService:
        """What the last receipt asks for."""
        from jzdesk.services.worklist import WorkListService

        return WorkListService(self.context)

    @cached_property
    def slips(self) -> SlipService:
        """Receipts on paper."""
        from jzdesk.services.slips import SlipService

        return SlipService(self.context)

    @cached_property
    def home(self) -> HomeService:
        """What to do today."""
        from jzdesk.services.home import HomeService

        return HomeService(self.context, self.visits, lambda: self.reporting)
