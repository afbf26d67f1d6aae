"""People are told by a real mail server and a real webhook: a digest rather than a flood, nothing lost when the server is away."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from analysts import join, later, not_invoiced, shown, target
from tieout.cases import act, digest, talk, telling
from tieout.cases.follow import follow
from tieout.cases.notices import Notice, keep
from tieout.policy.work import MailTable, StepTable, TeamTable, Work, WorkTable, work_of
from world import NOW, World


class Post:
    """What a mail server took."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refuses = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        if self.refuses:
            return "451 try again later"
        made = message_from_bytes(envelope.content if isinstance(envelope.content, bytes) else b"", policy=policy.default)
        assert isinstance(made, EmailMessage)
        self.letters.append(made)
        return "250 OK"

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(str(letter["To"]), str(letter["Subject"])) for letter in self.letters]


@pytest.fixture
def post() -> Iterator[tuple[Post, int]]:
    taken = Post()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(taken, hostname="127.0.0.1", port=port)
    server.start()
    yield taken, port
    server.stop()


def rules(port: int, **more: Any) -> Work:
    return work_of(WorkTable(mail=MailTable("127.0.0.1", port, "tieout@example.com"), url="https://tieout.example", **more), {}, "UTC")


CHAIN = {"default": (StepTable(30, "person"), StepTable(60, "team:lead"), StepTable(60, "team:lead", "webhook"))}


def test_a_flood_is_one_letter(world: World, post: tuple[Post, int]) -> None:
    taken, port = post
    ana, work = join(world, "ana", "analyst"), rules(port)
    join(world, "bo", "analyst")
    found = not_invoiced(world, *map(str, range(40)))
    for item in found.values():
        act.assign(world.connection, ana, [target(item)], NOW, work, to="bo")
    assert telling.tell(world.connection, work, "", NOW) == 40
    assert taken.told == [("bo@example.com", "Tieout: 40 notices: assigned by ana and more")]
    assert "https://tieout.example/exceptions/EX-" in taken.letters[0].get_content()
    act.assign(world.connection, ana, [target(shown(world, "class=SNI+")["1"])], NOW, work, to="ana")
    talk.comment(world.connection, ana, found["1"].id, "@bo look", NOW)
    assert telling.tell(world.connection, work, "", later(0.1)) == 0
    assert telling.tell(world.connection, work, "", later(0.3)) >= 1
    assert len(taken.letters) == 2


def test_a_server_that_is_away_loses_nothing(world: World, post: tuple[Post, int]) -> None:
    taken, port = post
    join(world, "ana", "analyst")
    keep(world.connection, [Notice("ana", "email", "hello", None, "something")], NOW)
    assert telling.tell(world.connection, rules(1), "", NOW) == 0
    taken.refuses = True
    assert telling.tell(world.connection, rules(port), "", later(1)) == 0
    ((_, _, many, fault),) = telling.untold(world.connection)
    assert (many, "451" in fault or "try again" in fault) == (1, True)
    taken.refuses = False
    assert telling.tell(world.connection, rules(port), "", later(2)) == 1
    assert taken.told == [("ana@example.com", "Tieout: hello")]


def test_nothing_in_a_notice_becomes_a_header(world: World, post: tuple[Post, int]) -> None:
    taken, port = post
    join(world, "ana", "analyst")
    keep(world.connection, [Notice("ana", "email", "hello\r\nBcc: all@example.com", None, "a\r\n.\r\nMAIL FROM:<x>")], NOW)
    assert telling.tell(world.connection, rules(port), "", NOW) == 1
    assert taken.letters[0]["Bcc"] is None
    assert len(taken.letters) == 1


def test_a_chain_escalates_until_somebody_acknowledges_and_again_when_that_runs_out(world: World, post: tuple[Post, int]) -> None:
    taken, port = post
    world.configuration.work = rules(
        port, chains=CHAIN, teams={"lead": TeamTable("lead@example.com"), "billing": TeamTable("billing@example.com")}, digest_minutes=0
    )
    ana = join(world, "ana", "analyst")
    not_invoiced(world, "1", "2")
    connection, work = world.connection, world.configuration.work

    def at(hours: float) -> dict[str, tuple[str, int]]:
        follow(connection, world.configuration, later(hours))
        telling.tell(connection, work, "", later(hours))
        return {number: (item.state, item.step) for number, item in shown(world, "class=SNI+").items()}

    assert at(0.4) == {"1": ("new", 0), "2": ("new", 0)}
    assert at(0.6) == {"1": ("escalating", 1), "2": ("escalating", 1)}
    act.acknowledge(connection, ana, [target(shown(world, "class=SNI+")["1"])], later(0.7), work)
    assert at(2) == {"1": ("ongoing", 1), "2": ("escalating", 2)}
    assert [to for to, subject in taken.told if "step 2 of default" in subject] == ["lead@example.com"]
    after = at(0.7 + work.table.acknowledge_hours + 0.1)
    assert after["1"] == ("escalating", 2)
    item = shown(world, "class=SNI+")["1"]
    assert item.acknowledged is None
    escalated = [event.detail for event in talk.history(connection, ana, item.id) if event.event == "escalated"]
    assert [detail["lapsed"] for detail in escalated] == [True, False]


def test_a_webhook_is_told_and_its_refusal_kept(world: World) -> None:
    bodies: list[dict[str, Any]] = []
    answers = [500, 200]

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0))
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        work = rules(1, teams={"lead": TeamTable("", f"http://127.0.0.1:{server.server_port}/hook")})
        keep(world.connection, [Notice("team:lead", "webhook", "step 1", 7, "EX-7: late")], NOW)
        assert telling.tell(world.connection, work, "", NOW) == 0
        assert telling.untold(world.connection)[0][3] == "the webhook answered 500"
        assert telling.tell(world.connection, work, "", later(1)) == 1
    finally:
        server.shutdown()
        server.server_close()
    assert bodies[1]["notices"] == [{"subject": "step 1", "text": "EX-7: late", "exception": "EX-7"}]
    assert "EX-7: late" in bodies[1]["text"]


def test_the_daily_digest_has_the_figures_of_the_lists_and_goes_once(world: World, post: tuple[Post, int]) -> None:
    taken, port = post
    work = rules(port, digest_at="07:00")
    ana = join(world, "ana", "analyst")
    join(world, "edi", "analyst", scopes={"channel": ["edi"]})
    found = not_invoiced(world, "1", "2", "3<b>")
    act.assign(world.connection, ana, [target(found["1"])], NOW, work, to="ana")
    made = digest.figures(world.connection, ana, NOW)
    everything = shown(world)
    assert (made.all.many, made.mine.many) == (sum(made.all.by_class.values()), 1)
    assert everything
    assert digest.send_due(world.connection, work, "", NOW.replace(hour=6)) == 0
    assert digest.send_due(world.connection, work, "", NOW.replace(hour=7)) == 2
    assert digest.send_due(world.connection, work, "", NOW.replace(hour=8)) == 0
    by_person = {str(letter["To"]): letter for letter in taken.letters}
    html = by_person["ana@example.com"].get_body(("html",))
    assert html is not None
    content = html.get_content()
    assert f"{made.all.many:,}</td>" in content
    assert "<b>" not in content.replace("<body", "")
    assert f"{made.all.many:,} open" in str(by_person["ana@example.com"]["Subject"])
    assert "0 open" in str(by_person["edi@example.com"]["Subject"])
    assert digest.send_due(world.connection, work, "", NOW.replace(hour=7) + timedelta(days=1)) == 2
