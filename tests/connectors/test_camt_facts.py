import io
from decimal import Decimal

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
