-- name: hold_scratch
select pg_advisory_lock(%s)

-- name: try_scratch
select pg_try_advisory_lock(%s)

-- name: leave_scratch
select pg_advisory_unlock(%s)

-- name: scratch_schemas
-- a handful of rows of a catalogue
select nspname from pg_namespace where starts_with(nspname, %s) order by nspname

-- name: messages_after
-- by message_id: one page of the history, without its bytes
select id, batch, received from message where id > %s and (%s::timestamptz is null or received <= %s) order by id limit %s

-- name: count_messages
select count(*) from message where %s::timestamptz is null or received <= %s

-- name: carried_settings
select key, value from meta where key like 'mapping:%' or key like 'replayed:%'

-- name: declared_feeds
select system, declared, last_received from feed where declared is not null

-- name: insert_system
insert into system (id, name, config) values (%s, %s, %s)

-- name: set_declared
update feed set declared = %s, last_received = %s where system = %s

-- name: take_queued
-- by command_open: what a rehearsal takes as told; history answers
update command set attempt = %s::json, state = 'accepted', next_move = 'nothing', next_at = null where state = 'queued'

-- name: cases_apart
-- both tables once, joined by their primary keys; {before} and {after} are the scratch schemas. In each: the columns of one case, or nulls.
select case_id, a.code, a.account, a.side, a.root, a.key, a.quantity::text, a.value::text, a.due, a.owed_by, a.team, a.state, a.hint,
  b.code, b.account, b.side, b.root, b.key, b.quantity::text, b.value::text, b.due, b.owed_by, b.team, b.state, b.hint
from (select * from {before}.case_ where closed is null or closed >= %(since)s) a
full join (select * from {after}.case_ where closed is null or closed >= %(since)s) b using (case_id)
order by coalesce(a.due, b.due), case_id

-- name: commands_apart
-- both tables once, joined by their primary keys
select key, a.body::text, a.rule, b.body::text, b.rule
from (select * from {before}.command where created >= %(since)s) a
full join (select * from {after}.command where created >= %(since)s) b using (key)
order by coalesce(a.created, b.created), key

-- name: roots_apart
-- one page of the roots with something open on either side
select ref from (
  (select ref from {before}.subject where alias is null and net::text <> '{{}}' and ref > %(after)s order by ref limit %(limit)s)
  union
  (select ref from {after}.subject where alias is null and net::text <> '{{}}' and ref > %(after)s order by ref limit %(limit)s)
) found order by ref limit %(limit)s

-- name: first_words_of
-- by command_event_key: why a command was issued or held
select event, detail::text from command_event where key = %s order by id limit 1

-- name: has_write_offs
-- one pass over the statements, which begin with their kind; it ends at the first
select exists (select 1 from fact where starts_with(body::text, '{"kind":"WrittenOff"'))
