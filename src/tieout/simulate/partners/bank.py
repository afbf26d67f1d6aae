"""The bank: one statement (camt.053) for each evening, with an entry for every payment and what it says it is for."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from xml.sax.saxutils import escape

from tieout.simulate.clock import local
from tieout.simulate.paper import Paper, money
from tieout.simulate.partners import File
from tieout.simulate.wire import stamp

SYSTEMS = ("bank",)
ACCOUNT = "071000013-4410"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>\n'


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """A statement for each moment at which the bank sends one; what it sends again stands in another."""
    for sent, found in groupby(sorted(papers, key=_sent), key=_sent):
        entries = list(found)
        name = f"statement-{stamp(sent)}.xml"
        for paper in entries:
            paper.origin = name
        yield File(name, _statement(entries, sent))


def _sent(paper: Paper) -> int:
    return paper.delivered


def _statement(papers: Sequence[Paper], at: int) -> bytes:
    made, day = local(at).isoformat(), local(at).date().isoformat()
    total = sum(_amount(paper) for paper in papers)
    number = f"{stamp(at)}-{papers[0].number}"
    parts = [
        HEAD,
        f"<GrpHdr><MsgId>{number}</MsgId><CreDtTm>{made}</CreDtTm></GrpHdr>\n",
        f"<Stmt><Id>{number}</Id><CreDtTm>{made}</CreDtTm><Acct><Id><Othr><Id>{ACCOUNT}</Id></Othr></Id><Ccy>USD</Ccy></Acct>\n",
        _balance("OPBD", 10_000_000, day),
        _balance("CLBD", 10_000_000 + total, day),
        *(_entry(paper) for paper in papers),
        "</Stmt></BkToCstmrStmt></Document>\n",
    ]
    return "".join(parts).encode()


def _balance(code: str, cents: int, day: str) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="USD">{money(cents)}</Amt>'
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
    )


def _amount(paper: Paper) -> int:
    return sum(line.value or 0 for line in paper.lines)


def _entry(paper: Paper) -> str:
    """One entry; it names the invoices it pays one by one, or in a free text, or not at all."""
    amount, way, day = money(abs(_amount(paper))), "CRDT" if _amount(paper) >= 0 else "DBIT", local(paper.happened).date().isoformat()
    named = "".join(
        f"<Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>{number}</Nb></RfrdDocInf>"
        f'<RfrdDocAmt><RmtdAmt Ccy="USD">{money(cents)}</RmtdAmt></RfrdDocAmt></Strd>'
        for number, cents in paper.more.get("invoices", ())
    )
    party = "Dbtr" if way == "CRDT" else "Cdtr"
    text = paper.more.get("text", "")
    told = named or (f"<Ustrd>{escape(text)}</Ustrd>" if text else "")
    remittance = f"<RmtInf>{told}</RmtInf>" if told else ""
    return (
        f'<Ntry><Amt Ccy="USD">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt>'
        f"<ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{paper.number}</AcctSvcrRef><NtryDtls><TxDtls>"
        f'<Refs><EndToEndId>{escape(paper.more.get("end_to_end", "NOTPROVIDED"))}</EndToEndId></Refs><Amt Ccy="USD">{amount}</Amt>'
        f"<RltdPties><{party}><Pty><Nm>{escape(paper.more['from'])}</Nm></Pty></{party}></RltdPties>{remittance}</TxDtls></NtryDtls></Ntry>\n"
    )
