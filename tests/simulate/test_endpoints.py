"""The simulated partners over real HTTP: files byte for byte, an ERP and a warehouse that do what they are told once, also when they misbehave."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tieout.simulate.clock import DAY
from tieout.simulate.endpoints import Endpoints, serving
from tieout.simulate.live import Live
from tieout.simulate.world import World


class Clock:
    """Time that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@contextmanager
def served(live: Live, misbehave: float = 0.0) -> Iterator[str]:
    with serving(Endpoints(live.books, live, misbehave)) as url:
        yield url


def ask(url: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def everything(base: str, system: str) -> bytes:
    """All that a system has sent."""
    sent, after = b"", 0
    while names := (found := json.loads(ask(f"{base}/{system}?after={after}")[1]))["files"]:
        sent += b"".join(ask(f"{base}/{system}/{name}")[1] for name in names)
        after = found["next"]
    return sent


def test_what_partners_send_comes_as_the_worlds_time_goes_on() -> None:
    clock = Clock()
    with served(Live(World("http", 1, 30, []), clock, 1.0)) as base:
        early = everything(base, "shop")
        clock.seconds = 3 * DAY
        shop, erp, bank = (everything(base, system) for system in ("shop", "erp", "bank"))
        assert shop.startswith(early)
        assert len(shop.splitlines()) > 10
        assert b'"number":"SO1' in erp
        assert b"camt.053" in bank
        assert ask(f"{base}/nobody")[0] == 404
        assert ask(f"{base}/shop?after=x")[0] == 400


def test_who_waits_to_be_told_does_it_once_and_says_so() -> None:
    clock = Clock()
    with served(Live(World("told", 1, 30, [], is_driven=True), clock, 1.0)) as base:
        clock.seconds = DAY
        assert b"shop" not in everything(base, "erp")
        wanted = {"order": {"shop": "S1"}, "lines": [{"sku": "MUG-RED", "qty": 2, "amount": "17.98"}]}
        status, first = ask(f"{base}/erp/sales_orders", wanted, Idempotency_Key="k1")
        again = ask(f"{base}/erp/sales_orders", wanted, Idempotency_Key="k1")
        assert (status, first) == again
        number = json.loads(first)["number"]
        release = {
            "release_id": "r1",
            "order": {"system": "erp", "type": "sales_order", "number": number},
            "lines": [{"item": "MUG-RED", "quantity": "2"}],
        }
        assert ask(f"{base}/wms/releases?release_id=r1")[0] == 404
        assert ask(f"{base}/wms/releases", release)[0] == 201
        assert ask(f"{base}/wms/releases?release_id=r1")[0] == 200
        bill = {"sales_order": number, "lines": [{"sku": "MUG-RED", "qty": 2, "amount": "17.98"}]}
        assert ask(f"{base}/erp/invoices", bill, Idempotency_Key="k2")[0] == 201
        clock.seconds = 3 * DAY
        booked = [json.loads(line) for line in everything(base, "erp").splitlines() if number.encode() in line]
        invoice = "INV-" + str(int(number[2:]) + 400000)
        assert sorted((each["number"], each["lines"][0]["amount"]) for each in booked) == [(invoice, "17.98"), (number, "17.98")]
        assert len([line for line in everything(base, "wms").splitlines() if b'"shipped"' in line and number.encode() in line]) == 1


def test_what_cannot_be_understood_is_refused_with_the_reason() -> None:
    with served(Live(World("bad", 1, 1, [], is_driven=True), Clock(), 1.0)) as base:
        good = {"order": {"shop": "S1"}, "lines": [{"sku": "A", "qty": 1, "amount": "1.00"}]}
        for body, headers in (
            (good, {}), ({**good, "lines": []}, {"Idempotency_Key": "1"}), ({**good, "order": {}}, {"Idempotency_Key": "2"}), ([], {}),
            ({**good, "lines": [{"sku": "A", "qty": 1, "amount": "0.001"}]}, {"Idempotency_Key": "3"}),
            ({**good, "lines": [{"sku": "A", "qty": -1, "amount": "1"}]}, {"Idempotency_Key": "4"}),
        ):  # fmt: skip
            status, answer = ask(f"{base}/erp/sales_orders", body, **headers)
            assert status == 422, answer
            assert json.loads(answer)["title"]


def test_a_system_that_misbehaves_has_done_it_at_most_once() -> None:
    live = Live(World("moody", 1, 1, [], is_driven=True), Clock(), 1.0)
    with served(live, misbehave=0.7) as base:
        for n in range(20):
            wanted = {"order": {"shop": f"S{n}"}, "lines": [{"sku": "A", "qty": 1, "amount": "1.00"}]}
            tries = [ask(f"{base}/erp/sales_orders", wanted, Idempotency_Key=f"k{n}")[0] for _ in range(12)]
            assert set(tries) <= {201, 429, 503, 504}
            assert 201 in tries
    assert [len(live.books.made_for("booking", f"shop/order/S{n}")) for n in range(20)] == [1] * 20
