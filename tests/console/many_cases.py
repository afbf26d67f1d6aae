"""Cases by the hundred thousand, made set-based, so that the process map can be tried at the size of two million statements."""

from datetime import datetime

from tieout.process.model import shape
from tieout.runtime.configuration import Configuration
from tieout.store.database import Database

VARIANTS = """
insert into process_variant (model, steps, digest)
select 'o2c', steps, sha256(convert_to(array_to_string(steps, '>'), 'UTF8'))
from (
  select distinct array_remove(array['OrderPlaced', case when n %% 7 = 0 then 'OrderPlaced.changed' end, case when n %% 2 = 0 then 'OrderBooked' end,
    case when n %% 3 <> 0 then 'Allocated' end, case when n %% 11 = 0 then 'Deallocated' end, case when n %% 5 <> 0 then 'Shipped' end,
    case when n %% 13 = 0 then 'OrderCancelled' end, case when n %% 17 <> 0 then 'Invoiced' end, case when n %% 19 = 0 then 'InvoiceVoided' end,
    case when n %% 23 <> 0 then 'CashReceived' end, case when n %% 29 = 0 then 'CashApplied' end], null) as steps
  from generate_series(1, %(variants)s) n
) x
"""
CASES = """
insert into process_case (model, root, variant, began, ended, waits, channel, warehouse, worth, currency)
select 'o2c', 'shop/order/SO-' || n, v.id, %(now)s::timestamptz - make_interval(mins => (n %% 130000)::int), %(now)s,
  (select coalesce(array_agg(((n * 7919 + k * 104729) %% 400000)::int order by k), '{}') from generate_series(1, cardinality(v.steps) - 1) k),
  (array['shopify', 'edi-850', 'amazon', 'phone'])[1 + n %% 4], (array['EAST', 'WEST'])[1 + n %% 2], ((n * 7919) %% 500000)::numeric / 100, 'EUR'
from generate_series(1, %(cases)s::bigint) n
join process_variant v on v.id = (select min(id) from process_variant) + (n * n %% (select count(*) from process_variant))
"""
MARK = "insert into process_mark (shape, seq, root, heard) select %(shape)s, 0, null, %(now)s"


def many_cases(database: Database, configuration: Configuration, number: int, now: datetime, variants: int = 4000) -> None:
    """So many cases of order to cash, of five statements each, in some hundred variants; the log counts as complete."""
    with database.owner() as connection:
        connection.execute(f"set search_path to {database.schema}")  # type: ignore[arg-type]
        with connection.transaction():
            connection.execute(VARIANTS, {"variants": variants})
            connection.execute(CASES, {"cases": number, "now": now})
            connection.execute(MARK, {"shape": shape(configuration.accounts), "now": now})
        connection.execute("vacuum analyze process_case")
        connection.execute("analyze process_variant")
