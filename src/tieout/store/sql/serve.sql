-- name: insert_access_key
insert into access_key (id, name, systems, hash, created) values (%s, %s, %s, %s, %s)

-- name: access_keys
-- a handful of rows
select id, name, systems, hash, created, revoked from access_key order by created, id

-- name: revoke_access_key
update access_key set revoked = %s where id = %s and revoked is null

-- name: kept_messages
-- one probe of message_key per message
select key, id, batch, hash, received, statements from message where system = %s and key = any(%s)

-- name: first_refusals
-- by refusal_id: the ids of a batch's refusals begin with its own
select r.message, r.line, r.byte, r.place, r.rule, r.reason, r.next_step
from unnest(%s::bigint[]) b(batch)
join refusal r on r.id between b.batch << 20 and (b.batch << 20) | 1048575 and r.generation = 0
order by r.id

-- name: take_turn
-- a lock of this connection, gone with it: one process at a time does what may be done by one only
select pg_try_advisory_lock(hashtextextended(current_schema() || %s, 0))

-- name: end_turn
select pg_advisory_unlock(hashtextextended(current_schema() || %s, 0))

-- name: open_cases_by_class
select code || case side when 'debit' then '+' when 'credit' then '-' else '' end, count(*) from case_ where state <> 'closed' group by 1 order by 1

-- name: newest_migration
select max(number) from migration

-- name: polls
-- one row per polled system
select substr(key, 6), value from meta where key like 'poll:%%' order by key
