"""One picture per flow, laid out by Graphviz: what is said (pills) and the clearing accounts between (cards), with live balances.

The picture is derived from the accounts: debit kinds point to the account, the account points to its credit kinds. The first kind of each
side is the path of life; the others (cancellations, corrections) are drawn thin.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import pygraphviz

from tieout.core.account import ClearingAccount
from tieout.core.facts import FactType
from tieout.report.markup import grouped
from tieout.report.state import AccountSide

TITLES = {
    "order_to_cash": "Order to cash", "return_to_credit": "Return to credit", "inventory": "Inventory",
    "purchase_to_pay": "Purchase to pay", "settlement": "Settlement", "edi": "EDI",
}  # fmt: skip
AMOUNTS_MAX = 2


class Face(msgspec.Struct, frozen=True):
    """What a card says: its state and its lines, the first of them the name of the account."""

    state: str
    lines: tuple[str, ...]
    told: str


def flow_title(flow: str) -> str:
    """The name of a flow for people."""
    return TITLES.get(flow, flow.replace("_", " ").capitalize())


def words(name: str) -> str:
    """`OrderPlaced` as `Order placed`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def face(account: ClearingAccount, sides: Sequence[AccountSide]) -> Face:
    """What the card of an account shows: overdue, pending, not observed or clear, and each open side with its amounts."""
    live = [s for s in sides if s.observed]
    opened = [s for s in live if s.subjects]
    if any(s.overdue for s in opened):
        state = "overdue"
    elif opened:
        state = "pending"
    else:
        state = "clear" if live else "unobserved"
    lines, told = [], []
    for side in opened:
        short = "Dr" if side.side == "debit" else "Cr"
        lines.append(f"{short} {side.subjects:,} open" + (f", {side.overdue:,} overdue" if side.overdue else ""))
        lines.append(_amounts(side))
        told.append(f"{side.meaning}: {side.subjects:,} open, {side.overdue:,} overdue")
    if not opened:
        lines.append("nothing open" if live else "not observed")
        told.append(lines[-1])
    return Face(state, (account.name.replace("_", " "), *(line for line in lines if line)), f"{account.code}: {'; '.join(told)}")


def _amounts(side: AccountSide) -> str:
    shown = [f"{grouped(n, c)} {c}" for c, n in side.value.items()] or [f"{grouped(n, None)} {u}" for u, n in side.quantity.items()]
    return " · ".join(shown[:AMOUNTS_MAX]) + (f" +{len(shown) - AMOUNTS_MAX} more" if len(shown) > AMOUNTS_MAX else "")


def draw(flow: str, accounts: Iterable[ClearingAccount], sides: Iterable[AccountSide], facts: Mapping[str, int] | None = None) -> str:
    """The picture of one flow as inline SVG; `facts` are the numbers of statements by kind, if known."""
    members = [a for a in accounts if a.flow == flow]
    by_code: dict[str, list[AccountSide]] = {}
    for side in sides:
        by_code.setdefault(side.code, []).append(side)
    graph = pygraphviz.AGraph(directed=True, strict=False)
    graph.graph_attr.update(
        rankdir="LR", nodesep="0.22", ranksep="0.26", bgcolor="transparent", id=f"{flow}-graph", fontname="Helvetica", pad="0.05"
    )
    graph.node_attr.update(fontname="Helvetica", fontsize="12", margin="0.14,0.07", height="0.3")
    graph.edge_attr.update(arrowsize="0.6", penwidth="1.1")
    titles = _nodes(graph, flow, members, by_code, facts)
    _edges(graph, flow, members)
    text = graph.draw(format="svg", prog="dot").decode("utf-8")
    graph.close()
    told = [f.told for f in (face(a, by_code.get(a.code, [])) for a in members)]
    return _inline(text, flow, titles, told)


def _nodes(
    graph: "pygraphviz.AGraph", flow: str, members: Sequence[ClearingAccount], sides: Mapping[str, list[AccountSide]],
    facts: Mapping[str, int] | None,
) -> dict[str, str]:  # fmt: skip
    titles: dict[str, str] = {}
    main = {kind.name for a in members for kind in (*_main(a.debit), *_main(a.credit))}
    for kind in {k.name: k for a in members for k in (*a.debit, *a.credit)}.values():
        id_ = titles_id(flow, kind.name)
        known = f" · {facts[kind.name]:,}" if facts and facts.get(kind.name) else ""
        said = "said" if known or facts is None else "unsaid"
        graph.add_node(
            kind.name, id=id_, shape="box", style="rounded", **{"class": f"fact {said}" + ("" if kind.name in main else " aside")},
            label=_label([words(kind.name), f"{kind.speaker.value}{known}"]),
        )  # fmt: skip
        titles[id_] = f"{words(kind.name)}: {kind.act} ({kind.speaker.value})"
    for account in members:
        shown = face(account, sides.get(account.code, []))
        id_ = titles_id(flow, account.code)
        graph.add_node(
            account.code, id=id_, shape="box", style="filled", fillcolor="#f4f4f4", **{"class": f"card {shown.state}"},
            label=_label([f"{account.code}  {shown.lines[0]}", *shown.lines[1:]]),
        )  # fmt: skip
        titles[id_] = shown.told
    return titles


def titles_id(flow: str, name: str) -> str:
    """The id of a node: prefixed by its flow, so that pictures can share a page."""
    return f"{flow}-{name}"


def _main(kinds: Mapping[FactType, object]) -> list[FactType]:
    return list(kinds)[:1]


def _edges(graph: "pygraphviz.AGraph", flow: str, members: Sequence[ClearingAccount]) -> None:
    main = {kind.name for a in members for kind in (*_main(a.debit), *_main(a.credit))}
    number = 0
    for account in members:
        pairs = [(k, account.code, k.name, True) for k in account.debit] + [(k, k.name, account.code, False) for k in account.credit]
        for place, (kind, _, _, debit) in enumerate(pairs):
            number += 1
            first = kind in (_main(account.debit) if debit else _main(account.credit))
            tail, head = (kind.name, account.code) if debit else (account.code, kind.name)
            keep = first or (not debit and kind.name not in main)
            style = {"style": "solid"} if first else {"style": "dashed", "penwidth": "0.7", "arrowsize": "0.45"}
            graph.add_edge(
                tail, head, key=f"{account.code}{place}", id=f"{flow}-e{number}", constraint="true" if keep else "false",
                weight="4" if first else "1", **{"class": "main" if first else "aside"}, **style,
            )  # fmt: skip


def _label(lines: Sequence[str]) -> str:
    first, *rest = (html.escape(line, quote=False) for line in lines)
    small = "".join(f'<BR/><FONT POINT-SIZE="10">{line}</FONT>' for line in rest)
    return f"<<B>{first}</B>{small}>"


def _inline(text: str, flow: str, titles: Mapping[str, str], told: Sequence[str]) -> str:
    """Graphviz' document as a part of a page: no prolog, no namespaces, its own title and description, classes in place of colours."""
    text = re.sub(r"<!--.*?-->\s*", "", text[text.index("<svg") :], flags=re.DOTALL).replace("&#45;", "-")
    found = re.search(r'viewBox="([^"]+)"', text)
    box = found[1] if found else "0 0 100 100"
    width, height = (round(float(n)) for n in box.split()[2:])
    title, desc = f"{flow}-title", f"{flow}-desc"
    head = (
        f'<svg class="flow" role="img" aria-labelledby="{title} {desc}" width="{width}" height="{height}" viewBox="{box}">\n'
        f'<title id="{title}">{html.escape(flow_title(flow))}</title>\n<desc id="{desc}">{html.escape(". ".join(told))}.</desc>'
    )
    text = head + text[text.index(">") + 1 :]
    text = re.sub(r' (?:xml:space|font-family)="[^"]*"', "", text)

    def named(match: "re.Match[str]") -> str:
        return f"{match[1]}<title>{html.escape(titles[match[2]])}</title>" if match[2] in titles else match[1]

    text = re.sub(r'<g id="[^"]+" class="node.*?</g>', _centred, text, flags=re.DOTALL)
    text = re.sub(r'(<g id="([^"]+)" class="(?:node|edge|graph)[^"]*"[^>]*>)\s*<title>[^<]*</title>', named, text)
    return text.strip()


def _centred(node: "re.Match[str]") -> str:
    """Texts in the middle of their box: Graphviz sets where they start by the widths of its own font, not of the reader's."""
    shape = re.search(r' (?:d|points)="([^"]+)"', node[0])
    if shape is None:
        return node[0]
    across = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", shape[1])]
    middle = (min(across) + max(across)) / 2
    return re.sub(r'text-anchor="\w+" x="[^"]+"', f'text-anchor="middle" x="{middle:.2f}"', node[0])
