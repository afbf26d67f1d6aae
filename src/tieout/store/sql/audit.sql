-- name: reading_plans
-- a writer's plans are pinned to index lookups; what reads whole tables is better off without, to the end of its transaction
set local enable_seqscan = on; set local enable_hashjoin = on; set local enable_mergejoin = on

-- name: batches_after
-- a page of batches in the order of their commits, by the unique key on seq
select id, seq, recorded, what, received, posted, without_effect, superseded, waiting, quarantined, duplicate, messages, repeated, facts,
  marks::text, rows_digest, digest from batch where seq > %s order by seq limit %s

-- name: refusals_between
-- the refusals of some commits, batch by batch; one pass over the table
select r.batch, r.id, r.message, r.generation, r.line, r.byte, r.place, r.rule, r.reason, r.next_step
from refusal r join batch b on b.id = r.batch where b.seq between %s and %s order by r.batch, r.id

-- name: message_hashes_after
-- a page of messages by their unique id; the server hashes the bytes, so that they do not travel
select id, hash = sha256(raw) from message where id > %s order by id limit %s

-- name: rows_to_read
-- how much an audit reads, to show how far it is
select (select count(*) from message), (select count(*) from message) + (select count(*) from fact) + (select count(*) from posting)
