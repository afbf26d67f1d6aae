-- name: cut_at
-- the last commit recorded at or before a moment
select coalesce(max(seq), 0) from batch where recorded <= %s

-- name: totals_until
select coalesce(sum(received), 0), coalesce(sum(posted), 0), coalesce(sum(without_effect), 0), coalesce(sum(superseded), 0),
  coalesce(sum(waiting), 0), coalesce(sum(quarantined), 0), coalesce(sum(duplicate), 0), coalesce(sum(messages), 0),
  coalesce(sum(repeated), 0), coalesce(sum(facts), 0), coalesce(max(seq), 0)
from batch where seq <= %s

-- name: ledger_hash
-- rule 30: each standing posting once, as a digest; the digests sorted. One pass over the entry log.
select encode(sha256(coalesce(string_agg(h, ''::bytea order by h), ''::bytea)), 'hex') from (
  select sha256(convert_to(p.root || E'\n' || p.entries, 'UTF8')) as h
  from posting p join batch b on b.id = p.batch where b.seq <= %s
  group by 1 having sum(p.sign) > 0
) standing

-- name: count_subjects
-- distinct roots and keys that any standing posting moves
select count(*), count(distinct root) from (
  select distinct p.root, r.value->>0
  from (
    select p.root, p.entries as entries from posting p join batch b on b.id = p.batch where b.seq <= %s
    group by p.root, p.entries having sum(p.sign) > 0
  ) p
  cross join lateral json_array_elements(p.entries::json->5) g
  cross join lateral json_array_elements(g.value->1) r
) subjects

-- name: facts_by_kind
select kind, count(*) from fact group by kind order by kind

-- name: facts_by_kind_until
select f.kind, count(*) from fact f join batch b on b.id = f.batch where b.seq <= %s group by f.kind order by f.kind

-- name: postings_until
select p.root, p.sign, p.entries from posting p join batch b on b.id = p.batch where b.seq <= %s

-- name: postings_of_until
-- by posting_root, and the primary key of their batches
select p.root, p.sign, p.entries from posting p join batch b on b.id = p.batch where p.root = any(%s) and b.seq <= %s

-- name: marks_until
select m.key, max(m.value::timestamptz) from batch b cross join lateral json_each_text(b.marks) m where b.seq <= %s group by m.key

-- name: aliases
-- one probe of the primary key per name asked for
select ref, coalesce(alias, ref) from subject where ref = any(%s)

-- name: other_names
-- names linked to a root, by link_a and link_b
select distinct x.ref from (select a as ref from link where b = any(%(refs)s) union select b from link where a = any(%(refs)s)) x order by 1

-- name: sources
-- where the versions of some statements were read
select f.identity, f.revision, f.generation, f.kind, f.happened, f.place, f.body::text, m.id, m.origin, m.line, m.byte, s.name, m.received
from fact f join message m on m.id = f.message join system s on s.id = m.system
where f.identity = any(%s) order by f.identity, f.ordinal

-- name: all_facts
select f.identity, f.revision, f.generation, f.kind, f.happened, b.recorded, s.name, m.origin, m.line, m.byte, f.place, f.message, f.body::text
from fact f join message m on m.id = f.message join system s on s.id = m.system join batch b on b.id = f.batch order by f.id

-- name: all_entries
select b.seq, b.recorded, e.root, e.sign, e.identity, e.revision, e.kind, e.account, e.side, e.key, e.quantity, e.unit, e.value, e.currency,
  e.occurred, e.booked, e.due
from entry e join batch b on b.id = e.batch order by b.seq, e.identity

-- name: quarantined
select q.id, s.name, m.origin, q.line, q.byte, q.place, q.rule, q.reason, q.next_step, q.since, q.message
from quarantine q left join message m on m.id = q.message left join system s on s.id = m.system order by q.id

-- name: quarantined_until
-- as of a commit: what had come by then and had not left; a pass over these lists and the batches
select q.id, s.name, m.origin, q.line, q.byte, q.place, q.rule, q.reason, q.next_step, q.since, q.message
from (select *, null::bigint as gone from quarantine union all select * from past_quarantine) q
join refusal r on r.id = q.id join batch b on b.id = r.batch left join batch g on g.id = q.gone
left join message m on m.id = q.message left join system s on s.id = m.system
where b.seq <= %s and (g.seq is null or g.seq > %s) order by q.id

-- name: message
select m.id, s.name, m.contract, m.origin, m.line, m.byte, m.meta::text, m.raw, m.received, m.key from message m join system s on s.id = m.system
where m.id = any(%s) order by m.id

-- name: message_ids
-- without those that a person has edited into another message, by message_key
select m.id from message m join system s on s.id = m.system where (%(system)s::text is null or s.name = %(system)s)
  and not exists (
    select from message c where c.system = m.system and c.key >= convert_to('edit ' || m.id || ' ', 'UTF8') and c.key < convert_to('edit ' || m.id || '!', 'UTF8'))
order by m.id

-- name: quarantined_message_ids
select distinct q.message from quarantine q join message m on m.id = q.message join system s on s.id = m.system
where (%(system)s::text is null or s.name = %(system)s)
  and not exists (
    select from message c where c.system = m.system and c.key >= convert_to('edit ' || m.id || ' ', 'UTF8') and c.key < convert_to('edit ' || m.id || '!', 'UTF8'))
order by 1

-- name: last_generation
select coalesce(max(generation), 0) from (select max(generation) as generation from fact union all select max(generation) from refusal) g

-- name: facts_of_messages
-- reads the whole table: only a replay asks
select identity, ordinal, generation, content, body::text, message from fact where message = any(%s) order by identity, ordinal

-- name: case_history
select case_id, at, event, quantity::text, value::text from case_event where case_id = any(%s) order by id
