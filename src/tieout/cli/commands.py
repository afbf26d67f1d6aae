"""Which commands there are, in the order in which help shows them; what each does stands in the file of its noun."""

import typer

from tieout.cli import access, care, decisions, drill, imports, people, policy, reads, rehearse, serve, simulate, systems, telling, work
from tieout.cli.options import Json, before_the_command

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
policy_app = typer.Typer(help="What the decision tables of `\\[policy]` would say, tried dry.", no_args_is_help=True)
decide_app = typer.Typer(
    help="Decisions of people: links, write-offs, matches, corrections; each is a fact, and some wait for the consent of others.",
    no_args_is_help=True,
)
keys_app = typer.Typer(help="Access keys: who may send messages to `tieout serve`, and as which system.", no_args_is_help=True)
people_app = typer.Typer(help="Who may sign in to the console and the API, and what each may do and see.", no_args_is_help=True)
work_app = typer.Typer(help="The exceptions as work: whose they are, what people do with them, what waits for approval.", no_args_is_help=True)
commands_app = typer.Typer(
    help="What systems are told: where each command stands and why, and what people do about it.", invoke_without_command=True
)
systems_app = typer.Typer(help="How the way to each system is: health, backlog, pauses.", invoke_without_command=True)


@commands_app.callback()
def _list_commands(context: typer.Context, as_json: Json = False) -> None:
    if context.invoked_subcommand is None:
        telling.list_(as_json=as_json)


@systems_app.callback()
def _list_systems(context: typer.Context, as_json: Json = False) -> None:
    if context.invoked_subcommand is None:
        systems.list_(as_json=as_json)


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
    (app, "serve", serve.serve),
    (app, "worker", serve.worker),
    (app, "replay", imports.replay),
    (app, "rebuild", care.rebuild),
    (app, "rehearse", rehearse.rehearse),
    (app, "drill", drill.drill),
    (app, "simulate", simulate.simulate),
    (app, "close", care.close),
    (app, "remove", care.remove),
    (app, "dispatch", systems.dispatch),
    (commands_app, "list", telling.list_),
    (commands_app, "show", telling.show_),
    (commands_app, "approve", telling.approve),
    (commands_app, "reject", telling.reject),
    (commands_app, "retry", telling.retry),
    (commands_app, "cancel", telling.cancel),
    (work_app, "list", work.list_),
    (work_app, "show", work.show_),
    (work_app, "causes", work.causes),
    (work_app, "assign", work.assign),
    (work_app, "acknowledge", work.acknowledge),
    (work_app, "snooze", work.snooze),
    (work_app, "tag", work.tag),
    (work_app, "comment", work.comment),
    (work_app, "attach", work.attach),
    (work_app, "retry", work.retry),
    (work_app, "accept", work.accept),
    (work_app, "link", work.link),
    (work_app, "correct", work.correct),
    (work_app, "ask", work.ask),
    (work_app, "ignore", work.ignore),
    (work_app, "take-back", work.take_back),
    (work_app, "undo", work.undo),
    (work_app, "requests", work.requests),
    (work_app, "approve", work.approve),
    (work_app, "reject", work.reject),
    (work_app, "digest", work.digest_),
    (systems_app, "list", systems.list_),
    (systems_app, "pause", systems.pause),
    (systems_app, "resume", systems.resume),
    (systems_app, "test", systems.test),
    (decide_app, "link", decisions.link),
    (decide_app, "write-off", decisions.write_off),
    (decide_app, "match", decisions.match),
    (decide_app, "correct", decisions.correct),
    (policy_app, "explain", policy.explain),
    (audit_app, "verify", care.audit_verify),
    (keys_app, "add", access.add),
    (keys_app, "list", access.list_),
    (keys_app, "revoke", access.revoke),
    (people_app, "add", people.add),
    (people_app, "list", people.list_),
    (people_app, "role", people.role),
    (people_app, "scope", people.scope),
    (people_app, "password", people.password_),
    (people_app, "reset-second-factor", people.reset_second_factor),
    (people_app, "disable", people.disable),
):
    _group.command(_name)(_command)
app.add_typer(audit_app, name="audit")
app.add_typer(decide_app, name="decide")
app.add_typer(keys_app, name="keys")
app.add_typer(people_app, name="people")
app.add_typer(policy_app, name="policy")
app.add_typer(commands_app, name="commands")
app.add_typer(systems_app, name="systems")
app.add_typer(work_app, name="work")
