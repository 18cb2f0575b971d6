"""Paper: every form the product prints, as PDF with embedded fonts, from plain rows."""

from jzdesk.printing.fonts import missing
from jzdesk.printing.notice import NoticePupil, NoticeSheet, write_notice
from jzdesk.printing.pledge import Duty, PledgePupil, PledgeSheet, Target, write_pledges
from jzdesk.printing.preview import page_images
from jzdesk.printing.recovery import RecoverySheet, write_recovery
from jzdesk.printing.report import TableSheet, write_table
from jzdesk.printing.signoff import SignOffLine, SignOffSheet, write_sign_off
from jzdesk.printing.slip import SlipSheet, write_slip_sheet
from jzdesk.printing.table import Align, Column
from jzdesk.printing.transfer import TransferSheet, write_transfer

__all__ = [
    "Align",
    "Column",
    "Duty",
    "NoticePupil",
    "NoticeSheet",
    "PledgePupil",
    "PledgeSheet",
    "RecoverySheet",
    "SignOffLine",
    "SignOffSheet",
    "SlipSheet",
    "TableSheet",
    "Target",
    "TransferSheet",
    "missing",
    "page_images",
    "write_notice",
    "write_pledges",
    "write_recovery",
    "write_sign_off",
    "write_slip_sheet",
    "write_table",
    "write_transfer",
]
