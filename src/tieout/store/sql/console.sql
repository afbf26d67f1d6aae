-- Read models of the console. The lists are put together from the parts below: a filter that is not set is not in the statement.

-- name: exceptions_rows
-- the ids by the index of the sort (index only where no filter needs the row), then the rows of one window by primary key
select w.id, w.ref, w.version, w.kind, w.class, w.title, w.summary, w.hint, w.number, w.root, w.system, w.party, w.channel, w.warehouse, w.worth,
  w.currency, w.priced, w.due, w.since, w.state, w.team, w.person, w.priority, w.progress, w.progress_note, w.snooze_until, w.tags, w.resolved,
  w.acknowledged_by, w.cause, k.place
from (
  select w.id, row_number() over (order by {order}) as place from work w where {where} order by {order} limit %(limit)s offset %(offset)s
) k join work w on w.id = k.id
order by k.place

-- name: exceptions_by_id
-- some rows by primary key, whether they are still on the list or not
select w.id, w.ref, w.version, w.kind, w.class, w.title, w.summary, w.hint, w.number, w.root, w.system, w.party, w.channel, w.warehouse, w.worth,
  w.currency, w.priced, w.due, w.since, w.state, w.team, w.person, w.priority, w.progress, w.progress_note, w.snooze_until, w.tags, w.resolved,
  w.acknowledged_by, w.cause, case when {where} then 1 else 0 end
from work w where w.id = any(%(ids)s) and {scope}

-- name: exceptions_figures
-- one pass over the covering index (or over what the filter leaves)
select w.currency, count(*), coalesce(sum(w.worth) filter (where w.priced), 0), count(*) filter (where w.due < %(now)s), count(*) filter (where not w.priced),
  min(w.due) filter (where w.due >= %(now)s)
from work w where {where} group by w.currency order by 3 desc, 1

-- name: exceptions_more
-- what items hold in a second currency, by the small index of those that do
select m.key, sum(m.value::numeric) from work w cross join lateral json_each_text(w.more) m
where w.more is not null and m.key <> w.currency and {where} group by m.key order by 1

-- name: exceptions_ids
select w.id from work w where {where} order by {order} limit %(limit)s offset %(offset)s

-- name: exceptions_place
-- how many stand before one item in this order
select count(*) from work w, (select * from work where id = %(id)s) i where {where} and {before}

-- name: exceptions_values
-- what a filter can be set to, with how many each leaves
select w.{column}::text, count(*) from work w where {where} group by 1 order by 2 desc, 1 limit 200

-- name: exceptions_tags
select t, count(*) from work w cross join lateral unnest(w.tags) t where w.tags <> '{{}}' and {where} group by 1 order by 2 desc, 1 limit 200

-- name: exceptions_causes
-- one pass over the items, grouped by cause, day and currency without sorting them; then the causes by primary key
with item as (
  select w.cause, least(greatest(floor(extract(epoch from %(now)s - w.opened)::float8 / 86400), 0), 14)::int as day, w.currency, count(*) as many,
    sum(w.worth) filter (where w.priced) as worth, count(*) filter (where w.due < %(now)s) as late, min(w.due) as due, min(w.opened) as first,
    max(w.opened) as last, min(w.person) filter (where w.person <> '') as person, max(w.person) as other
  from work w where {where} and w.cause is not null group by 1, 2, 3
), one as (
  select cause, sum(many)::bigint as many, sum(late)::bigint as late, min(due) as due, min(first) as first, max(last) as last,
    json_object_agg(day, many) filter (where day < 14) as days, min(person) as person, max(other) as other
  from (select cause, day, sum(many)::bigint as many, sum(late) as late, min(due) as due, min(first) as first, max(last) as last, min(person) as person,
    max(other) as other from item group by 1, 2) d group by 1
), sums as (
  select cause, json_object_agg(currency, worth::text order by worth desc nulls last) filter (where currency <> '') as worth, max(worth) as most
  from (select cause, currency, sum(worth) as worth from item group by 1, 2) s group by 1
)
select c.id, c.title, c.class, c.systems, c.field, c.version, c.state, c.team, coalesce(nullif(c.person, ''), case when o.person = o.other then o.person else '' end),
  c.fixed_in, o.many, o.late, o.due, o.first, o.last, coalesce(o.days, '{{}}'), coalesce(s.worth, '{{}}'), count(*) over ()
from one o join sums s on s.cause = o.cause join cause c on c.id = o.cause
order by {order} limit %(limit)s offset %(offset)s

-- name: exception_by_ref
-- by primary key
select w.id, w.ref, w.version, w.kind, w.class, w.title, w.summary, w.hint, w.number, w.root, w.system, w.party, w.channel, w.warehouse, w.worth,
  w.currency, w.priced, w.due, w.since, w.state, w.team, w.person, w.priority, w.progress, w.progress_note, w.snooze_until, w.tags, w.resolved,
  w.acknowledged_by, w.cause, 1
from work w where w.id = %(id)s and {scope}

-- name: exception_more
-- by primary key
select w.account, w.side, w.systems, w.sku, w.entity, w.key, w.source_key, w.message, w.quantity, w.owed_at, w.opened, w.changed, w.rule, w.chain, w.step,
  w.next_step, w.acknowledged, w.snooze, w.snoozed_by, w.progress_at, w.progress_by, w.progress_key, w.episodes, w.cost_per_day, c.title, c.state,
  (select count(*) from work o where o.cause = w.cause and o.state <> 'resolved')
from work w left join cause c on c.id = w.cause where w.id = %s

-- name: exception_events
-- newest first, by work_event_work
select id, at, event, who, detail from work_event where work = %s order by id desc limit %s

-- name: exception_watchers
select person from work_watch where work = %s order by person

-- name: open_work_count
-- by the covering index
select count(*) from work w where w.state <> 'resolved' and {scope}

-- name: people_load
-- everybody who can be given work, with how much each has, by work_person
select p.login, p.name, (select count(*) from work w where w.person = p.login and w.state <> 'resolved')
from person p where p.disabled is null
  and exists (select from person_role r where r.person = p.id and r.role in ('analyst', 'engineer', 'approver'))
order by p.name, p.login

-- name: teams_load
select team, count(*) from work where state <> 'resolved' and team <> '' group by team order by team

-- name: work_numbers
-- what the palette finds by the beginning of a reference, by work_ref and work_number
(select ref, title, number, root from work w where w.ref like %(start)s and {scope} order by ref limit 8)
union all
(select ref, title, number, root from work w where w.number like %(start)s and {scope} order by number limit 8)

-- name: operations_running
select count(*) from operation where state in ('queued', 'running', 'paused')

-- name: live_events
-- by the primary key of work_event
select id, work, cause from work_event where id > %s order by id limit %s

-- name: live_newest
select coalesce(max(id), 0) from work_event

-- name: live_operations
-- by operation_open, and the few that ended of late
select o.ref, o.state, o.many, (select count(*) from operation_item i where i.operation = o.id and i.outcome <> '')
from operation o where o.state in ('queued', 'running', 'paused') or o.ended > now() - interval '10 seconds'

-- name: live_fresh
-- what was opened since an event and is on this list
select count(distinct w.id) from work_event e join work w on w.id = e.work where e.id > %(after)s and e.event in ('opened', 'reopened') and {where}

-- name: any_work
select 1 from work limit 1

-- name: exceptions_all
-- the whole list in its order, read row by row as it is written out
select w.ref, w.class, w.title, w.summary, w.state, w.progress, w.person, w.team, w.priority, w.root, w.number, w.system, w.party, w.sku, w.channel,
  w.warehouse, case when w.priced then trim_scale(w.worth)::text else '' end, w.currency, w.due, w.since, w.opened, w.tags, w.hint
from work w where {where} order by {order}

-- name: shown_cause
-- by primary key
select id, fingerprint, class, systems, field, version, party, sku, title, state, team, person, fixed_in, first_seen, last_seen, seen, merged_into,
  snooze, snooze_until, fixed_at
from cause where id = %s

-- name: cause_events
-- by work_event_cause, newest first
select at, event, who, detail from work_event where cause = %s order by id desc limit 30

-- name: account_of
-- by primary key
select account, side from work where id = %s

-- name: is_read_only
select pg_is_in_recovery() or current_setting('default_transaction_read_only') = 'on'

-- name: todo_up_to
-- counts no further than it has to
select count(*) from (select from work_todo limit %s) t
