-- name: diversions_of
-- by diversion_subject, in the order in which they were taken. One has served its purpose when a later command that took it is confirmed
select d.command, d.subject, d.account, d.side, d.number, d.act, d.from_system, d.from_warehouse, d.from_carrier,
  d.use_system, d.use_warehouse, d.use_carrier, d.ask, d.rule, d.at,
  exists (
    select from command c
    where c.subject = any(%(subjects)s) and c.account = d.account and c.side = d.side and c.number > d.number and c.state = 'confirmed'
      and (c.system = d.use_system or c.body->>'warehouse' = d.use_warehouse or c.body->'data'->>'carrier' = d.use_carrier)
  )
from diversion d where d.subject = any(%(subjects)s) order by d.id

-- name: insert_diversions
insert into diversion (command, subject, account, side, number, act, from_system, from_warehouse, from_carrier,
  use_system, use_warehouse, use_carrier, ask, rule, at)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[],
  %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])

-- name: waiting_to_go
-- a page of what is queued or in doubt, by command_next; whatever its next moment is
select c.key, c.root, c.body::text, c.attempt::text, c.next_move, c.created, c.next_at
from command c where c.system = %(system)s and c.next_move <> 'nothing' and (c.next_at, c.key) > (%(at)s, %(key)s)
order by c.next_at, c.key limit %(limit)s

-- name: still_waiting
-- after the second look, which has locked their rows already
select key, body::text, attempt::text, next_move, created, request::text from command
where key = any(%s) and next_move <> 'nothing' order by key for update

-- name: set_requests
update command c set request = u.request::json, rule = u.rule
from unnest(%s::text[], %s::text[], %s::text[]) as u(key, request, rule) where c.key = u.key

-- name: asked_before
-- by command_number: what was held for the same before, and was withdrawn
select key, body::text, request::text, approved_by, attempt::text from command
where subject = %s and account = %s and side = %s and number < %s and state = 'cancelled' and request is not null
order by number desc limit 1

-- name: asked_after
-- by command_number: what came in its place
select key, state from command where subject = %s and account = %s and side = %s and number > %s order by number limit 1

-- name: open_commands
-- by command_open and, of those refused, all: once after the policy was changed
select distinct root from command where state in ('queued', 'held', 'refused')

-- name: held_commands
select distinct root from command where state = 'held'

-- name: forget_customers
delete from customer_root where root = any(%s)

-- name: note_customers
insert into customer_root (customer, root, since) select * from unnest(%s::text[], %s::text[], %s::timestamptz[]) on conflict do nothing

-- name: customers_before
-- by the primary key: for each customer and root, whether the customer had another root before
select u.root, exists (
  select from customer_root c left join subject s on s.ref = c.root
  where c.customer = u.customer and (c.since, c.root) < (u.since, u.root) and coalesce(s.alias, c.root) <> u.root
) from unnest(%s::text[], %s::text[], %s::timestamptz[]) as u(customer, root, since)

-- name: fill_customers
-- reads the whole entry log: once, when a checkpoint asks for new customers for the first time
insert into customer_root (customer, root, since)
select entries::json->6->>'customer', root, min(occurred)
from (select root, entries, min(occurred) as occurred from posting group by root, entries having sum(sign) > 0) p
where entries::json->6->>'customer' <> '' group by 1, 2
on conflict (customer, root) do update set since = excluded.since

-- name: empty_customers
delete from customer_root

-- name: set_cost
insert into item_cost (identity, item, since, amount, currency) values (%s, %s, %s, %s, %s)
on conflict (identity) do update set item = excluded.item, since = excluded.since, amount = excluded.amount, currency = excluded.currency

-- name: delete_cost
delete from item_cost where identity = %s

-- name: costs_of
-- by item_cost_item
select item, since, amount, currency from item_cost where item = any(%s) order by item, since
