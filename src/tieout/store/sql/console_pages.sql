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
