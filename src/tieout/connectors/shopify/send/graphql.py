"""One question to the GraphQL Admin API and its answer, with every way in which it is none; and Shopify's ids."""

from collections.abc import Generator, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from tieout.connectors import Secrets, System
from tieout.connectors.json_replies import Ended, answer, body, check_status, is_page, shown
from tieout.core.command import Call, Command, Failed, Rejected, Reply
from tieout.core.values import Ref, exact, plain, ref, ref_parts

API_VERSION = "2026-04"
TOKEN = "access_token"  # noqa: S105 (the name of a secret, not one)
NOTE_MAX = 255
T = TypeVar("T")


class Camel(msgspec.Struct, frozen=True, rename="camel"):
    """A part of an answer."""


class Throttle(Camel, frozen=True):
    """What is left of the shop's allowance, in points."""

    currently_available: Decimal = Decimal(0)
    restore_rate: Decimal = Decimal(0)


class Cost(Camel, frozen=True):
    """What a query costs, in points."""

    requested_query_cost: Decimal | None = None
    throttle_status: Throttle = Throttle()


class Extensions(Camel, frozen=True):
    """What comes beside an answer or an error."""

    code: str = ""
    cost: Cost | None = None


class GraphError(Camel, frozen=True):
    """An error of the whole query."""

    message: str = ""
    extensions: Extensions = Extensions()


class Answer(Camel, frozen=True):
    """The body of every answer."""

    data: msgspec.Raw = msgspec.Raw()
    errors: tuple[GraphError, ...] = ()
    extensions: Extensions = Extensions()


class UserError(Camel, frozen=True):
    """What Shopify does not accept about a mutation, inside a 200."""

    message: str
    field: tuple[str, ...] | None = None
    code: str | None = None


class Money(Camel, frozen=True):
    """An amount in the shop's currency."""

    amount: Decimal
    currency_code: str


class MoneySet(Camel, frozen=True):
    """An amount; what the customer saw (presentment) is not read."""

    shop_money: Money


class Id(Camel, frozen=True):
    """An object known by its id alone."""

    id: str


class Page(Camel, frozen=True):
    """Where a page of a list ends."""

    has_next_page: bool = False
    end_cursor: str | None = None


_answers = msgspec.json.Decoder(Answer)


class Shop:
    """A shop and how to ask it."""

    def __init__(self, system: System, secrets: Secrets) -> None:
        url = str(system.options.get("url") or "").rstrip("/")
        if not url.startswith(("https://", "http://")):
            raise Ended(Rejected(f"The address of {system.name} is not known: set the option `url`, such as https://cupline.myshopify.com."))
        if not secrets.get(TOKEN):
            raise Ended(Failed("credentials", f"There is no access token for {system.name}: set the secret `{TOKEN}`."))
        version = str(system.options.get("api_version") or API_VERSION)
        self.system = system
        self.url = f"{url}/admin/api/{version}/graphql.json"
        self.headers = {"content-type": "application/json", "accept": "application/json", "x-shopify-access-token": secrets[TOKEN]}

    def ask(self, query: str, type_: type[T], variables: Mapping[str, Any], *, writes: bool = False) -> Generator[Call, Reply, T]:
        """The typed data of one query. Raises Ended with what stands in its way."""
        text = body({"query": query, "variables": variables})
        reply = yield Call("POST", self.url, self.headers, text, writes=writes)
        check_status(reply, wrote=writes)
        if reply.status != 200:
            raise Ended(_refused(reply))
        found = answer(reply, _answers, wrote=writes)
        if found.errors:
            raise Ended(_failed(found, wrote=writes))
        raw = msgspec.structs.replace(reply, body=bytes(found.data) or b"null")
        return answer(raw, msgspec.json.Decoder(type_), wrote=writes)

    @property
    def notifies(self) -> bool:
        """Whether the shop writes to its customers about what we do."""
        return bool(self.system.options.get("notify_customers", False))

    def location(self, warehouse: str) -> str:
        """The id of the shop's location that a warehouse is, if the settings say it."""
        known = self.system.options.get("locations")
        return gid("Location", str(known[warehouse])) if isinstance(known, Mapping) and warehouse in known else ""

    def reference(self, type_: str, id_: str) -> Ref:
        """A document of the shop, by the number at the end of its id."""
        return ref(self.system.name, type_, id_.rsplit("/", 1)[-1])


def gid(type_: str, number: str) -> str:
    """A global id such as `gid://shopify/Order/450789469`."""
    return number if number.startswith("gid://") else f"gid://shopify/{type_}/{number}"


def order_id(shop: Shop, command: Command) -> str:
    """The order's id, which the crosswalk links to its number."""
    ids = set()
    for reference in (command.group, *command.references, *(line.subject for line in command.lines)):
        owner, type_, number = ref_parts(reference)
        if owner == shop.system.name and type_ == "order_id":
            ids.add(number)
    if len(ids) != 1:
        said = f"several orders of {shop.system.name}" if ids else f"no order id of {shop.system.name}"
        raise Ended(Rejected(f"The command names {said}; it must name one. See which order it is about and issue it anew."))
    return gid("Order", ids.pop())


def quantities(command: Command) -> dict[str, int]:
    """Units per order line (by its id) of the command's goods, as its content says if it has any. Shopify counts in whole units."""
    found: dict[str, int] = {}
    for line in command.content or command.lines:
        if line.charge:
            continue
        quantity = line.quantity if line.quantity is not None else Decimal(0)
        if quantity <= 0 or quantity != quantity.to_integral_value():
            raise Ended(Rejected(f"Line {line.line} has the quantity {plain(quantity)}; Shopify takes whole units above zero."))
        if not line.order_line.isdigit():
            raise Ended(Rejected(f"Line {line.line} names the order line {line.order_line!r}, not one of Shopify's line ids."))
        key = gid("LineItem", line.order_line)
        found[key] = found.get(key, 0) + int(quantity)
    return found


def final(lines: Mapping[str, int]) -> dict[str, Decimal]:
    """Quantities by line id, as the outcome of a command states them."""
    return {key.rsplit("/", 1)[-1]: exact(count) for key, count in lines.items()}


def differences(what: str, meant: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    """Line by line, what is there other than it was meant."""
    keys = sorted(meant.keys() | found.keys())
    wrong = [key for key in keys if meant.get(key, 0) != found.get(key, 0)]
    return [f"{what} of line {key.rsplit('/', 1)[-1]}: {meant.get(key, 0)} meant, {found.get(key, 0)} found" for key in wrong]


def check(errors: tuple[UserError, ...]) -> None:
    """Raise Ended with Shopify's own words, if there are any."""
    if errors:
        said = (f"{'.'.join(error.field)}: {error.message}" if error.field else error.message for error in errors)
        raise Ended(Rejected("; ".join(said)))


def _refused(reply: Reply) -> Rejected | Failed:
    if is_page(reply) or reply.status == 404:
        return Failed("status", f"HTTP {reply.status}: {shown(reply)}; check `url` in the settings.")
    return Rejected(f"HTTP {reply.status}: {shown(reply)}")


def _failed(found: Answer, *, wrote: bool) -> Rejected | Failed:
    """The first error that says what to do: wait, correct the credentials, or try again; else all of them verbatim."""
    said = "; ".join(error.message for error in found.errors)
    codes = {error.extensions.code for error in found.errors}
    if "THROTTLED" in codes:
        return Failed("rate-limit", said, retry_after=_wait(found))
    if "ACCESS_DENIED" in codes:
        return Failed("credentials", said)
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        return Failed("status", said, in_doubt=wrote)
    return Rejected(said)


def _wait(found: Answer) -> float | None:
    """Seconds until the allowance covers the query."""
    cost = found.extensions.cost
    if cost is None or cost.requested_query_cost is None or cost.throttle_status.restore_rate <= 0:
        return None
    lacking = cost.requested_query_cost - cost.throttle_status.currently_available
    return float(max(lacking, Decimal(0)) / cost.throttle_status.restore_rate)
