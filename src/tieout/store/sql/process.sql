-- The event log behind the process map, and what is counted in it.

-- name: process_alone
-- one follower at a time; who comes second has nothing to do
select pg_try_advisory_xact_lock(hashtextextended(current_schema() || '/process', 0))

-- name: process_mark
select shape, seq, root, heard from process_mark

-- name: process_begin
-- the cut is taken before any root is read: what is posted meanwhile is read again behind it
insert into process_mark (shape, seq, root, heard)
select %(shape)s, coalesce(max(seq), 0), '', max(recorded) from batch
on conflict (one) do update set shape = excluded.shape, seq = excluded.seq, root = excluded.root, heard = excluded.heard

-- name: process_filled
update process_mark set root = %(root)s

-- name: process_heard
update process_mark set seq = %(seq)s, heard = %(heard)s

-- name: process_empty_cases
delete from process_case

-- name: process_empty_events
delete from process_event

-- name: process_roots_after
-- along posting_root, a loose scan: one look per root
with recursive r as (
  (select root from posting where root > %(after)s order by root limit 1)
  union all
  select (select p.root from posting p where p.root > r.root order by p.root limit 1) from r where r.root is not null
)
select root from r where root is not null limit %(most)s

-- name: process_batches
-- by the unique key of batch: commits after the mark, as many as hold a portion of statements, at least one
select id, seq, recorded from (
  select id, seq, recorded, sum(posted + superseded) over (order by seq) - (posted + superseded) as before
  from (select id, seq, recorded, posted, superseded from batch where seq > %(seq)s order by seq limit 5000) b
) x where before < %(most)s order by seq

-- name: process_roots_of
-- by posting_batch and fact_batch, which name the pages that hold these commits: roots that were posted on, and those of a document of which an older
-- revision came late and posted nothing, by process_event_document
with span as (select min(b) as low, max(b) as high from unnest(%(batches)s::bigint[]) b)
select p.root from posting p, span where p.batch between span.low and span.high and p.batch = any(%(batches)s)
union
select e.root from (
  select distinct (f.body->>'system') || '/' || (f.body->>'type') || '/' || coalesce(f.body->>'partner', '') || '/' || (f.body->>'number') as document
  from fact f, span where f.batch between span.low and span.high and f.batch = any(%(batches)s) and f.ordinal > 1
) d join process_event e on e.document = d.document

-- name: process_forget_events
-- by the primary key
delete from process_event where root = any(%(roots)s)

-- name: process_log
-- by posting_root and fact_identity: what was said about these roots and stands there, or stood until it was withdrawn. A later reading of the
-- same revision takes the place of the earlier, the lines of a document are one statement. What it is worth is what its newest revision says
insert into process_event (root, document, kind, n, withdrawn, at, is_day, channel, warehouse, worth, currency)
with said as (
  select p.root, j.e->>0 as identity, sum(p.sign) as stands
  from posting p cross join lateral (select p.entries::json as e) j
  where p.root = any(%(roots)s) and j.e->>2 = any(%(kinds)s) group by 1, 2
), version as (
  select distinct on (s.root, f.identity, f.revision) s.root, f.identity, s.stands, f.revision, f.kind, f.happened,
    b.system || '/' || b.type || '/' || coalesce(b.partner, '') || '/' || b.number as document, coalesce(b.void, false) as void, coalesce(b.day, false) as day,
    coalesce(b.channel, '') as channel, coalesce(b.warehouse, '') as warehouse, coalesce(b.currency, '') as currency, b.lines
  from said s join fact f on f.identity = s.identity
  cross join lateral json_to_record(f.body) as b(system text, type text, partner text, number text, void boolean, day boolean, channel text, warehouse text,
    currency text, lines json)
  order by s.root, f.identity, f.revision, f.generation desc, f.ordinal
), placed as (
  select *, row_number() over w - 1 as n, lead(identity) over w is null as is_newest, last_value(void) over (w rows between unbounded preceding and unbounded following) as is_void
  from version window w as (partition by root, identity order by revision)
)
select root, document, kind, least(n, 32000), bool_and(void), min(happened), bool_and(day), coalesce(max(nullif(channel, '')), ''),
  coalesce(max(nullif(warehouse, '')), ''), sum(w.worth) filter (where not void),
  case when count(distinct currency) filter (where w.worth is not null and currency <> '') = 1 then max(currency) else '' end
from placed p
left join lateral (select sum((l->>'value')::numeric) as worth from json_array_elements(p.lines) l where p.is_newest and p.kind = any(%(worth)s)) w on true
where stands > 0 or is_void
group by root, document, kind, least(n, 32000)

-- name: process_touched
-- by the primary key and process_event_document: the roots that share a document with one that is beside cases
select distinct o.root from process_event e join process_event o on o.document = e.document and o.root <> e.root
where e.root = any(%(roots)s) and split_part(e.root, '/', 2) = any(%(beside)s)

-- name: process_forget_cases
-- by process_case_root
delete from process_case where root = any(%(roots)s)

-- name: process_cases
-- by the primary key and process_event_document, for pairs of model and root: their number tells the planner how much is joined, and what it
-- cannot guess is put together first. A time that is known to the day only is the earliest of that day which keeps the order in which
-- the steps are meant to come; a step that is said several times in a row is one
with kind as (
  select * from unnest(%(models)s::text[], %(kinds)s::text[], %(ranks)s::int[]) as k(model, kind, rank)
), beside as (
  select * from unnest(%(beside_models)s::text[], %(beside_types)s::text[]) as t(model, type)
), own as (
  select r.model, r.root, k.rank, e.document, e.kind, e.n, e.withdrawn, e.at, e.is_day, e.channel, e.warehouse, e.worth, e.currency
  from unnest(%(models_of_roots)s::text[], %(roots)s::text[]) r(model, root)
  join process_event e on e.root = r.root join kind k on k.model = r.model and k.kind = e.kind
), shared as materialized (
  select distinct o.model, o.root, s.root as other
  from (select distinct model, root, document from own where model = any(%(beside_models)s::text[])) o
  join process_event s on s.document = o.document and s.root <> o.root
), said as (
  select model, root, rank, document, kind, n, withdrawn, at, is_day from own
  union
  select s.model, s.root, k.rank, e.document, e.kind, e.n, e.withdrawn, e.at, e.is_day
  from shared s join beside b on b.model = s.model and b.type = split_part(s.other, '/', 2)
  join process_event e on e.root = s.other join kind k on k.model = s.model and k.kind = e.kind
), bound as (
  select d.model, d.root, d.document, d.kind, d.n, max(x.at) as at
  from said d join said x on x.model = d.model and x.root = d.root and not x.is_day and x.rank < d.rank and x.at >= d.at and x.at < d.at + interval '1 day'
  where d.is_day group by 1, 2, 3, 4, 5
), timed as (
  select s.model, s.root, s.rank, s.document, s.n, s.kind || case when s.withdrawn then '.withdrawn' when s.n > 0 then '.changed' else '' end as step,
    coalesce(b.at, s.at) as at
  from said s left join bound b using (model, root, document, kind, n)
), placed as (
  select *, lag(step) over w as before, row_number() over w as place from timed window w as (partition by model, root order by at, rank, document, n)
), kept as (
  select model, root, step, at, place, row_number() over w as n, least(extract(epoch from at - lag(at) over w), 2147483647)::int as wait
  from placed where before is distinct from step window w as (partition by model, root order by place)
), way as (
  select model, root, array_agg(step order by n) as steps, coalesce(array_agg(wait order by n) filter (where n > 1), '{}') as waits,
    min(at) as began, max(at) as ended
  from kept where n <= 100 group by 1, 2
), priced as (
  select o.*, w.rank as place, min(w.rank) filter (where o.worth is not null) over (partition by o.model, o.root) as best
  from own o left join unnest(%(worth_models)s::text[], %(worth_kinds)s::text[], %(worth_ranks)s::int[]) as w(model, kind, rank)
    on w.model = o.model and w.kind = o.kind
), about as (
  select model, root, coalesce((array_agg(channel order by at, rank, document, n) filter (where channel <> ''))[1], '') as channel,
    coalesce((array_agg(warehouse order by at, rank, document, n) filter (where warehouse <> ''))[1], '') as warehouse,
    sum(worth) filter (where place = best) as worth, count(distinct currency) filter (where place = best and worth is not null) as many,
    max(currency) filter (where place = best and worth is not null) as currency
  from priced group by 1, 2
), whole as materialized (
  select * from way left join about using (model, root)
), variant as (
  insert into process_variant (model, steps, digest) select distinct model, steps, sha256(convert_to(array_to_string(steps, '>'), 'UTF8')) from way
  on conflict (model, digest) do update set steps = excluded.steps returning id, model, steps
)
insert into process_case (model, root, variant, began, ended, waits, channel, warehouse, worth, currency)
select w.model, w.root, v.id, w.began, w.ended, w.waits, coalesce(w.channel, ''), coalesce(w.warehouse, ''),
  case when w.many = 1 and w.currency <> '' then w.worth end, case when w.many = 1 then w.currency else '' end
from whole w join variant v on v.model = w.model and v.steps = w.steps

-- name: process_standing
-- by the primary key of the mark and the unique key of batch; the log counts as behind by all while it is filled
select m.heard, (select count(*) from batch b where b.seq > coalesce(case when m.root is null then m.seq end, 0))
from (select 1) one left join process_mark m on true

-- name: process_variants
-- a few thousand at most
select id, steps from process_variant where model = %(model)s

-- name: process_counts
-- one pass over process_case_counts
select c.variant, count(*) from process_case c where {where} and c.variant = any(%(variants)s) group by 1

-- name: process_sums
-- one pass over the cases; what nobody priced is counted apart
select case when c.worth is null then '' else c.currency end, sum(c.worth), count(*) from process_case c where {where} and c.variant = any(%(variants)s) group by 1

-- name: process_span
select percentile_disc(array[0.5, 0.9]) within group (order by extract(epoch from c.ended - c.began)::bigint) from process_case c
where {where} and c.variant = any(%(variants)s)

-- name: process_waits
-- one pass over the cases, each wait by the steps of its variant
select v.steps[w.n], v.steps[w.n + 1], percentile_disc(array[0.5, 0.9]) within group (order by w.wait), count(*)
from process_case c join process_variant v on v.id = c.variant cross join lateral unnest(c.waits) with ordinality w(wait, n)
where {where} and c.variant = any(%(variants)s) group by 1, 2

-- name: process_close
-- the cases by process_case_variant, their open exceptions by work_root
select count(*), coalesce(sum(w.open), 0)::bigint from process_case c
left join (select root, count(*) as open from work where state <> 'resolved' group by root) w on w.root = c.root
where {where} and c.variant = any(%(variants)s)

-- name: process_histogram
-- the passages of one path, or to one step, by how long they took, by channel and by warehouse
with passage as (
  select w.wait, c.channel, c.warehouse, width_bucket(w.wait, %(bounds)s::int[]) as bar
  from process_case c join process_variant v on v.id = c.variant cross join lateral unnest(c.waits) with ordinality w(wait, n)
  where {where} and c.variant = any(%(variants)s) and v.steps[w.n + 1] = %(then)s and (%(first)s = '' or v.steps[w.n] = %(first)s)
)
select bar, channel, warehouse, case when grouping(bar) = 0 then 'bar' when grouping(channel) = 0 then 'channel' when grouping(warehouse) = 0 then 'warehouse' else 'all' end,
  count(*), percentile_disc(array[0.5, 0.9]) within group (order by wait)
from passage group by grouping sets ((bar), (channel), (warehouse), ())

-- name: process_many
select count(*) from process_case c where {where} and c.variant = any(%(variants)s)

-- name: process_list
-- the newest first, along process_case_counts; exceptions by work_root
select c.root, c.began, c.ended, c.channel, c.warehouse, c.worth, c.currency, c.variant,
  (select count(*) from work w where w.root = c.root and w.state <> 'resolved')
from process_case c where {where} and c.variant = any(%(variants)s) order by c.began desc, c.root desc limit %(limit)s offset %(offset)s

-- name: process_dimensions
select channel, warehouse from process_case where model = %(model)s group by 1, 2
