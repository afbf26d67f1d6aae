-- name: outgoing_of
-- one probe of the primary key
select command, system, sender, receiver, interchange, group_, set_, made, raw from outgoing where command = %s

-- name: next_numbers
-- one row per partner, locked until the document with these numbers is stored; stays on the page (HOT)
insert into control_number as c (sender, receiver, interchange, group_, set_) values (%(sender)s, %(receiver)s, %(first)s, %(first)s, %(first)s)
on conflict (sender, receiver) do update set
  interchange = c.interchange %% 999999999 + 1, group_ = c.group_ %% 999999999 + 1, set_ = c.set_ %% 999999999 + 1
returning interchange, group_, set_

-- name: insert_outgoing
insert into outgoing (command, system, sender, receiver, interchange, group_, set_, made, hash, raw)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- name: outgoing_numbered
-- by outgoing_number; two documents only after the numbers have begun anew
select command, system, sender, receiver, interchange, group_, set_, made, raw from outgoing
where sender = %s and receiver = %s and interchange = %s order by made desc limit 10

-- name: commands_of
-- by command_number: every command of some subjects, locked in the order of their keys
select key, subject, body::text, because::text, attempt::text, request::text, approved_by from command where subject = any(%s) order by key for update

-- name: insert_commands
-- a subject is decided about under the name it has now
insert into command (key, root, subject, account, side, number, act, system, body, hash, because, rule, attempt, state, next_move, next_at, created, changed, request)
select key, subject, subject, account, side, number, act, system, body::json, hash, because::json, rule, attempt::json, state, next_move, next_at, at, at, request::json
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[], %s::text[], %s::text[], %s::bytea[], %s::text[],
  %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[])
  as u(key, subject, account, side, number, act, system, body, hash, because, rule, attempt, state, next_move, next_at, at, request)

-- name: command_for_update
select subject, system, attempt::text, fence from command where key = %s for update

-- name: rename_roots
-- by command_number: subjects that are called otherwise now, with all commands decided under their names
update command c set root = u.root from unnest(%s::text[], %s::text[]) as u(subject, root) where c.subject = u.subject and c.root <> u.root

-- name: rename_considered
-- by the primary key: what was to be decided about is decided about under its new name, at the earliest time of all
with gone as (
  delete from consider c using unnest(%s::text[], %s::text[]) as u(subject, root) where c.root = u.subject returning u.root, c.at
)
insert into consider (root, at) select root, min(at) from gone group by root
on conflict (root) do update set at = least(consider.at, excluded.at)

-- name: insert_command_events
insert into command_event (key, at, event, who, detail)
select key, at, event, who, detail::json from unnest(%s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[]) as u(key, at, event, who, detail)

-- name: consider
insert into consider (root, at) select * from unnest(%s::text[], %s::timestamptz[])
on conflict (root) do update set at = least(consider.at, excluded.at)

-- name: considered
-- what has come due, by consider_at
select root from consider where at <= %s order by at limit %s

-- name: identities_of
-- by fact_identity: the statements about some documents, whole (the identity itself) and in scopes (after a slash)
select distinct p.document, f.identity from unnest(%s::text[]) as p(document)
cross join lateral (
  select identity from fact where identity = p.document
  union all
  select identity from fact where identity > p.document || '/' and identity < p.document || '0'
) f

-- name: end_considered
-- what is decided about now need not be again; by the primary key
delete from consider where root = any(%s) and at <= %s
