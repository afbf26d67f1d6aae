-- name: make_lanes
insert into lane (system, circuit) select s, %s::json from unnest(%s::text[]) as u(s) on conflict do nothing

-- name: lane_to_take
-- one row; a dispatcher that finds it locked goes on to its next lane
select system, circuit::text, filled, paused_until, paused_by, paused_why, seconds, fault, reason, fault_at, answered_at,
  resumed_by, resumed_at
from lane where system = %s for update skip locked

-- name: lane_to_change
select system, circuit::text, filled, paused_until, paused_by, paused_why, seconds, fault, reason, fault_at, answered_at,
  resumed_by, resumed_at
from lane where system = %s for update

-- name: lanes
select system, circuit::text, filled, paused_until, paused_by, paused_why, seconds, fault, reason, fault_at, answered_at,
  resumed_by, resumed_at
from lane order by system

-- name: set_lane
-- stays on its page (HOT)
update lane set circuit = %s::json, filled = %s, paused_until = %s, paused_by = %s, paused_why = %s, seconds = %s, fault = %s, reason = %s,
  fault_at = %s, answered_at = %s, resumed_by = %s, resumed_at = %s where system = %s

-- name: next_of_lanes
-- the first entry of command_next for each system
select s, (select c.next_at from command c where c.system = s and c.next_move <> 'nothing' order by c.next_at limit 1)
from unnest(%s::text[]) as u(s)

-- name: candidates
-- in the order of command_next; for each, the commands of its subject by command_root (which `offset 0` makes sure of). A command
-- waits while an earlier one of its subject, under whatever name that was decided, has not been answered
select c.key, c.root
from command c
where c.system = %(system)s and c.next_move <> 'nothing' and c.next_at <= %(now)s
  and not exists (
    select from (select system, state, created, key from command where root = c.root offset 0) e
    where e.system = c.system and e.state in ('queued', 'sending', 'unknown') and (e.created, e.key) < (c.created, c.key)
  )
order by c.next_at, c.key limit %(limit)s

-- name: to_take
-- those that may still go after the second look; their rows are locked by it already, this only makes sure
select key, body::text, attempt::text, next_move, created, request::text from command
where key = any(%s) and next_move <> 'nothing' and next_at <= %s order by key for update

-- name: set_taken
-- by the primary key; the lease runs by the database's clock, which all dispatchers share
update command c set attempt = u.attempt::json, state = u.state, next_move = u.next_move, next_at = u.next_at, changed = %s,
  fence = c.fence + 1, held_by = %s, held_until = clock_timestamp() + %s
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]) as u(key, attempt, state, next_move, next_at)
where c.key = u.key returning c.key, c.fence

-- name: commands_for_update
select key, subject, attempt::text, fence from command where key = any(%s) order by key for update

-- name: set_attempts
update command c set attempt = u.attempt::json, state = u.state, next_move = u.next_move, next_at = u.next_at, changed = %s,
  held_by = '', held_until = null
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]) as u(key, attempt, state, next_move, next_at)
where c.key = u.key

-- name: traces_of
-- only where traces are made; by posting_root and fact_identity: the newest message that had posted on the command's root when it was decided
-- and that is part of a trace
select c.key, t.parent from command c cross join lateral (
  select m.meta->>'traceparent' as parent
  from posting p join fact f on f.identity = p.entries::json->>0 join message m on m.id = f.message
  where p.root = c.root and p.sign > 0 and m.received <= c.created and m.meta->>'traceparent' is not null
  order by m.id desc limit 1
) t where c.key = any(%s)

-- name: renew_leases
update command set held_until = clock_timestamp() + %s where key = any(%s) and held_by = %s and held_until is not null returning key, fence

-- name: ended_leases
-- by command_open: those whose sender has gone
select key, fence, held_by from command where system = %s and state = 'sending' and held_until < clock_timestamp() order by key limit %s for update

-- name: raise_fences
update command set fence = fence + 1, held_by = '', held_until = null where key = any(%s)

-- name: roots_of_subjects
select u.s, coalesce(r.alias, u.s) from unnest(%s::text[]) as u(s) left join subject r on r.ref = u.s

-- name: consider_alone
select pg_try_advisory_xact_lock(%s)

-- name: lanes_with_ended_leases
-- by command_open; only what is being sent
select s from unnest(%s::text[]) as u(s)
where exists (select from command c where c.system = s and c.state = 'sending' and c.held_until < clock_timestamp())

-- name: command_to_handle
select state, hash, body::text, proposed_by, subject, account, side, number, rule, request::text from command where key = %s for update

-- name: set_approver
update command set approved_by = %s where key = %s

-- name: list_commands
-- newest first; reads what fits, for a person who asks
select key, subject, act, system, state, next_move, next_at, rule, attempt::text, created, changed, held_by, approved_by, request::text,
  (select string_agg(ask, ', ' order by id) from diversion d where d.command = command.key and ask <> '')
from command
where (%(system)s::text is null or system = %(system)s) and (%(state)s::text is null or state = %(state)s)
  and (%(subject)s::text is null or subject = %(subject)s or subject = (select alias from subject where ref = %(subject)s))
order by created desc, key limit %(limit)s

-- name: one_command
select key, subject, account, side, act, system, state, next_move, next_at, rule, body::text, because::text, attempt::text,
  encode(hash, 'hex'), fence, held_by, held_until, proposed_by, approved_by, created, changed, number, request::text
from command where key = %s

-- name: life_of
-- by command_event_key
select at, event, who, detail::text from command_event where key = %s order by id

-- name: backlogs
-- by command_open: what has not come to an end
select system, count(*) filter (where state in ('queued', 'sending')), count(*) filter (where state = 'held'),
  count(*) filter (where state = 'unknown'), count(*) filter (where state = 'accepted'), min(created) filter (where state in ('queued', 'sending', 'unknown'))
from command where state not in ('confirmed', 'cancelled', 'refused') group by system

-- name: refused_of_late
select system, count(*) from command where state = 'refused' and changed > %s group by system

-- name: to_show
select key, body::text, attempt::text, next_move, created from command where key = any(%s) order by next_at, key

-- name: command_system
select system from command where key = %s
