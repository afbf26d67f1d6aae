"""The pictures follow from the accounts, carry the live balances, and are safe to put into a page."""

import re
from xml.etree.ElementTree import fromstring

import msgspec

from tieout.flows import accounts
from tieout.report.picture import draw, face, words
from tieout.report.state import Ledger

ALL = list(accounts().values())


def test_every_flow_can_be_drawn_and_shows_all_its_accounts_and_kinds() -> None:
    for flow in {a.flow for a in ALL}:
        drawn = draw(flow, ALL, [])
        root = fromstring(drawn)
        assert root.tag == "svg"
        ids = [e.attrib["id"] for e in root.iter() if "id" in e.attrib]
        assert len(ids) == len(set(ids))
        assert all(i.startswith(f"{flow}-") for i in ids)
        for account in (a for a in ALL if a.flow == flow):
            assert f"{flow}-{account.code}" in ids
            assert {f"{flow}-{k.name}" for k in (*account.debit, *account.credit)} <= set(ids)
        edges = sum(len(a.debit) + len(a.credit) for a in ALL if a.flow == flow)
        assert len([i for i in ids if re.fullmatch(rf"{flow}-e\d+", i)]) == edges
        assert not re.search(r"https?://|<!|<\?|xlink|<a |<script", drawn)
        assert root[0].tag == "title"
        assert root[1].tag == "desc"


def test_cards_show_the_figures_of_the_ledger(told: Ledger) -> None:
    drawn = draw("order_to_cash", ALL, told.accounts)
    for side in told.accounts:
        if side.flow == "order_to_cash" and side.observed and side.subjects:
            late = f", {side.overdue:,} overdue" if side.overdue else ""
            assert f"{'Dr' if side.side == 'debit' else 'Cr'} {side.subjects:,} open{late}<" in drawn
    assert re.search(r'id="order_to_cash-TBK" class="node card overdue"', drawn)


def test_every_text_stands_in_the_middle_of_its_box_whatever_font_the_reader_has(told: Ledger) -> None:
    for flow in {a.flow for a in ALL}:
        for node in (g for g in fromstring(draw(flow, ALL, told.accounts)).iter("g") if g.attrib.get("class", "").startswith("node")):
            shape = next(e for e in node if e.tag in ("path", "polygon"))
            across = [float(pair.split(",")[0]) for pair in re.findall(r"-?[\d.]+,-?[\d.]+", shape.attrib.get("d") or shape.attrib["points"])]
            texts = list(node.iter("text"))
            assert len(texts) >= 2
            for text in texts:
                assert text.attrib["text-anchor"] == "middle"
                assert abs(float(text.attrib["x"]) - (min(across) + max(across)) / 2) < 0.02


def test_state_of_a_card(told: Ledger) -> None:
    account = accounts()["TBK"]
    side = next(s for s in told.accounts if s.code == "TBK" and s.side == "debit")
    assert face(account, [side]).state == "overdue"
    assert face(account, [msgspec.structs.replace(side, overdue=0)]).state == "pending"
    assert face(account, [msgspec.structs.replace(side, overdue=0, subjects=0)]).state == "clear"
    assert face(account, [msgspec.structs.replace(side, observed=False)]).state == "unobserved"


def test_a_hostile_unit_stays_text(told: Ledger) -> None:
    side = next(s for s in told.accounts if s.code == "TBK" and s.side == "debit")
    drawn = draw("order_to_cash", ALL, [msgspec.structs.replace(side, value={"<script>": "1"})])
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn
    fromstring(drawn)


def test_words() -> None:
    assert words("ReturnedToVendor") == "Returned to vendor"
