-- name: person_rows
-- by primary key or person_login_key; the rest hangs on the primary keys of its tables
select p.id, p.login, p.name, p.email,
  array(select role from person_role r where r.person = p.id order by 1),
  array(select name from person_scope s where s.person = p.id and kind = 'team' order by 1),
  array(select name from person_scope s where s.person = p.id and kind = 'channel' order by 1),
  array(select name from person_scope s where s.person = p.id and kind = 'warehouse' order by 1),
  p.zone, (select json_object_agg(currency, amount::text) from person_limit l where l.person = p.id), p.preferences,
  p.disabled, p.disabled_by, p.issuer, p.password <> '', p.vouched
from person p
where (%(ids)s::bigint[] is null or p.id = any(%(ids)s)) and (%(login)s::text is null or p.login = %(login)s)
order by p.login

-- name: insert_person
insert into person (login, name, email, zone, issuer, subject, created, changed) values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict do nothing returning id

-- name: person_vouched_for
-- by person_subject; locked, so that two sign-ins at once do not undo each other
select id from person where issuer = %s and subject = %s for update

-- name: lock_person
select id from person where id = %s for update

-- name: set_person
update person set name = %s, email = %s, vouched = %s, disabled = null, disabled_by = '', changed = %s where id = %s

-- name: set_disabled
update person set disabled = %s, disabled_by = %s, changed = %s where id = %s

-- name: set_password
update person set password = %s, changed = %s where id = %s

-- name: set_preferences
update person set preferences = %s::json, changed = %s where id = %s

-- name: set_zone
update person set zone = %s, changed = %s where id = %s

-- name: password_of
select id, password from person where login = %s and disabled is null

-- name: give_role
insert into person_role (person, role, granted_by, granted) values (%s, %s, %s, %s) on conflict do nothing

-- name: take_role
delete from person_role where person = %s and role = %s

-- name: clear_scopes
delete from person_scope where person = %s and kind = %s

-- name: give_scopes
insert into person_scope (person, kind, name) select %s, %s, n from unnest(%s::text[]) as u(n)

-- name: set_limit
insert into person_limit (person, currency, amount, set_by) values (%s, %s, %s, %s)
on conflict (person, currency) do update set amount = excluded.amount, set_by = excluded.set_by

-- name: clear_limit
delete from person_limit where person = %s and currency = %s

-- name: insert_action
-- the lock is shared by all who write and held to the end of the transaction; whoever seals waits for it
with held as materialized (select pg_advisory_xact_lock_shared(hashtextextended(current_schema() || ' actions', 0)))
insert into action (at, person, who, action, object, detail) select %s, %s, %s, %s, %s, %s::json from held

-- name: actions
-- by action_pkey, action_person or action_object, newest first
select id, at, person, who, action, object, detail from action
where (%(before)s::bigint is null or id < %(before)s) and (%(person)s::bigint is null or person = %(person)s)
  and (%(object)s::text is null or object = %(object)s) and (%(action)s::text is null or action = %(action)s)
  and (%(since)s::timestamptz is null or at >= %(since)s) and (%(until)s::timestamptz is null or at < %(until)s)
order by id desc limit %(limit)s

-- name: lock_actions
-- once nobody is writing one, no id below those read comes later
select pg_advisory_xact_lock(hashtextextended(current_schema() || ' actions', 0))

-- name: last_seal
select upto, digest from action_seal order by upto desc limit 1

-- name: seals
select upto, at, actions, digest from action_seal order by upto

-- name: actions_between
-- a range of action_pkey
select id, (extract(epoch from at) * 1000000)::bigint, person, who, action, object, detail::text from action
where id > %s and (%s::bigint is null or id <= %s) order by id

-- name: insert_seal
insert into action_seal (upto, at, actions, digest) values (%s, %s, %s, %s)

-- name: begin_login
insert into login_session (hash, person, began, seen, ends, address, agent, waits) values (%s, %s, %s, %s, %s, %s, %s, %s)

-- name: login_of
-- by primary key; the person's own tables are read by `person_rows`
select s.person, s.seen from login_session s join person p on p.id = s.person
where s.hash = %s and s.ended is null and s.ends > %s and s.seen > %s and s.waits = '' and p.disabled is null

-- name: seen_login
-- at most once a minute per sign-in; stays on its page (HOT)
update login_session set seen = %s where hash = %s and ended is null

-- name: end_login
update login_session set ended = %s where hash = %s and ended is null returning person

-- name: end_logins
-- by login_session_person
update login_session set ended = %s where person = %s and ended is null and hash <> %s

-- name: logins_of
select hash, began, seen, ends, address, agent from login_session
where person = %s and ended is null and ends > %s and seen > %s and waits = '' order by began

-- name: drop_old_logins
delete from login_session where ends < %s

-- name: make_try
insert into sign_in_try (key, tries, since) select k, 0, %s from unnest(%s::text[]) as u(k) on conflict do nothing

-- name: tries_of
-- locked in the order of the key: tries at the same time count one after the other
select key, tries, since from sign_in_try where key = any(%s) order by key for update

-- name: set_try
-- stays on its page (HOT)
update sign_in_try set tries = %s, since = %s where key = %s

-- name: forget_tries
update sign_in_try set tries = 0 where key = %s

-- name: take_back_try
update sign_in_try set tries = greatest(tries - 1, 0) where key = %s

-- name: drop_old_tries
delete from sign_in_try where since < %s

-- name: insert_person_key
insert into person_key (id, person, name, hash, roles, teams, channels, warehouses, created, ends) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- name: person_key
-- by primary key
select k.person, k.hash, k.roles, k.teams, k.channels, k.warehouses, k.used from person_key k join person p on p.id = k.person
where k.id = %(id)s and k.revoked is null and k.ends > %(now)s and p.disabled is null and (p.issuer = '' or p.vouched > %(vouched)s)

-- name: used_person_key
update person_key set used = %s where id = %s

-- name: person_keys
select id, name, roles, teams, channels, warehouses, created, ends, used, revoked from person_key where person = %s order by created, id

-- name: revoke_person_key
update person_key set revoked = %s where id = %s and person = %s and revoked is null

-- name: revoke_person_keys
update person_key set revoked = %s where person = %s and revoked is null

-- name: insert_delegation
insert into delegation (giver, taker, role, begins, ends, reason) values (%s, %s, %s, %s, %s, %s) returning id

-- name: delegations
-- a handful of rows
select d.id, g.login, t.login, d.role, d.begins, d.ends, d.reason from delegation d
join person g on g.id = d.giver join person t on t.id = d.taker
where d.withdrawn is null and d.ends > %s and g.disabled is null and t.disabled is null order by d.id

-- name: withdraw_delegation
update delegation set withdrawn = %s where id = %s and giver = %s and withdrawn is null

-- name: begin_pending
insert into sign_in_pending (state, nonce, verifier, return_to, ends) values (%s, %s, %s, %s, %s)

-- name: take_pending
-- taken by the first who comes back with it
delete from sign_in_pending where state = %s returning nonce, verifier, return_to, ends

-- name: drop_old_pending
delete from sign_in_pending where ends < %s

-- name: take_key
-- by primary key; who comes while the first is still at it waits for it
insert into answered (person, key, request, at) values (%s, %s, %s, %s) on conflict do nothing

-- name: answered
select request, status, headers, body from answered where person = %s and key = %s

-- name: set_answered
update answered set status = %s, headers = %s::json, body = %s where person = %s and key = %s

-- name: drop_answered
delete from answered where at < %s

-- name: give_key_back
delete from answered where person = %s and key = %s and status is null

-- name: second_of
-- by primary key
select secret, confirmed, step from person_second where person = %s

-- name: begin_second
-- a secret that was never confirmed may be replaced
insert into person_second (person, secret, made) values (%s, %s, %s)
on conflict (person) do update set secret = excluded.secret, made = excluded.made where person_second.confirmed is null

-- name: confirm_second
update person_second set confirmed = %s, step = %s where person = %s and confirmed is null

-- name: use_second
update person_second set step = %s where person = %s

-- name: seal_second
-- one from before secrets were sealed
update person_second set secret = %s where person = %s

-- name: drop_second
delete from person_second where person = %s

-- name: recovery_left
select count(*) from person_recovery where person = %s and used is null

-- name: give_recovery
insert into person_recovery (person, hash) select %s, h from unnest(%s::bytea[]) as u(h)

-- name: use_recovery
-- by primary key
update person_recovery set used = %s where person = %s and hash = %s and used is null

-- name: drop_recovery
delete from person_recovery where person = %s

-- name: login_that_waits
-- by primary key: a sign-in that lets nobody in yet
select s.person, s.waits from login_session s join person p on p.id = s.person
where s.hash = %s and s.ended is null and s.ends > %s and s.waits <> '' and p.disabled is null
