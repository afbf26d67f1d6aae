-- name: names_of_subject
-- by link_a and link_b, two steps from the root: what a document is called in every system
select distinct x.ref from (
  select a as ref from link where b = %(root)s union select b from link where a = %(root)s
  union select m.a from link l join link m on m.b = l.b where l.a = %(root)s
  union select m.b from link l join link m on m.a = l.a where l.b = %(root)s
) x order by 1 limit 100

-- name: identities_posted
-- by posting_root and the primary key of batch: every statement that ever posted on a root, also those reversed since
select distinct p.entries::json->>0 from posting p join batch b on b.id = p.batch where p.root = %s and b.seq <= %s

-- name: statements_told
-- by fact_identity, message_id and the primary key of batch: every version of some statements
select f.id, f.identity, f.ordinal, f.revision, f.kind, f.happened, f.place, f.body::text, m.id, m.contract, m.origin, m.line, m.byte,
  m.received, s.name, b.recorded, encode(m.hash, 'hex'), octet_length(m.raw)
from fact f join message m on m.id = f.message join system s on s.id = m.system join batch b on b.id = f.batch
where f.identity = any(%s) and b.seq <= %s order by f.identity, f.ordinal

-- name: message_bytes
-- by message_id
select m.raw, encode(m.hash, 'hex'), m.contract, m.origin, s.name, m.meta::text from message m join system s on s.id = m.system where m.id = %s

-- name: waiting_on_names
-- by waiting_on: lines that name one of these documents and wait for it
select w.identity, w.line, w.on_ref, w.reason, w.system, w.since from waiting w where w.on_ref = any(%s) order by w.since limit 100

-- name: case_events_of
-- by case_root and case_event_case
select e.at, e.event, c.code, c.side, c.key from case_ c join case_event e on e.case_id = c.case_id where c.root = %s order by e.at, e.id limit 500

-- name: work_of_root
-- by work_root
select ref, class, title, summary, state, due, worth, currency, person, team from work where root = any(%s) order by state = 'resolved', due limit 100

-- name: command_events_of
-- by command_number and command_event_key
select c.key, e.at, e.event, e.who, e.detail::text
from command c join command_event e on e.key = c.key where c.subject = any(%s) order by e.id limit 500

-- name: commands_told
-- by command_number
select key, act, system, state, rule, body::text, attempt::text, created, changed, approved_by, proposed_by
from command where subject = any(%s) order by created, key limit 100

-- name: search_subjects
-- loose scans of subject's primary key, one short look per kind of reference and per partner, then one short range of each
with recursive head as (
  (select regexp_replace(ref, '^([^/]*/[^/]*/).*$', '\1') as text from subject order by ref limit 1)
  union all
  select (select regexp_replace(s.ref, '^([^/]*/[^/]*/).*$', '\1') from subject s where s.ref > left(h.text, -1) || '0' order by s.ref limit 1)
  from head h where h.text is not null
), partner as (
  select h.text, (
    select n.ref from (select s.ref from subject s where s.ref >= h.text order by s.ref limit 200) n where n.ref ~ '^[^/]*/[^/]*/[^:/]*:' order by 1 limit 1
  ) as first
  from (select text from head where text is not null and text like '%%/order/') h
), named as (
  select text, regexp_replace(first, '^([^:]*:).*$', '\1') as prefix, 1 as n from partner where first is not null
  union all
  select p.text, (
    select regexp_replace(n.ref, '^([^:]*:).*$', '\1') from (
      select s.ref from subject s where s.ref > left(p.prefix, -1) || ';' and s.ref < left(p.text, -1) || '0' order by s.ref limit 200
    ) n where strpos(n.ref, ':') > 0 order by n.ref limit 1
  ), p.n + 1 from named p where p.prefix is not null and p.n < %(partners)s
)
select distinct coalesce(f.alias, f.ref) as root, f.ref
from (select text from head where text is not null union select prefix from named where prefix is not null) h
cross join lateral (
  select s.ref, s.alias from subject s where s.ref collate "C" >= h.text || %(number)s and s.ref collate "C" < h.text || %(number)s || chr(1114111)
  order by s.ref limit %(most)s
) f
order by 2 limit %(most)s

-- name: subjects_told
-- what a list says of some roots: by posting_root, work_root and the primary key of subject
select u.root, p.first, p.last, p.customer, p.channel, p.warehouse, s.net, w.open, w.overdue, w.worth, w.currency, w.currencies
from unnest(%(roots)s::text[]) with ordinality u(root, n)
left join subject s on s.ref = u.root
left join lateral (
  select min(o.occurred) as first, max(o.occurred) as last,
    coalesce((array_agg(e->6->>'customer' order by o.occurred, e->>0) filter (where e->6->>'customer' is not null))[1],
      min(nullif(split_part(e->>0, '/', 3), ''))) as customer,
    (array_agg(e->6->>'channel' order by o.occurred, e->>0) filter (where e->6->>'channel' is not null))[1] as channel,
    (array_agg(e->6->>'warehouse' order by o.occurred, e->>0) filter (where e->6->>'warehouse' is not null))[1] as warehouse
  from posting o cross join lateral (select o.entries::json as e) j where o.root = u.root and o.sign > 0
) p on true
left join lateral (
  select count(*) as open, count(*) filter (where due < %(now)s) as overdue, sum(worth) as worth, min(currency) as currency,
    count(distinct currency) as currencies
  from work where root = u.root and state <> 'resolved'
) w on true
order by u.n

-- name: newest_subjects
-- by fact_begun, newest first: documents that a transaction can begin with, as far as they name their root themselves
select ref, happened from (
  select distinct on (f.happened, r.ref) r.ref, f.happened
  from fact f
  cross join lateral (select (f.body->>'system') || '/' || (f.body->>'type') || '/' || (f.body->>'number') as ref) r
  join subject s on s.ref = r.ref and s.alias is null
  where f.kind in ('OrderPlaced', 'OrderBooked', 'PurchaseOrdered', 'ReturnAuthorised') and f.ordinal = 1
    and f.happened < %(until)s and f.happened >= %(since)s
  order by f.happened desc, r.ref
) x limit %(most)s offset %(offset)s

-- name: subjects_of_party
-- by fact_party, newest first
select ref, happened from (
  select distinct on (f.happened, r.ref) coalesce(s.alias, s.ref) as ref, f.happened
  from fact f
  cross join lateral (select (f.body->>'system') || '/' || (f.body->>'type') || '/' || (f.body->>'number') as ref) r
  join subject s on s.ref = r.ref and s.alias is null
  where f.kind in ('OrderPlaced', 'OrderBooked', 'PurchaseOrdered', 'ReturnAuthorised') and f.ordinal = 1
    and upper(coalesce(nullif(f.body->>'customer', ''), f.body->>'partner')) = upper(%(party)s) and f.happened < %(until)s and f.happened >= %(since)s
  order by f.happened desc, r.ref
) x limit %(most)s offset %(offset)s

-- name: subjects_with_open
-- reads the sums of all open roots, which is fast enough for a link from a picture: 0.2 microseconds a byte, no sorting
select ref from subject where alias is null and net <> '{}' and net like '%%"' || %(code)s || '":%%' order by ref limit %(most)s offset %(offset)s

-- name: count_subjects_with_open
select count(*) from subject where alias is null and net <> '{}' and net like '%%"' || %(code)s || '":%%'

-- name: standing_by_account
-- one pass over the sums of all open roots; the figures of a picture, worked out once per commit
select code, is_debit, count(*) from (
  select distinct s.ref, a.key as code, a.value::text not like '-%%' as is_debit
  from subject s cross join lateral json_each(s.net::json) n cross join lateral json_each(n.value) a
  where s.alias is null and s.net <> '{}'
) x group by 1, 2

-- name: open_by_class
-- by work_counts: open exceptions of balances; each is past its deadline in the ledger
select class, count(*) from work where state <> 'resolved' group by 1

-- name: newest_commit
-- by the unique key on seq
select coalesce(max(seq), 0) from batch

-- name: quarantined_by_system
-- what could not be read, which is few
select s.name, count(*) from quarantine q join message m on m.id = q.message join system s on s.id = m.system group by 1

-- name: waiting_by_system
select system, count(*) from waiting group by 1

-- name: steps_of_system
-- by command_open and command_event_key: the newest commands of a system that are not over, and what was refused of late
select c.key, e.at, e.event, e.who, coalesce(e.detail->>'reason', e.detail->>'fault', '')
from (select key from command where system = %s order by changed desc limit 30) c join command_event e on e.key = c.key order by e.at desc, e.id desc limit 60

-- name: flow_times
-- the newest orders of a span by fact_begun, each with its postings by posting_root and its cases by case_root; bounded, and worked out aside
with begun as (
  select distinct coalesce(s.alias, s.ref) as root from (
    select (f.body->>'system') || '/' || (f.body->>'type') || '/' || (f.body->>'number') as ref
    from fact f where f.kind in ('OrderPlaced', 'OrderBooked', 'PurchaseOrdered', 'ReturnAuthorised') and f.kind = 'OrderPlaced' and f.ordinal = 1
      and f.happened >= %(since)s order by f.happened desc limit %(most)s
  ) x join subject s on s.ref = x.ref
)
select b.root, p.placed, p.shipped, p.invoiced, p.channel, p.warehouse, exists (select from case_ c where c.root = b.root)
from begun b cross join lateral (
  select min(o.occurred) filter (where e->>2 = 'OrderPlaced') as placed, max(o.occurred) filter (where e->>2 = 'Shipped') as shipped,
    min(o.occurred) filter (where e->>2 = 'Invoiced') as invoiced, coalesce((array_agg(e->6->>'channel' order by o.occurred, e->>0) filter (where e->6->>'channel' is not null))[1], '') as channel,
    coalesce((array_agg(e->6->>'warehouse' order by o.occurred, e->>0) filter (where e->6->>'warehouse' is not null))[1], '') as warehouse
  from posting o cross join lateral (select o.entries::json as e) j where o.root = b.root and o.sign > 0
) p

-- name: stock_positions
-- a range of subject's primary key
select count(*), count(*) filter (where net like '%"STK"%' or net like '%"STC"%') from subject where ref >= '*/stock/' and ref < '*/stock0' and alias is null

-- name: cases_by_day
-- one pass over what happened to the cases, worked out aside
select (at at time zone %(zone)s)::date, count(*) filter (where event in ('opened', 'reopened')), count(*) filter (where event = 'closed')
from case_event where event <> 'changed' group by 1 order by 1

-- name: closes
select recorded, period_end from close order by recorded desc limit 20

-- name: dimensions_of_work
-- loose scans are not worth it: open work has few channels and warehouses, read from work_counts
select distinct channel, warehouse from work where state <> 'resolved'

-- name: actions_told
-- backwards over action_pkey, or by action_object; a page of them
select id, at, who, action, object, detail::text from action
where (%(before)s::bigint is null or id < %(before)s) and (%(who)s::text is null or who = %(who)s)
  and (%(action)s::text is null or action = %(action)s) and (%(object)s::text is null or object = %(object)s)
  and (%(since)s::timestamptz is null or at >= %(since)s) and (%(until)s::timestamptz is null or at < %(until)s)
order by id desc limit %(most)s

-- name: action_kinds
-- of the newest ten thousand actions: enough to choose from
select distinct action from (select action from action order by id desc limit 10000) a order by 1

-- name: action_people
select distinct who from (select who from action order by id desc limit 10000) a where who <> '' order by 1

-- name: policy_changes
-- by action_object, newest first: when other rules came into force, and by whom
select at, who, detail::text from action where object = 'policy' and action = 'rules in force' order by id desc limit 20

-- name: newest_command_of
-- by command_next and command_open: the last that a system was told, whatever became of it
select body::text from command where system = %s and state <> 'held' order by created desc limit 1

-- name: traffic
-- by message_received and command_event_at: how much came from each system and went to it in each minute of a span; worked out aside
select name, way, minute, count(*) from (
  select s.name, 'in' as way, floor(extract(epoch from m.received - %(since)s::timestamptz) / 60)::int as minute
  from message m join system s on s.id = m.system where m.received >= %(since)s and m.received < %(until)s
  union all
  select c.system, 'out', floor(extract(epoch from e.at - %(since)s::timestamptz) / 60)::int
  from command_event e join command c on c.key = e.key where e.at >= %(since)s and e.at < %(until)s and e.event in ('sent', 'probed')
) x group by 1, 2, 3

-- name: errors_of_late
-- by message_received, refusal_id and command_event_at: what could not be read, and the calls that failed, by what was wrong
select name, way, what, count(*) from (
  select s.name, 'in' as way, r.rule as what
  from message m join system s on s.id = m.system join refusal r on r.message = m.id where m.received >= %(since)s and m.received < %(until)s
  union all
  select c.system, 'out', coalesce(nullif(e.detail->>'fault', ''), e.event)
  from command_event e join command c on c.key = e.key where e.at >= %(since)s and e.at < %(until)s and e.event in ('failed', 'rejected')
) x group by 1, 2, 3 order by 4 desc, 3

-- name: waiting_to_be_told
-- by command_open, a page of them: what a system has been or is to be told and has not taken
select key, coalesce(root, subject), act, state, created, coalesce(attempt->>'reason', '') from command
where system = %(system)s and state in ('queued', 'sending', 'unknown', 'held') and (created, key) > (%(after)s, %(key)s)
order by created, key limit %(most)s

-- name: repeats_told
-- by repeat_identity, message_id and the primary key of batch: what said again what was known
select r.identity, m.received, s.name, m.id, m.origin, m.line, r.place
from repeat r join message m on m.id = r.message join system s on s.id = m.system join batch b on b.id = m.batch
where r.identity = any(%s) and b.seq <= %s order by m.received, m.id limit 500
