-- name: batch_id
select nextval('batch_id')

-- name: known_messages
-- one probe of message_key per message
select key, id, statements from message where system = %s and key = any(%s)

-- name: versions
-- one probe of fact_identity per identity; only identities met before give rows
select identity, ordinal, revision, generation, content, message from fact where identity = any(%s) order by identity, ordinal

-- name: bodies
-- whole versions of the few identities that came again
select identity, ordinal, generation, content, body::text from fact where identity = any(%s) order by identity, ordinal

-- name: subjects
-- one probe of the primary key per reference; rows are locked in the order of their names
select ref, alias, net, wake, links, cases from subject where ref = any(%s) order by ref for update

-- name: update_subjects
-- stays on the page (HOT): no indexed column changes
update subject s set alias = u.alias, net = u.net, wake = u.wake, links = u.links, cases = u.cases
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::int[]) as u(ref, alias, net, wake, links, cases)
where s.ref = u.ref

-- name: postings_of
-- all postings and reversals of some roots, by posting_root
select root, sign, entries from posting where root = any(%s)

-- name: links_near
-- by link_a and link_b
select a, b from link where a = any(%(refs)s) union select a, b from link where b = any(%(refs)s)

-- name: links_of
select identity, a, b from link where identity = any(%s)

-- name: delete_links
delete from link where identity = any(%s)

-- name: waiting_on
select distinct identity from waiting where on_ref = any(%s)

-- name: waiting_of
select distinct identity from waiting where identity = any(%s)

-- name: end_waiting
-- by waiting_identity; what came in the same batch leaves no trace
with gone as (delete from waiting where identity = any(%s) returning *)
insert into past_waiting select gone.*, u.batch from gone join (select %s::bigint) as u(batch) on u.batch <> gone.batch

-- name: insert_waiting
insert into waiting (identity, line, on_ref, reason, system, since, batch)
select u.*, %s from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]) as u

-- name: end_quarantine_of
-- by quarantine_identity
with gone as (delete from quarantine where identity = any(%s) returning *)
insert into past_quarantine select gone.*, %s from gone

-- name: end_quarantine_of_message
-- by quarantine_message
with gone as (delete from quarantine where message = %s and identity is null returning *)
insert into past_quarantine select gone.*, %s from gone

-- name: insert_quarantine
insert into quarantine (id, identity, message, line, byte, place, rule, reason, next_step, since)
select * from unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])

-- name: insert_refusals
insert into refusal (batch, id, message, generation, line, byte, place, rule, reason, next_step)
select * from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])

-- name: refusal_rows
select id, message, generation, line, byte, place, rule, reason, next_step from refusal where batch = %s order by id

-- name: delete_conflicts
delete from conflict where identity = any(%s)

-- name: insert_conflicts
insert into conflict (identity, versions, since)
select * from unnest(%s::text[], %s::int[], %s::timestamptz[])

-- name: set_overloads
insert into overload (ref, links) select * from unnest(%s::text[], %s::int[])
on conflict (ref) do update set links = excluded.links

-- name: delete_overloads
delete from overload where ref = any(%s)

-- name: listings
select prefix, instant, numbers::text from listed

-- name: delete_listing
delete from listed where identity = %s

-- name: insert_listing
insert into listed (identity, prefix, instant, numbers) values (%s, %s, %s, %s)
on conflict (identity) do update set prefix = excluded.prefix, instant = excluded.instant, numbers = excluded.numbers

-- name: identities_under
select distinct identity from fact where identity >= %s and identity < %s

-- name: set_reference
insert into reference (identity, kind, item, valid_from, body) values (%s, %s, %s, %s, %s)
on conflict (identity) do update set item = excluded.item, valid_from = excluded.valid_from, body = excluded.body

-- name: delete_reference
delete from reference where identity = %s

-- name: references
select body::text from reference order by identity

-- name: reference_version
select coalesce((select value::int from meta where key = 'reference_version'), 0)

-- name: in_force
-- what another process may have changed since the last batch: the version of the reference data, and how far the books are closed
select coalesce((select value::int from meta where key = 'reference_version'), 0), (select max(period_end) from close)

-- name: identities_with_item
-- reads the whole table: reference data changes rarely, and then its users must be found
select distinct identity from fact where strpos(body::text, %s) > 0

-- name: claims
select record, decision, revision from claim where record = any(%s)

-- name: set_claim
insert into claim (record, decision, revision) values (%s, %s, %s)
on conflict (record) do update set decision = excluded.decision, revision = excluded.revision

-- name: delete_claim
delete from claim where decision = %s

-- name: end_refused_claim
-- by quarantine_identity
with gone as (delete from quarantine where identity = %s and rule = 'match.claim' returning *)
insert into past_quarantine select gone.*, %s from gone

-- name: meta
select value from meta where key = %s

-- name: set_meta
insert into meta (key, value) values (%s, %s) on conflict (key) do update set value = excluded.value

-- name: forget_meta
delete from meta where key = %s

-- name: set_feeds
insert into feed (system, watermark, declared, last_received, messages)
select * from unnest(%s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::bigint[])
on conflict (system) do update set
  watermark = greatest(feed.watermark, excluded.watermark),
  declared = greatest(feed.declared, excluded.declared),
  last_received = greatest(feed.last_received, excluded.last_received),
  messages = feed.messages + excluded.messages

-- name: feeds
select system, greatest(watermark, declared), last_received, messages from feed order by system

-- name: last_batch
select seq, digest, recorded from batch order by seq desc limit 1

-- name: insert_batch
insert into batch (id, seq, recorded, what, received, posted, without_effect, superseded, waiting, quarantined, duplicate, messages, repeated, facts, marks, rows_digest, digest)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- name: last_close
select period_end, cut from close order by period_end desc limit 1

-- name: insert_close
insert into close (batch, period_end, cut, recorded, who) values (%s, %s, %s, %s, %s)

-- name: systems
select id, name, config::text from system order by id

-- name: set_system
insert into system (id, name, config) values ((select coalesce(max(id), 0) + 1 from system), %s, %s)
on conflict (name) do update set config = excluded.config returning id

-- name: totals
select coalesce(sum(received), 0), coalesce(sum(posted), 0), coalesce(sum(without_effect), 0), coalesce(sum(superseded), 0),
  coalesce(sum(waiting), 0), coalesce(sum(quarantined), 0), coalesce(sum(duplicate), 0), coalesce(sum(messages), 0),
  coalesce(sum(repeated), 0), coalesce(sum(facts), 0)
from batch

-- name: insert_repeats
insert into repeat (identity, message, place) select * from unnest(%s::text[], %s::bigint[], %s::text[])
