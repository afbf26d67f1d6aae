"""Open exceptions by the hundred thousand, made set-based, so that pages can be tried at size."""

from datetime import datetime

from tieout.store.database import Database

CAUSES = """
insert into cause (fingerprint, class, systems, field, version, party, sku, title, state, first_seen, last_seen, seen, changed)
select k.class || ' | ' || k.pair || ' | ' || n, k.class, k.pair, k.field, '*', 'C' || n, '*', k.title || ' · ' || k.pair || ' · customer C' || n, 'new',
  %(now)s::timestamptz - interval '9 days', %(now)s, 0, %(now)s
from (values ('SNI+', 'wms / erp', 'price', 'Shipped, not invoiced'), ('SOS+', 'erp / wms', 'unit of measure', 'Ordered, not shipped'),
  ('INP+', 'erp / bank', 'amount', 'Invoiced, not paid'), ('RNC+', 'wms / erp', 'quantity', 'Returned, not credited')) as k(class, pair, field, title),
  generate_series(1, 8) n
"""
WORK = """
insert into work (kind, source_key, class, cause, origin, state, title, summary, hint, root, key, number, account, side, system, systems, party, sku,
  channel, warehouse, quantity, worth, currency, priced, since, owed_at, opened, changed, due, team, person, priority, routed, version, search)
select 'balance', 'made/' || n, c.class, c.id, c.id, (array['new', 'new', 'ongoing', 'escalating', 'regressed'])[1 + n %% 5], split_part(c.title, ' · ', 1),
  'qty: ' || split_part(c.systems, ' / ', 1) || ' ' || (n %% 7 + 1) || ', ' || split_part(c.systems, ' / ', 2) || ' ' || (n %% 7 + 2), c.field,
  'order/made/SO-' || (200000 + n), 'SKU-' || n %% 900, 'SO-' || (200000 + n), left(c.class, 3), 'debit', split_part(c.systems, ' / ', 1), c.systems,
  c.party, 'SKU-' || n %% 900, (array['shopify', 'edi-850', 'amazon', 'phone'])[1 + n %% 4], (array['EAST', 'WEST'])[1 + n %% 2],
  json_build_object('EA', (n %% 7 + 1)::text),
  ((n::bigint * 7919) %% 500000)::numeric / 100, 'EUR', true,
  %(now)s::timestamptz - make_interval(mins => n %% 20000),
  %(now)s, %(now)s::timestamptz - make_interval(mins => n %% 20000), %(now)s,
  %(now)s::timestamptz + make_interval(mins => ((n::bigint * 104729) %% 40000)::int - 2000),
  (array['finance', 'warehouse', 'integration'])[1 + n %% 3], case n %% 6 when 0 then 'ana' when 1 then 'bo' else '' end, 1 + n %% 5, true, 1,
  array_to_tsvector(array['so-' || (200000 + n), 'sku-' || n %% 900, lower(c.party)])
from generate_series(%(first)s::int, %(last)s::int) n join cause c on c.id = (select min(id) from cause) + n %% 32
"""


def many(database: Database, number: int, now: datetime, *, first: int = 1) -> None:
    """So many open exceptions with 32 causes."""
    with database.owner() as connection:
        connection.execute(f"set search_path to {database.schema}")  # type: ignore[arg-type]
        with connection.transaction():
            if first == 1:
                connection.execute(CAUSES, {"now": now})
            connection.execute(WORK, {"now": now, "first": first, "last": first + number - 1})
        connection.execute("vacuum analyze work")
        connection.execute("analyze cause")
