"""Which commands there are, in the order in which help shows them; what each does stands in the file of its noun."""

import typer

from tieout.cli import care, decisions, imports, reads, rehearse
from tieout.cli.options import before_the_command

app = typer.Typer(
    help="Tieout keeps orders, shipments, invoices, returns, stock and payouts tied out across systems.\n\n"
    "Begin with `tieout init DIR`, then `tieout import`, then `tieout report`.\n\n"
    "Exit codes: 0 done; 1 something was found wrong (check, audit); 2 the command line, a file or a setting; "
    "3 the database; 4 the ledger does not prove.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
audit_app = typer.Typer(help="Prove that the ledger was not changed behind its back.", no_args_is_help=True)
decide_app = typer.Typer(help="Decisions of people: links, write-offs, matches; each is a fact that can be withdrawn.", no_args_is_help=True)

app.callback()(before_the_command)
for _group, _name, _command in (
    (app, "init", care.init),
    (app, "check", care.check),
    (app, "import", imports.import_),
    (app, "inspect", reads.inspect),
    (app, "status", reads.status),
    (app, "report", reads.report),
    (app, "cases", reads.cases),
    (app, "explain", reads.explain),
    (app, "quarantine", reads.quarantine),
    (app, "export", reads.export),
    (app, "replay", imports.replay),
    (app, "rebuild", care.rebuild),
    (app, "rehearse", rehearse.rehearse),
    (app, "close", care.close),
    (app, "remove", care.remove),
    (decide_app, "link", decisions.link),
    (decide_app, "write-off", decisions.write_off),
    (decide_app, "match", decisions.match),
    (audit_app, "verify", care.audit_verify),
):
    _group.command(_name)(_command)
app.add_typer(audit_app, name="audit")
app.add_typer(decide_app, name="decide")
