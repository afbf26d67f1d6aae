from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.formats.camt import BankStatement, Fault, NotCamt, Remittance, read

HEAD = "<Acct><Id><IBAN>NL00TEST0000000001</IBAN></Id><Ccy>EUR</Ccy></Acct>"


def balance(code: str, amount: str, direction: str = "CRDT") -> str:
    return f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd></Bal>"


def entry(amount: str, direction: str = "CRDT", inside: str = "", status: str = "<Sts>BOOK</Sts>") -> str:
    return f"<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{status}{inside}</Ntry>"


def message(body: str, kind: str = "camt.053.001.08", names: str = "BkToCstmrStmt/Stmt") -> bytes:
    outer, inner = names.split("/")
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{kind}"><{outer}><{inner}><Id>S</Id>{HEAD}{body}</{inner}></{outer}></Document>'
    ).encode()


def statement(body: str) -> BankStatement:
    found = read(message(body))[0]
    assert isinstance(found, BankStatement)
    return found


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        *((f"camt.053.001.0{n}", "BkToCstmrStmt/Stmt") for n in range(2, 9)),
        ("camt.053.001.01", "BkToCstmrStmtV01/Stmt"),
        ("camt.052.001.06", "BkToCstmrAcctRpt/Rpt"),
        ("camt.054.001.04", "BkToCstmrDbtCdtNtfctn/Ntfctn"),
    ],
)
def test_versions_and_messages_are_read_alike(kind: str, names: str) -> None:
    (found,) = read(message(entry("1.50"), kind, names))

    assert isinstance(found, BankStatement)
    assert (found.account, found.entries[0].amount) == ("NL00TEST0000000001", Decimal("1.5"))


def test_a_statement_foots_when_entries_lead_from_opening_to_closing() -> None:
    body = balance("OPBD", "10.00", "DBIT") + balance("CLBD", "15.00") + entry("30.00") + entry("5.00", "DBIT")

    assert statement(body).difference == 0
    assert statement(body + entry("0.01")).difference == Decimal("-0.01")


def test_pending_entries_do_not_count_and_balances_may_be_absent() -> None:
    body = balance("OPBD", "1") + balance("CLBD", "1") + entry("9", status="<Sts><Cd>PDNG</Cd></Sts>")

    assert statement(body).difference == 0
    assert statement(entry("9")).difference is None


def test_structured_remittance_names_documents_and_amounts() -> None:
    part = (
        "<Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>INV-1</Nb></RfrdDocInf>"
        "<RfrdDocAmt><RmtdAmt Ccy='EUR'>4.00</RmtdAmt></RfrdDocAmt></Strd>"
    )
    details = (
        f"<NtryDtls><TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><Amt Ccy='EUR'>4.00</Amt>"
        f"<RltdPties><Dbtr><Nm>Nordwind</Nm></Dbtr></RltdPties><RmtInf>{part}<Ustrd>hi</Ustrd></RmtInf></TxDtls></NtryDtls>"
    )

    transaction = statement(entry("4.00", inside=details)).entries[0].transactions[0]

    assert transaction.remittance == (Remittance("INV-1", "CINV", Decimal(4), "EUR"),)
    assert (transaction.end_to_end, transaction.counterparty, transaction.text) == ("E1", "Nordwind", "hi")
    assert (transaction.amount, transaction.currency) == (Decimal(4), "EUR")


def test_an_unreadable_entry_is_a_fault_of_its_own() -> None:
    found = read(message(entry("1") + entry("one") + entry("1" * 99) + entry("2", "UP")))

    assert isinstance(found[0], BankStatement) and len(found[0].entries) == 1
    assert [one.place for one in found[1:] if isinstance(one, Fault)] == [f"Stmt[1]/Ntry[{n}]" for n in (2, 3, 4)]


BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><Document>&j;</Document>"
)


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (BILLION_LAUGHS, "camt/entities"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "camt/entities"),
        (b"<Document/>", "camt/unknown"),
        (b"", "camt/not-xml"),
        (b"{}", "camt/not-xml"),
        (b'<?xml version="1.0" encoding="nope"?><a/>', "camt/not-xml"),
        (b"<a>" * 400_000 + b"</a>" * 400_000, "camt/unknown"),
        (b"<a/>" * 1_600_000, "camt/too-long"),
        (b" " * (16 * 1024 * 1024 + 1), "camt/too-long"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[:12],
)
def test_what_is_no_bank_message_says_why(raw: bytes, rule: str) -> None:
    with pytest.raises(NotCamt) as caught:
        read(raw)
    assert caught.value.rule == rule
    assert caught.value.reason


GOOD = message(balance("OPBD", "1") + balance("CLBD", "3") + entry("2", inside="<BookgDt><Dt>2026-03-04</Dt></BookgDt>"))


@given(st.integers(0, len(GOOD)), st.integers(0, 20), st.binary(max_size=6))
def test_damaged_messages_are_read_or_refused(at: int, gone: int, new: bytes) -> None:
    try:
        read(GOOD[:at] + new + GOOD[at + gone :])
    except NotCamt as bad:
        assert bad.reason
