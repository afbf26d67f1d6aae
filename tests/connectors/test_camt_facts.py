import io
from decimal import Decimal

import pytest

from tieout.connectors import DOCUMENT_MAX, Document, Refused, System, camt
from tieout.core.facts import Fact, Refusal
from tieout.core.values import Role

BANK = System("bank", "camt", Role.BANK, timezone="Europe/Amsterdam", options={"erp_system": "sap"})


def message(*entries: str) -> bytes:
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>S</Id>'
        "<Acct><Id><IBAN>NL1</IBAN></Id><Ccy>EUR</Ccy></Acct>" + "".join(entries) + "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def entry(amount: str, direction: str = "CRDT", reference: str = "R1", text: str = "", extra: str = "") -> str:
    details = f"<NtryDtls><TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls>" if text else ""
    return (
        f"<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{extra}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>2026-03-04</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>{details}</Ntry>"
    )


def facts(raw: bytes, system: System = BANK) -> list[Fact]:
    results = list(camt.translate(Document(raw, "s.xml"), system))
    assert all(isinstance(result, Fact) for result in results)
    return [result for result in results if isinstance(result, Fact)]


def test_one_invoice_in_the_text_gets_the_whole_amount() -> None:
    (cash,) = facts(message(entry("10.00", text="your INV-42 dated 1 March, INV-42")))

    assert [(line.subject, line.value) for line in cash.lines] == [("sap/invoice/INV-42", Decimal(10))]


def test_two_invoices_in_the_text_are_never_chosen_between() -> None:
    (cash,) = facts(message(entry("10.00", text="INV-1 INV-2")))

    assert [(line.subject, line.value) for line in cash.lines] == [("bank/bank_entry/R1", Decimal(10))]
    assert cash.data["unmatched"] == "the text names 2 invoices"


def test_the_pattern_is_an_option() -> None:
    system = System("bank", "camt", Role.BANK, options={"invoice_pattern": r"\b9\d{4}\b"})

    (cash,) = facts(message(entry("10.00", text="ref 90012 thanks")), system)

    assert cash.lines[0].subject == "erp/invoice/90012"


def test_a_wrong_pattern_is_a_refusal_that_names_the_option() -> None:
    system = System("bank", "camt", Role.BANK, options={"invoice_pattern": "("})

    (result,) = camt.translate(Document(message(entry("1", text="x")), "s.xml"), system)

    assert isinstance(result, Refusal) and "invoice_pattern" in result.reason


def test_reversed_receipts_are_negative_receipts_and_reversed_payments_negative_payments() -> None:
    reversal = "<RvslInd>true</RvslInd>"
    back, returned = facts(message(entry("5", "DBIT", "A", extra=reversal), entry("7", "CRDT", "B", extra=reversal)))

    assert (back.kind, back.total) == ("CashReceived", Decimal(-5))
    assert (returned.kind, returned.total) == ("CashPaid", Decimal(-7))


def test_a_reference_used_twice_in_a_statement_stays_two_entries() -> None:
    assert [fact.number for fact in facts(message(entry("1"), entry("2"), entry("3", reference="R2")))] == [
        "R1",
        "R1-2",
        "R2",
    ]


def test_a_day_stands_at_local_midnight() -> None:
    (cash,) = facts(message(entry("1")))

    assert (cash.day, cash.happened.isoformat()) == (True, "2026-03-03T23:00:00+00:00")


def test_a_message_over_the_limit_is_refused_with_its_first_part() -> None:
    (refused,) = camt.split(io.BytesIO(b"<" * (DOCUMENT_MAX + 1)), "s.xml", BANK)

    assert isinstance(refused, Refused)
    assert refused.refusal.rule == "camt/too-long"
    assert len(refused.document.raw) < 100_000


MARKETS = System("bank", "camt", Role.BANK, options={"payouts": {"Mira Marketplace": "mira_pay"}, "payout_pattern": r"\bSETTLEMENT ([0-9]+)\b"})


def paid_out(amount: str, direction: str = "CRDT", text: str = "Settlement 17002", payer: str = "MIRA  marketplace") -> str:
    details = (
        f"<NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>{payer}</Nm></Pty></Dbtr><Cdtr><Pty><Nm>{payer}</Nm></Pty></Cdtr></RltdPties>"
        f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls>"
    )
    return (
        f"<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>2026-03-04</Dt></BookgDt><AcctSvcrRef>R1</AcctSvcrRef>{details}</Ntry>"
    )


def test_what_a_marketplace_pays_is_a_payout_of_the_settlement_it_names() -> None:
    (fact,) = facts(message(paid_out("81.50")), MARKETS)

    assert fact.kind == "PayoutReceived"
    assert [(line.subject, line.value) for line in fact.lines] == [("mira_pay/payout/17002", Decimal("81.50"))]


def test_what_a_marketplace_collects_is_a_negative_payout() -> None:
    (fact,) = facts(message(paid_out("12.00", "DBIT")), MARKETS)

    assert (fact.kind, fact.total, fact.lines[0].value) == ("PayoutReceived", Decimal(-12), Decimal(-12))


def test_a_payout_that_names_no_settlement_or_two_is_not_guessed() -> None:
    for text in ("thank you", "Settlement 17002 and settlement 17003"):
        (fact,) = facts(message(paid_out("81.50", text=text)), MARKETS)
        assert [(line.subject, line.value) for line in fact.lines] == [("bank/bank_entry/R1", Decimal("81.50"))]
        assert fact.data["unmatched"] == "the text does not name one payout"


def test_another_payer_of_a_like_text_is_no_marketplace() -> None:
    (fact,) = facts(message(paid_out("81.50", payer="Mira Tools Ltd")), MARKETS)

    assert fact.kind == "CashReceived"


def test_a_wrong_payout_pattern_is_a_refusal_that_names_the_option() -> None:
    system = System("bank", "camt", Role.BANK, options={"payouts": {"Mira Marketplace": "mira_pay"}, "payout_pattern": "("})

    (result,) = camt.translate(Document(message(paid_out("1")), "s.xml"), system)

    assert isinstance(result, Refusal) and "payout_pattern" in result.reason


ADVISED = System("bank", "camt", Role.BANK, options={"remittances": {"Big Box Inc": "edi/BIGBOX"}})


def paid_by(payer: str, end_to_end: str) -> str:
    details = (
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>{payer}</Nm></Pty></Dbtr></RltdPties>"
        "<RmtInf><Ustrd>INV-1</Ustrd></RmtInf></TxDtls></NtryDtls>"
    )
    return entry("100", extra=details)


@pytest.mark.parametrize(
    ("payer", "end_to_end", "subject"),
    [
        ("BIG BOX  inc", "T1", "edi/remittance/BIGBOX:T1"),
        ("Big Box Inc", "NOTPROVIDED", "erp/invoice/INV-1"),
        ("Small Box Inc", "T1", "erp/invoice/INV-1"),
    ],
)
def test_what_a_sender_of_remittance_advice_pays_stands_on_the_remittance(payer: str, end_to_end: str, subject: str) -> None:
    (fact,) = facts(message(paid_by(payer, end_to_end)), ADVISED)

    assert [(line.subject, line.value) for line in fact.lines] == [(subject, Decimal(100))]
