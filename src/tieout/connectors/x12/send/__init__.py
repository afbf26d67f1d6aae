"""X12 out: a command becomes one interchange with one transaction set, written whole or not at all."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import msgspec

from tieout.connectors import Address, Numbers, System
from tieout.connectors.x12.send.acknowledgment import acknowledgment
from tieout.connectors.x12.send.draft import Draft, Unsendable
from tieout.connectors.x12.send.invoice import invoice
from tieout.connectors.x12.send.notice import ship_notice
from tieout.connectors.x12.send.orders import order_answer, purchase_order
from tieout.connectors.x12.send.partner import Partner, partner_of
from tieout.connectors.x12.send.warehouse_order import warehouse_order
from tieout.core.command import Act, Command, Rejected
from tieout.core.values import Role
from tieout.formats.x12 import Envelope, GroupDraft, Row, SetDraft, Unwritable, write

CUSTOMERS = (Role.PARTNER, Role.CHANNEL, Role.MARKETPLACE)


class Form(msgspec.Struct, frozen=True):
    """Which set an act is written as, its functional group, and what kind of system takes it (any, if none is named)."""

    code: str
    functional: str
    rows: Callable[[Draft], list[Row]]
    roles: tuple[Role, ...] = ()


FORMS = {
    Act.BOOK_ORDER: Form("850", "PO", purchase_order, (Role.VENDOR, Role.PARTNER)),
    Act.ACKNOWLEDGE_ORDER: Form("855", "PR", order_answer, CUSTOMERS),
    Act.RELEASE_SHIPMENT: Form("940", "OW", warehouse_order, (Role.WMS,)),
    Act.ANNOUNCE_SHIPMENT: Form("856", "SH", ship_notice, CUSTOMERS),
    Act.SEND_INVOICE: Form("810", "IN", invoice, CUSTOMERS),
    Act.ACKNOWLEDGE_GROUP: Form("997", "FA", acknowledgment),
}
"""What is sent for which act. To a vendor or partner, booking an order means: order there."""


def address(command: Command, system: System) -> Address | Rejected:
    """Us and the partner, whose control numbers the document takes."""
    try:
        _form(command, system)
        partner = partner_of(command, system)
    except Unsendable as lack:
        return Rejected(str(lack))
    return Address(partner.sender, partner.receiver, partner.first)


def document(command: Command, system: System, numbers: Numbers) -> bytes | Rejected:
    """The interchange for a command, or why it cannot be written. Pure; the same numbers give the same bytes."""
    try:
        form = _form(command, system)
        partner = partner_of(command, system)
        made = numbers.made.astimezone(ZoneInfo(system.timezone))
        rows = form.rows(Draft(command, system, partner, made))
        group = GroupDraft(form.functional, numbers.group, (SetDraft(form.code, numbers.set, tuple(rows)),))
        return write(_envelope(partner, numbers), [group], made)
    except Unsendable as lack:
        return Rejected(str(lack))
    except Unwritable as bad:
        return Rejected(f"{bad.fault.place}: {bad.fault.reason} {bad.fault.next_step}")


def _envelope(partner: Partner, numbers: Numbers) -> Envelope:
    return msgspec.structs.replace(partner.envelope, control=numbers.interchange)


def _form(command: Command, system: System) -> Form:
    form = FORMS.get(command.act)
    if form is None:
        known = ", ".join(sorted(FORMS))
        raise Unsendable(f"There is no X12 set for {command.act}.", f"A partner can be sent: {known}.")
    if form.roles and system.role not in form.roles:
        wanted = " or ".join(form.roles)
        what = f"{command.act} is a {form.code}, which goes to a system with the role {wanted}; {system.name} is {system.role}."
        raise Unsendable(what, "Send it to another system, or correct the role in the settings.")
    return form
