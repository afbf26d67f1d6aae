-- name: due_roots
-- by wake_at; whether the root still plans this look is for whoever holds the root to say
with gone as (delete from wake where feed = %s and at <= %s returning root, at)
select g.root, g.at from gone g join subject s on s.ref = g.root where s.alias is null and s.wake <> '{}'

-- name: look_alone
-- held to the commit, in this schema: a second look waits and then finds the cases of the first
select pg_advisory_xact_lock(hashtextextended(current_schema() || '/look', 0))

-- name: wake_feeds
-- a loose index scan: one probe per feed name
with recursive f as (
  (select feed from wake order by feed limit 1)
  union all
  select (select w.feed from wake w where w.feed > f.feed order by w.feed limit 1) from f where f.feed is not null
)
select feed from f where feed is not null

-- name: open_roots
-- the whole table, for reports and after a change of settings
select ref from subject where alias is null and (net <> '{}' or cases > 0) order by ref

-- name: cases_of_roots
select case_id, root, quantity::text, value::text, state, due, hint, episodes, owed_by, team, since from case_ where root = any(%s)

-- name: insert_cases
insert into case_ (case_id, code, account, side, root, key, quantity, value, worth, since, due, owed_by, team, state, hint, notes, opened, closed, episodes)
select case_id, code, account, side, root, key, quantity::json, value::json, worth, since, due, owed_by, team, state, hint, notes::json, opened, null, 1
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::numeric[], %s::timestamptz[],
  %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
  as u(case_id, code, account, side, root, key, quantity, value, worth, since, due, owed_by, team, state, hint, notes, opened)
on conflict (case_id) do update set quantity = excluded.quantity, value = excluded.value, worth = excluded.worth, since = excluded.since,
  due = excluded.due, owed_by = excluded.owed_by, team = excluded.team, state = excluded.state, hint = excluded.hint, notes = excluded.notes,
  opened = case when case_.state = 'closed' then excluded.opened else case_.opened end,
  closed = null, episodes = case_.episodes + case when case_.state = 'closed' then 1 else 0 end

-- name: close_cases
update case_ set state = 'closed', closed = %s where case_id = any(%s)

-- name: set_case_counts
update subject s set cases = u.cases from unnest(%s::text[], %s::int[]) as u(ref, cases) where s.ref = u.ref

-- name: insert_case_events
insert into case_event (batch, id, case_id, at, event, quantity, value)
select %s, u.id, u.case_id, %s, u.event, u.quantity::json, u.value::json
from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[]) as u(id, case_id, event, quantity, value)

-- name: open_cases
-- by the partial index case_open: as many rows as are asked for, or all
select case_id, code, account, side, root, key, quantity::text, value::text, worth, since, due, owed_by, team, state, hint, notes::text, opened, episodes
from case_ where state <> 'closed' order by due, case_id limit %s

-- name: count_open_cases
select count(*) from case_ where state <> 'closed'

-- name: overdue_waiting
select identity, min(on_ref), min(reason), min(system), min(since) from waiting where since <= %s group by identity order by identity

-- name: quarantine_stamp
-- numbers are given once: another list has another count, greatest or sum; read from the primary key alone
select concat_ws(' ', count(*), max(id), sum(id)) from quarantine

-- name: quarantine_differs
-- what stands in quarantine, a place each, against the cases about it; asked only when the list is another, and only what differs comes out
with stands as (
  select distinct on (place) 'QUA ' || place as case_id, place, since, system, reason
  from (
    select q.id, q.since, left(q.reason, 300) as reason, coalesce(s.name, '') as system, concat_ws(', ', nullif(m.origin, ''),
      coalesce(nullif(q.place, ''), nullif(q.line, 0)::text, nullif(q.byte, 0)::text, nullif(q.message, 0)::text)) as place
    from quarantine q left join message m on m.id = q.message left join system s on s.id = m.system
  ) each order by place, id desc
)
select s.case_id, s.place, s.since, s.system, s.reason, c.case_id, c.root, c.quantity::text, c.value::text, c.state, c.due, c.hint, c.episodes,
  c.owed_by, c.team, c.since
from stands s full join (select * from case_ where code = 'QUA') c on c.case_id = s.case_id
where (s.case_id is null and c.state <> 'closed')
  or (s.case_id is not null and (c.case_id is null or c.state = 'closed' or c.hint <> s.reason or c.since <> s.since or c.due <> s.since))

-- name: all_conflicts
select identity, versions, since from conflict order by identity

-- name: all_overloads
select ref, links from overload order by ref

-- name: all_waiting
select identity, line, on_ref, reason, system, since from waiting order by since, identity, line

-- name: waiting_until
-- as of a commit: what had come by then and had not left; a pass over these lists and the batches
select w.identity, w.line, w.on_ref, w.reason, w.system, w.since
from (select *, null::bigint as gone from waiting union all select * from past_waiting) w
left join batch b on b.id = w.batch left join batch g on g.id = w.gone
where coalesce(b.seq, 0) <= %s and (g.seq is null or g.seq > %s) order by w.since, w.identity, w.line

-- name: technical_cases_until
-- as of a commit, by the last event each had by then; there are few of them
select c.case_id, c.code, c.account, c.side, c.root, c.key, e.quantity::text, e.value::text, c.worth, c.since, c.due, c.owed_by, c.team, 'open', c.hint,
  c.notes::text, e.at, c.episodes
from case_ c cross join lateral (
  select ce.event, ce.at, ce.quantity, ce.value from case_event ce join batch b on b.id = ce.batch
  where ce.case_id = c.case_id and b.seq <= %s order by b.seq desc, ce.id desc limit 1
) e where c.account = '' and e.event <> 'closed' order by c.due, c.case_id

-- name: technical_cases
select case_id, root, quantity::text, value::text, state, due, hint, episodes, owed_by, team, since from case_ where account = '' and code <> 'QUA'

-- name: set_wakes
update subject s set wake = u.wake from unnest(%s::text[], %s::text[]) as u(ref, wake) where s.ref = u.ref
