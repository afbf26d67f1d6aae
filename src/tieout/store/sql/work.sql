-- name: follow_alone
-- one follower at a time; who comes second has nothing to do
select pg_try_advisory_xact_lock(hashtextextended(current_schema() || '/follow', 0))

-- name: take_todo
-- in the order of the heap, no index: what is taken is gone when this is committed
with gone as (
  delete from work_todo where ctid = any(array(select ctid from work_todo limit %s)) returning kind, key
)
select distinct kind, key from gone

-- name: move_work
-- a root took another name (its transactions were linked): the exception goes with it, and all that people did
with moved as (
  select distinct on (n.case_id) w.id, w.root as before, n.case_id, n.root
  from unnest(%(keys)s::text[]) k(case_id)
  join case_ c on c.case_id = k.case_id and c.state = 'closed'
  join work w on w.kind = 'balance' and w.source_key = c.case_id and w.state <> 'resolved'
  join subject s on s.ref = c.root and s.alias is not null
  join case_ n on n.root = s.alias and n.code = c.code and n.side = c.side and n.key = c.key and n.state <> 'closed'
  where not exists (select from work o where o.kind = 'balance' and o.source_key = n.case_id)
  order by n.case_id, w.id
), done as (
  update work w set source_key = m.case_id, root = m.root, version = w.version + 1, changed = %(now)s from moved m where w.id = m.id
  returning w.id
)
insert into work_event (work, at, event, who, detail)
select m.id, %(now)s, 'moved', 'ledger', json_build_object('from', m.before, 'to', m.root) from moved m join done d on d.id = m.id

-- name: seen_cases
-- the cases that changed, by primary key, with all that says whose they are: dimensions from their notes, item and partner from the
-- postings of their roots by posting_root, beside what people did with the work that is there. Only what differs. Each is routed by
-- this before it is written, so that its row goes into the indexes once. Where time runs with the feeds, work begins when we know
select
  c.case_id, s.kind, s.class, s.title, s.summary, c.code, s.system, s.systems, s.party, s.sku, s.channel, s.warehouse, c.hint, s.worth, s.currency,
  s.priced, case when w.state <> 'resolved' then w.opened when %(feeds)s then %(now)s::timestamptz else c.opened end,
  coalesce(w.team, c.team), coalesce(w.person, ''), coalesce(w.assigned_by, ''), coalesce(w.priority, 3)::int, coalesce(w.pinned, false), w.origin,
  case when w.id is null then 1 when w.state = 'resolved' then w.episodes + 1 - w.counted else w.episodes - w.counted end
from unnest(%(keys)s::text[]) k(case_id)
join case_ c on c.case_id = k.case_id and c.state <> 'closed' and c.code <> 'QUA'
left join lateral (select string_agg(ltrim(value, '-') || ' ' || key, ', ') as said from json_each_text(c.quantity)) q on true
left join lateral (
  select string_agg(ltrim(value, '-') || ' ' || key, ', ' order by abs(value::numeric) desc, key) as said,
    (array_agg(abs(value::numeric) order by abs(value::numeric) desc, key))[1] as worth,
    (array_agg(key order by abs(value::numeric) desc, key))[1] as currency
  from json_each_text(c.value)
) v on true
left join lateral (
  select coalesce(min(r.item) filter (where r.key = c.key and r.item <> ''), case when min(nullif(r.item, '')) = max(r.item) then max(nullif(r.item, '')) end) as sku,
    min(nullif(split_part(e.body->>0, '/', 3), '')) as partner
  from posting p cross join lateral (select p.entries::jsonb as body offset 0) e
  cross join lateral (select x->>0 as key, x->>6 as item from jsonb_path_query(e.body, '$[5][*][1][*]') x offset 0) r
  where c.account <> '' and p.root = c.root
) i on true
left join lateral (
  select sum((l->>'value')::numeric) as worth, max(b.body->>'currency') as currency
  from (select body from fact where c.code = 'WAI' and identity = c.root order by ordinal desc limit 1) b
  cross join lateral json_array_elements(coalesce(b.body->'lines', '[]')) l
) f on f.worth is not null and f.currency is not null
left join unnest(%(classes)s::text[], %(titles)s::text[], %(systems)s::text[], %(pairs)s::text[]) as t(class, title, system, systems)
  on t.class = c.code || case c.side when 'debit' then '+' when 'credit' then '-' else '' end
cross join lateral (
  select
    case c.code when 'WAI' then 'waiting' when 'CNF' then 'conflict' when 'REF' then 'reference' when 'FED' then 'feed' when 'SET' then 'feed' else 'balance' end as kind,
    c.code || case c.side when 'debit' then '+' when 'credit' then '-' else '' end as class, coalesce(t.title, c.account, c.code) as title,
    left(coalesce(nullif(concat_ws(' ', nullif(concat_ws(', ', q.said, v.said), ''), nullif('(' || c.hint || ')', '()')), ''), t.title, c.account, c.code), 500)
      as summary,
    coalesce(nullif(t.system, ''), c.owed_by) as system, coalesce(nullif(t.systems, ''), c.owed_by) as systems,
    coalesce(c.notes->>'customer', i.partner, '') as party, coalesce(i.sku, '') as sku, coalesce(c.notes->>'channel', '') as channel,
    coalesce(c.notes->>'warehouse', '') as warehouse, coalesce(v.worth, f.worth, 0) as worth, coalesce(v.currency, f.currency, '') as currency,
    coalesce(v.worth, f.worth) is not null as priced
) s
left join work w on w.kind = s.kind and w.source_key = c.case_id
where w.id is null or w.state = 'resolved' or (w.quantity::text, w.worth, w.currency, w.hint, w.since, w.owed_at, w.summary, w.root, w.party, w.channel, w.warehouse)
  is distinct from (c.quantity::text, s.worth, s.currency, c.hint, c.since, c.due, s.summary, c.root, s.party, s.channel, s.warehouse)
order by c.case_id

-- name: write_cases
-- what `seen_cases` gave, routed: the cases by primary key, other names of their roots by link_a and link_b; what people did meanwhile stays.
-- The texts are gathered apart from their words: a function is only written out in place where what it is given is a plain column
with source as (
  select u.*, c.hint, c.root, c.key, c.side, c.code as account, c.quantity, c.since, c.due as owed_at, regexp_replace(c.root, '^[^/]*/[^/]*/', '') as number,
    coalesce(c.notes->>'entity', '') as entity, m.more, coalesce(o.merged_into, o.id) as cause, o.state = 'regressed' as is_back,
    work_words(variadic t.texts) as search
  from unnest(%(key)s::text[], %(kind)s::text[], %(class_)s::text[], %(title)s::text[], %(summary)s::text[], %(system)s::text[], %(systems)s::text[],
    %(party)s::text[], %(sku)s::text[], %(channel)s::text[], %(warehouse)s::text[], %(worth)s::numeric[], %(currency)s::text[], %(priced)s::boolean[],
    %(opened)s::timestamptz[], %(cause)s::bigint[], %(to_team)s::text[], %(to_person)s::text[], %(urgency)s::int[], %(due)s::timestamptz[],
    %(rule)s::text[], %(chain)s::text[], %(cost)s::numeric[], %(begins)s::timestamptz[])
    as u(case_id, kind, class, title, summary, system, systems, party, sku, channel, warehouse, worth, currency, priced,
      opened, origin, team, person, priority, due, rule, chain, cost, next_step)
  join case_ c on c.case_id = u.case_id
  join cause o on o.id = u.origin
  left join lateral (select json_object_agg(key, ltrim(value, '-')) as more from json_each_text(c.value) having count(*) > 1) m on true
  left join lateral (
    select array_agg(x.ref) as names from (select a as ref from link where b = c.root union select b from link where a = c.root limit 50) x
  ) n on true
  cross join lateral (
    select array[c.root, c.key, u.party, u.sku, u.channel, u.warehouse, u.system, u.class, u.title, u.summary] || coalesce(n.names, '{}') as texts offset 0) t
), before as (
  select w.id, w.state, w.worth from source s join work w on w.kind = s.kind and w.source_key = s.case_id
), written as (
  insert into work as w (kind, source_key, class, cause, origin, state, title, summary, hint, field, root, key, number, account, side, system, systems,
    party, sku, channel, warehouse, entity, quantity, worth, currency, more, priced, cost_per_day, since, owed_at, opened, changed, due, team, person,
    priority, rule, routed, chain, next_step, counted, search)
  select s.kind, s.case_id, s.class, s.cause, s.origin, case when s.is_back then 'regressed' else 'new' end, s.title, s.summary, s.hint, s.hint, s.root, s.key,
    s.number, s.account, s.side, s.system, s.systems, s.party, s.sku, s.channel, s.warehouse, s.entity, s.quantity, s.worth, s.currency, s.more, s.priced,
    s.cost, s.since, s.owed_at, s.opened, %(now)s, s.due, s.team, s.person, s.priority, s.rule, true, s.chain, s.next_step, 1, s.search
  from source s
  on conflict (kind, source_key) do update set
    class = excluded.class, title = excluded.title, summary = excluded.summary, hint = excluded.hint, field = excluded.field, root = excluded.root,
    key = excluded.key, number = excluded.number, system = excluded.system, systems = excluded.systems, party = excluded.party, sku = excluded.sku,
    channel = excluded.channel, warehouse = excluded.warehouse, entity = excluded.entity, quantity = excluded.quantity, worth = excluded.worth,
    currency = excluded.currency, more = excluded.more, priced = excluded.priced, cost_per_day = excluded.cost_per_day, since = excluded.since,
    owed_at = excluded.owed_at, opened = case when w.state = 'resolved' then excluded.opened else w.opened end, due = excluded.due,
    rule = excluded.rule, chain = excluded.chain, routed = true,
    cause = case when w.pinned then w.cause else excluded.cause end, origin = case when w.pinned then w.origin else excluded.origin end,
    team = case when w.assigned_by = '' then excluded.team else w.team end, person = case when w.assigned_by = '' then excluded.person else w.person end,
    priority = case when w.assigned_by = '' then excluded.priority else w.priority end,
    acknowledged = case when w.state = 'resolved' then null else w.acknowledged end, step = case when w.state = 'resolved' then 0 else w.step end,
    next_step = case when w.state = 'resolved' then excluded.next_step else coalesce(w.next_step, excluded.next_step) end,
    episodes = w.episodes + case when w.state = 'resolved' then 1 else 0 end, counted = w.episodes + case when w.state = 'resolved' then 1 else 0 end,
    progress = case when w.state = 'resolved' then '' else w.progress end,
    progress_key = case when w.state = 'resolved' then '' else w.progress_key end,
    state = case when w.state = 'resolved' then 'regressed' when w.state = 'snoozed' then 'snoozed'
      when w.priced and excluded.currency = w.currency and excluded.worth >= w.worth * 2 and w.worth > 0 then 'escalating' else w.state end,
    resolved = null, changed = excluded.changed, version = w.version + 1, search = excluded.search
  returning w.id, w.quantity::text as quantity, w.worth, w.currency
)
insert into work_event (work, at, event, who, detail)
select r.id, %(now)s, case when b.id is null then 'opened' when b.state = 'resolved' then 'reopened' else 'changed' end, 'ledger',
  json_build_object('quantity', r.quantity::json, 'worth', r.worth::text, 'currency', r.currency, 'was', b.worth::text)
from written r left join before b on b.id = r.id

-- name: resolve_cases
-- by the unique key of work and the primary key of case_
with gone as (
  update work w set state = 'resolved', resolved = %(now)s, changed = %(now)s, version = w.version + 1, next_step = null, snooze = null, snooze_until = null
  from unnest(%(keys)s::text[]) k(case_id)
  where w.kind in ('balance', 'waiting', 'conflict', 'reference', 'feed') and w.source_key = k.case_id and w.state <> 'resolved'
    and not exists (select from case_ c where c.case_id = k.case_id and c.state <> 'closed')
  returning w.id, w.progress, w.progress_by
)
insert into work_event (work, at, event, who, detail)
select id, %(now)s, 'resolved', 'ledger', json_build_object('progress', progress, 'by', progress_by) from gone

-- name: follow_quarantine
-- the refusals of the messages that changed, by quarantine_message
with source as (
  select distinct on (q.message, k.name) q.message, q.message || '/' || k.name as source_key, q.rule, q.reason, q.next_step, q.since, q.identity,
    coalesce(m.origin, '') as origin, coalesce(y.name, '') as system,
    coalesce(m.meta->>'tieout.mapping', '') as mapping, concat_ws(', ', nullif(m.origin, ''), coalesce(nullif(q.place, ''), q.line::text, q.byte::text)) as place
  from unnest(%(keys)s::bigint[]) u(message)
  join quarantine q on q.message = u.message
  cross join lateral (select md5(concat_ws('|', q.identity, q.place, q.line, q.byte, q.rule)) as name) k
  left join message m on m.id = q.message left join system y on y.id = m.system
  order by q.message, k.name, q.id
), before as (
  select w.id, w.state from source s join work w on w.kind = 'quarantine' and w.source_key = s.source_key
), written as (
  insert into work as w (kind, source_key, class, state, title, summary, hint, field, mapping, root, number, system, systems, message, since, owed_at,
    opened, changed, due, team, search)
  select 'quarantine', s.source_key, 'QUA', 'new', 'Could not be read', left(s.reason, 500), s.rule, s.rule, s.mapping, coalesce(s.identity, ''),
    coalesce(nullif(regexp_replace(coalesce(s.identity, ''), '^.*/', ''), ''), s.place), s.system, s.system, s.message, s.since, s.since, s.since,
    %(now)s, s.since, 'integration', work_words(s.identity, left(s.place, 500), left(s.origin, 500), s.system, s.rule, left(s.reason, 500), s.message::text)
  from source s
  on conflict (kind, source_key) do update set
    summary = excluded.summary, mapping = excluded.mapping,
    opened = case when w.state = 'resolved' then excluded.changed else w.opened end, since = excluded.since,
    episodes = w.episodes + case when w.state = 'resolved' then 1 else 0 end, step = case when w.state = 'resolved' then 0 else w.step end,
    next_step = case when w.state = 'resolved' then null else w.next_step end, acknowledged = case when w.state = 'resolved' then null else w.acknowledged end,
    progress = case when w.state = 'resolved' or w.progress = 'requested' then '' else w.progress end,
    state = case when w.state = 'resolved' then 'regressed' else w.state end,
    resolved = null, changed = excluded.changed, routed = false, version = w.version + 1, search = excluded.search
  where w.state = 'resolved' or (w.summary, w.mapping, w.since) is distinct from (excluded.summary, excluded.mapping, excluded.since)
  returning w.id, w.summary
)
insert into work_event (work, at, event, who, detail)
select r.id, %(now)s, case when b.id is null then 'opened' when b.state = 'resolved' then 'reopened' else 'changed' end, 'ledger',
  json_build_object('reason', r.summary)
from written r left join before b on b.id = r.id

-- name: resolve_quarantine
with gone as (
  update work w set state = 'resolved', resolved = %(now)s, changed = %(now)s, version = w.version + 1, next_step = null, snooze = null, snooze_until = null
  where w.message = any(%(keys)s::bigint[]) and w.kind = 'quarantine' and w.state <> 'resolved'
    and not exists (
      select from quarantine q where q.message = w.message
        and w.source_key = q.message || '/' || md5(concat_ws('|', q.identity, q.place, q.line, q.byte, q.rule)))
  returning w.id, w.progress, w.progress_by
)
insert into work_event (work, at, event, who, detail)
select id, %(now)s, 'resolved', 'ledger', json_build_object('progress', progress, 'by', progress_by) from gone

-- name: follow_commands
-- the newest command of each balance whose commands changed, by command_number: refused by its target, in doubt, held, or asked for
-- by a person and not confirmed. All commands of one balance are one exception
with lanes as (
  select distinct c.subject, c.account, c.side, c.account || case c.side when 'debit' then '+ ' else '- ' end || c.subject as source_key
  from unnest(%(keys)s::text[]) k(key) join command c on c.key = k.key
), newest as (
  select l.source_key, n.command as c, w.progress as progress
  from lanes l
  cross join lateral (
    select command from command where (command.subject, command.account, command.side) = (l.subject, l.account, l.side) order by number desc limit 1) n
  left join work w on w.kind = 'command' and w.source_key = l.source_key
), source as (
  select n.source_key, (n.c).key as command,
    case (n.c).state when 'unknown' then 'CUNK' when 'held' then 'CHLD' else 'CREF' end as class,
    case (n.c).state when 'unknown' then 'In doubt at ' || (n.c).system when 'held' then 'Held for approval'
      when 'refused' then 'Refused by ' || (n.c).system else 'Told to ' || (n.c).system || ' again' end as title,
    coalesce(nullif((n.c).attempt->>'reason', ''), nullif((n.c).rule, ''), (n.c).act) as summary, (n.c).rule,
    coalesce(s.alias, (n.c).subject) as root, regexp_replace(coalesce(s.alias, (n.c).subject), '^[^/]*/[^/]*/', '') as number,
    (n.c).account, (n.c).side, (n.c).system, (n.c).act,
    coalesce((n.c).body->>'customer', '') as party, coalesce((n.c).body->>'channel', '') as channel, coalesce((n.c).body->>'warehouse', '') as warehouse,
    coalesce((n.c).body->>'entity', '') as entity, coalesce((n.c).body->>'currency', '') as currency,
    coalesce(abs(l.worth), abs(((n.c).body->>'total')::numeric)) as worth, coalesce(l.sku, '') as sku, (n.c).created, (n.c).changed,
    case (n.c).state when 'refused' then 'refused' when 'sending' then 'dispatched' when 'accepted' then 'dispatched' when 'unknown' then 'dispatched'
      else 'requested' end as stands, (n.c).attempt->>'released' = 'true' as released
  from newest n
  left join subject s on s.ref = (n.c).subject
  left join lateral (
    select sum((x->>'value')::numeric) as worth, case when count(distinct x->>'item') = 1 then min(x->>'item') end as sku
    from json_array_elements(coalesce((n.c).body->'lines', '[]')) x
  ) l on true
  where command_needs_work(n.c, coalesce(n.progress, ''))
), before as (
  select w.id, w.state, w.class from source s join work w on w.kind = 'command' and w.source_key = s.source_key
), written as (
  insert into work as w (kind, source_key, class, state, title, summary, hint, field, root, number, account, side, system, systems, party, sku,
    channel, warehouse, entity, worth, currency, priced, since, owed_at, opened, changed, due, team, progress_key, search)
  select 'command', s.source_key, s.class, 'new', s.title, left(s.act || ': ' || s.summary, 500), left(s.rule, 200), s.act || ': ' || left(s.summary, 100), s.root,
    s.number, s.account, s.side, s.system, s.system, s.party, s.sku, s.channel, s.warehouse, s.entity, coalesce(s.worth, 0), s.currency,
    s.worth is not null, s.created, s.created, s.changed, %(now)s, s.changed, '', s.command,
    work_words(s.root, s.source_key, s.party, s.sku, s.channel, s.warehouse, s.system, s.act, left(s.summary, 500))
  from source s
  on conflict (kind, source_key) do update set
    class = case when excluded.title like 'Told to %%' then w.class else excluded.class end, title = excluded.title, summary = excluded.summary,
    hint = excluded.hint, field = excluded.field, root = excluded.root, number = excluded.number, worth = excluded.worth, currency = excluded.currency,
    priced = excluded.priced, progress_key = excluded.progress_key, progress = case when w.state = 'resolved' then '' else w.progress end,
    opened = case when w.state = 'resolved' or w.class <> excluded.class then excluded.opened else w.opened end,
    episodes = w.episodes + case when w.state = 'resolved' then 1 else 0 end, step = case when w.state = 'resolved' then 0 else w.step end,
    next_step = case when w.state = 'resolved' then null else w.next_step end, acknowledged = case when w.state = 'resolved' then null else w.acknowledged end,
    state = case when w.state = 'resolved' then 'regressed' else w.state end,
    resolved = null, changed = excluded.changed, routed = false, version = w.version + 1, search = excluded.search
  where w.state = 'resolved' or (w.title, w.summary, w.worth, w.root, w.progress_key)
    is distinct from (excluded.title, excluded.summary, excluded.worth, excluded.root, excluded.progress_key)
  returning w.id, w.class, w.summary, w.title
)
insert into work_event (work, at, event, who, detail)
select r.id, %(now)s, case when b.id is null then 'opened' when b.state = 'resolved' then 'reopened' else 'changed' end, 'ledger',
  json_build_object('class', r.class, 'title', r.title, 'reason', r.summary)
from written r left join before b on b.id = r.id

-- name: progress_commands
-- what people asked for moves on with the newest command of its balance: requested, dispatched, refused. Only the ledger confirms
with lanes as (
  select distinct c.subject, c.account, c.side, c.account || case c.side when 'debit' then '+ ' else '- ' end || c.subject as lane
  from unnest(%(keys)s::text[]) k(key) join command c on c.key = k.key
), newest as (
  select coalesce(s.alias, l.subject) as root, l.account, l.side, n.key, n.reason,
    case n.state when 'refused' then case when n.released then 'requested' else 'refused' end when 'queued' then 'requested' when 'held' then 'requested'
      when 'confirmed' then 'confirmed' when 'cancelled' then 'refused' else 'dispatched' end as progress
  from lanes l left join subject s on s.ref = l.subject
  cross join lateral (
    select c.key, c.state, c.attempt->>'reason' as reason, coalesce(c.attempt->>'released', '') = 'true' as released
    from command c where (c.subject, c.account, c.side) = (l.subject, l.account, l.side) order by c.number desc limit 1) n
), moved as (
  update work w set progress = n.progress, progress_note = case n.progress when 'refused' then left(coalesce(n.reason, ''), 500) else '' end, progress_at = %(now)s, changed = %(now)s, version = w.version + 1
  from newest n
  where w.root = n.root and w.account = n.account and w.side = n.side and w.kind in ('balance', 'command') and w.state <> 'resolved'
    and w.progress in ('requested', 'dispatched', 'refused', 'confirmed') and (w.progress <> n.progress or (n.progress = 'refused' and w.progress_note <> left(coalesce(n.reason, ''), 500)))
  returning w.id, w.progress, w.progress_note, n.key
)
insert into work_event (work, at, event, who, detail)
select id, %(now)s, progress, 'ledger', json_build_object('command', key, 'reason', progress_note) from moved

-- name: resolve_commands
-- those whose commands changed, and every refused one: its balance may be gone without a word to the command; by work_class
with gone as (
  update work w set state = 'resolved', resolved = %(now)s, changed = %(now)s, version = w.version + 1, next_step = null, snooze = null, snooze_until = null
  where w.kind = 'command' and w.state <> 'resolved'
    and (w.class = 'CREF' or w.source_key in (
      select c.account || case c.side when 'debit' then '+ ' else '- ' end || c.subject from unnest(%(keys)s::text[]) k(key) join command c on c.key = k.key))
    and not exists (
      select from command k
      cross join lateral (
        select command as c from command
        where (command.subject, command.account, command.side) = (k.subject, k.account, k.side) order by number desc limit 1) n
      where k.key = w.progress_key and command_needs_work(n.c, w.progress))
  returning w.id, w.progress, w.progress_by
)
insert into work_event (work, at, event, who, detail)
select id, %(now)s, 'resolved', 'ledger', json_build_object('progress', progress, 'by', progress_by) from gone

-- name: unrouted
-- by work_unrouted: what is new or has changed since it was routed
select id, kind, class, account, system, systems, party, sku, channel, warehouse, field, mapping, hint, worth, currency, priced, opened,
  team, person, assigned_by, priority, pinned, origin, episodes - counted
from work where not routed and state <> 'resolved' order by id limit %s

-- name: set_routes
-- by primary key
update work w set cause = coalesce(c.merged_into, c.id), origin = c.id, team = u.team, person = u.person, priority = u.priority, due = u.due,
  rule = u.rule, chain = u.chain, cost_per_day = u.cost, next_step = coalesce(w.next_step, u.next_step), routed = true, counted = w.episodes,
  state = case when c.state = 'regressed' and w.counted = 0 then 'regressed' else w.state end
from unnest(%(id)s::bigint[], %(cause)s::bigint[], %(to_team)s::text[], %(to_person)s::text[], %(urgency)s::int[], %(due)s::timestamptz[], %(rule)s::text[],
    %(chain)s::text[], %(cost)s::numeric[], %(begins)s::timestamptz[])
  as u(id, origin, team, person, priority, due, rule, chain, cost, next_step)
join cause c on c.id = u.origin
where w.id = u.id

-- name: set_causes
-- by the unique fingerprint; seen again, it may be back
insert into cause as c (fingerprint, class, systems, field, version, party, sku, title, first_seen, last_seen, seen, changed)
select fingerprint, class, systems, field, version, party, sku, title, %(now)s, %(now)s, many, %(now)s
from unnest(%(fingerprints)s::text[], %(classes)s::text[], %(systems)s::text[], %(fields)s::text[], %(versions)s::text[], %(parties)s::text[],
  %(skus)s::text[], %(titles)s::text[], %(many)s::int[]) as u(fingerprint, class, systems, field, version, party, sku, title, many)
on conflict (fingerprint) do update set last_seen = case when excluded.seen > 0 then %(now)s else c.last_seen end, seen = c.seen + excluded.seen, changed = %(now)s
returning c.fingerprint, c.id

-- name: regress_causes
-- a cause that was fixed in a version is back in it or in one that came after: the same but for the version, by the few causes that say so
update cause n set state = 'regressed', changed = %(now)s
from cause f
where n.id = any(%(ids)s::bigint[]) and f.fixed_in <> '' and n.state <> 'regressed'
  and (n.class, n.systems, n.field, n.party, n.sku) = (f.class, f.systems, f.field, f.party, f.sku)
  and ((n.id = f.id and n.version in ('*', '') and n.last_seen = %(now)s) or (n.id <> f.id and (n.version like f.fixed_in || '%%' or n.first_seen >= f.fixed_at)))

-- name: end_snoozes
-- by work_snoozed: whose time has come, whose cause has brought n more, whose value has grown, whose system is well, whose version is live
with over as (
  select w.id, w.snooze->>'was' as was,
    case when w.snooze_until <= %(now)s then 'the time has come'
      when w.snooze->>'kind' = 'more' and c.seen - (w.snooze->>'seen')::bigint >= (w.snooze->>'more')::bigint then (w.snooze->>'more') || ' more have come'
      when w.snooze->>'kind' = 'value' and w.currency = w.snooze->>'currency' and w.worth > (w.snooze->>'value')::numeric then 'it is worth more now'
      when w.snooze->>'kind' = 'system' and w.snooze->>'system' = any(%(healthy)s::text[]) then (w.snooze->>'system') || ' is well again'
      when w.snooze->>'kind' = 'version' and v.version is not null and (
        (w.snooze->>'version' = 'next' and v.version <> coalesce(w.snooze->>'than', '')) or v.version like (w.snooze->>'version') || '%%')
        then 'version ' || v.version || ' is live'
    end as why
  from work w left join cause c on c.id = w.cause
  left join unnest(%(systems)s::text[], %(versions)s::text[]) as v(system, version) on v.system = w.snooze->>'system'
  where w.state = 'snoozed'
), done as (
  update work w set state = coalesce(o.was, 'ongoing'), snooze = null, snooze_until = null, snoozed_by = '', changed = %(now)s,
    next_step = case when w.chain <> '' then %(now)s::timestamptz end
  from over o where w.id = o.id and o.why is not null returning w.id
)
insert into work_event (work, at, event, who, detail)
select o.id, %(now)s, 'woken', 'clock', json_build_object('why', o.why) from over o join done d on d.id = o.id

-- name: steps_due
-- by work_steps
select id, ref, summary, title, chain, step, person, team, acknowledged, acknowledged_by, opened, due, state, priority
from work where next_step <= %s and state not in ('resolved', 'snoozed') order by next_step, id limit %s for update skip locked

-- name: set_steps
update work w set step = u.step, next_step = u.next_step, state = u.state, changed = %(now)s, acknowledged = null, acknowledged_by = ''
from unnest(%(ids)s::bigint[], %(steps)s::int[], %(next)s::timestamptz[], %(states)s::text[]) as u(id, step, next_step, state) where w.id = u.id

-- name: healthy_systems
select l.system from lane l
where coalesce(l.circuit->>'stage', 'closed') = 'closed' and (l.paused_until is null or l.paused_until <= %s)

-- name: silent_feeds
-- by work_class
select root from work where class = 'FED' and state <> 'resolved'

-- name: titles_of
select distinct class, title from work where id = any(%s)

-- name: lock_work
-- by primary key, in the order of ids, so that two people who act on many never wait for each other in a ring
select id, ref, kind, class, root, key, account, side, system, source_key, message, cause, case when priced then worth end, currency, channel, warehouse,
  due, opened, chain, summary, version, state, person, team, assigned_by, priority, acknowledged, acknowledged_by, snooze, snooze_until, snoozed_by,
  to_json(tags), next_step, step, progress, progress_at, progress_by, progress_key, progress_note
from work where id = any(%s) order by id for update

-- name: see_work
-- by primary key; the same columns as `lock_work`, and nobody waits
select id, ref, kind, class, root, key, account, side, system, source_key, message, cause, case when priced then worth end, currency, channel, warehouse,
  due, opened, chain, summary, version, state, person, team, assigned_by, priority, acknowledged, acknowledged_by, snooze, snooze_until, snoozed_by,
  to_json(tags), next_step, step, progress, progress_at, progress_by, progress_key, progress_note
from work where id = any(%s)

-- name: change_work
-- by primary key; the version tells everybody who has seen the row before
update work w set version = w.version + 1, changed = %(now)s, state = u.state, person = u.person, team = u.team, assigned_by = u.assigned_by,
  priority = u.priority, acknowledged = u.acknowledged, acknowledged_by = u.acknowledged_by, snooze = u.snooze::json, snooze_until = u.snooze_until,
  snoozed_by = u.snoozed_by, tags = array(select json_array_elements_text(u.tags::json)), next_step = u.next_step, step = u.step, progress = u.progress,
  progress_at = u.progress_at, progress_by = u.progress_by, progress_key = u.progress_key, progress_note = u.progress_note
from unnest(%(ids)s::bigint[], %(state)s::text[], %(person)s::text[], %(team)s::text[], %(assigned_by)s::text[], %(priority)s::int[],
  %(acknowledged)s::timestamptz[], %(acknowledged_by)s::text[], %(snooze)s::text[], %(snooze_until)s::timestamptz[], %(snoozed_by)s::text[],
  %(tags)s::text[], %(next_step)s::timestamptz[], %(step)s::int[], %(progress)s::text[], %(progress_at)s::timestamptz[], %(progress_by)s::text[],
  %(progress_key)s::text[], %(progress_note)s::text[])
  as u(id, state, person, team, assigned_by, priority, acknowledged, acknowledged_by, snooze, snooze_until, snoozed_by, tags, next_step, step,
    progress, progress_at, progress_by, progress_key, progress_note)
where w.id = u.id returning w.id, w.version

-- name: insert_work_events
insert into work_event (work, cause, at, event, who, detail)
select work, cause, %(now)s, event, who, detail::json
from unnest(%(works)s::bigint[], %(causes)s::bigint[], %(events)s::text[], %(who)s::text[], %(details)s::text[]) as u(work, cause, event, who, detail)
returning id

-- name: work_history
-- by work_event_work, newest first
select e.id, e.at, e.event, e.who, e.detail::text from work_event e where e.work = %(work)s and (%(before)s::bigint is null or e.id < %(before)s::bigint)
order by e.id desc limit %(limit)s

-- name: last_own_event
-- what somebody may still undo: the newest change, if it was this person's
select e.id, e.event, e.who, e.detail::text from work_event e where e.work = %s and e.event <> 'commented' order by e.id desc limit 1

-- name: watch_work
insert into work_watch (work, person, since) select u.w, %s, %s from unnest(%s::bigint[]) as u(w) on conflict do nothing

-- name: unwatch_work
delete from work_watch where person = %s and work = any(%s)

-- name: watchers
select person from work_watch where work = %s order by person

-- name: insert_notices
insert into notice (at, recipient, way, subject, work, text, not_before)
select %(now)s, recipient, way, subject, work, text, not_before
from unnest(%(recipients)s::text[], %(ways)s::text[], %(subjects)s::text[], %(works)s::bigint[], %(texts)s::text[], %(not_before)s::timestamptz[])
  as u(recipient, way, subject, work, text, not_before)

-- name: insert_file
-- the same bytes once, as long as they are not removed; by work_file_hash
insert into work_file (work, at, who, name, media, size, hash, raw)
select %(work)s, %(now)s, %(who)s, %(name)s, %(media)s, %(size)s, %(hash)s, %(raw)s
where not exists (select from work_file f where f.work = %(work)s and f.hash = %(hash)s and not exists (select from work_file_removed r where r.file = f.id))
returning id

-- name: work_files
select f.id, f.at, f.who, f.name, f.media, f.size, encode(f.hash, 'hex') from work_file f
where f.work = %s and not exists (select from work_file_removed r where r.file = f.id) order by f.id

-- name: work_file
select f.work, f.name, f.media, f.raw, f.hash, f.who from work_file f
where f.id = %s and not exists (select from work_file_removed r where r.file = f.id)

-- name: work_of_file
select work from work_file where id = %s

-- name: remove_file
insert into work_file_removed (file, who, at) values (%s, %s, %s) on conflict do nothing

-- name: count_files
-- those that were removed count: the bytes are kept
select count(*), coalesce(sum(size), 0) from work_file where work = %s

-- name: cause_seen
select seen from cause where id = %s

-- name: list_causes
-- the causes of what is open, counted from work_cause and work_counts; those without an open item by their own rows
select c.id, c.fingerprint, c.class, c.systems, c.field, c.version, c.party, c.sku, c.title, c.state, c.team, c.person, c.fixed_in, c.snooze_until,
  c.first_seen, c.last_seen, c.seen, c.row_version
from cause c where c.id = any(%s) order by c.id

-- name: one_cause
select id, merged_into, state, row_version, fingerprint, title, team, person, seen, fixed_in from cause where id = %s for update

-- name: lock_causes
select id, merged_into, row_version, title from cause where id = any(%s) order by id for update

-- name: split_between
-- whether any of some causes was split from another of them, by primary key
select s.a, s.b, s.who, s.at from cause_split s where s.a = any(%(ids)s::bigint[]) and s.b = any(%(ids)s::bigint[])

-- name: members_of
-- a cause with those merged into it, by cause_merged
select id from cause where id = %(id)s or merged_into = %(id)s order by id

-- name: merges_of
select id, fingerprint, title, merged_by, merged_why, changed from cause where merged_into = %s order by id

-- name: merge_causes
update cause set merged_into = %(into)s, merged_by = %(who)s, merged_why = %(why)s, changed = %(now)s, row_version = row_version + 1
where id = any(%(ids)s::bigint[])

-- name: unmerge_cause
update cause set merged_into = null, changed = %s, row_version = row_version + 1 where id = %s

-- name: regroup_work
-- by work_origin
update work w set cause = coalesce(c.merged_into, c.id), changed = %(now)s from cause c where c.id = w.origin and w.origin = any(%(ids)s::bigint[])

-- name: insert_split
insert into cause_split (a, b, who, why, at) values (least(%(a)s::bigint, %(b)s::bigint), greatest(%(a)s::bigint, %(b)s::bigint), %(who)s, %(why)s, %(now)s)
on conflict do nothing

-- name: split_off
-- a cause of its own for some items, by a fingerprint that nothing else ever has
insert into cause (fingerprint, class, systems, field, version, party, sku, title, team, person, first_seen, last_seen, seen, changed)
select c.fingerprint || ' | split ' || (select count(*) + 1 from cause x where x.fingerprint like replace(replace(replace(c.fingerprint, '\', '\\'), '%%', '\%%'), '_', '\_') || ' | split %%'),
  c.class, c.systems, c.field, c.version, c.party, c.sku, %(title)s, c.team, c.person, %(now)s, %(now)s, %(many)s, %(now)s
from cause c where c.id = %(id)s returning id

-- name: pin_work
update work set cause = %(cause)s, origin = %(cause)s, pinned = true, version = version + 1, changed = %(now)s where id = any(%(ids)s::bigint[])

-- name: set_cause
update cause set team = %(team)s, person = %(person)s, fixed_at = case when %(fixed_in)s = '' then null when fixed_in = %(fixed_in)s then fixed_at else %(now)s end,
  fixed_in = %(fixed_in)s, changed = %(now)s, row_version = row_version + 1 where id = %(id)s

-- name: fingerprints_split
select s.a, s.b, s.who, s.why, s.at from cause_split s where s.a = %(id)s or s.b = %(id)s order by s.at

-- name: cause_days
-- by work_cause
select w.cause, floor(extract(epoch from %(now)s - w.opened) / 86400)::int as ago, count(*)
from work w where w.cause = any(%(ids)s::bigint[]) and w.opened > %(now)s - make_interval(days => %(days)s) and w.opened <= %(now)s group by 1, 2

-- name: sweep_selections
delete from selection where expires <= %s

-- name: insert_selection
insert into selection (id, owner, filter, created, expires, many, sums, classes, oldest, hash) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- name: insert_selection_items
insert into selection_item (selection, position, work, version)
select %(selection)s, u.n, u.work, u.version from unnest(%(works)s::bigint[], %(versions)s::int[]) with ordinality as u(work, version, n)

-- name: one_selection
select id, owner, filter, created, expires, many, sums::text, classes::text, oldest, hash from selection where id = %s

-- name: selection_items
-- by primary key, a page at a time
select position, work, version from selection_item where selection = %s and position > %s order by position limit %s

-- name: selection_holds
select work from selection_item where selection = %s and work = any(%s)

-- name: operation_by_key
select id, owner from operation where key = %s

-- name: insert_operation
insert into operation (key, owner, scopes, action, arguments, filter, state, many, sums, created, retry_of)
values (%s, %s, %s, %s, %s, %s, 'queued', %s, %s, %s, %s) returning id

-- name: fill_operation
insert into operation_item (operation, position, work, version)
select %s, position, work, version from selection_item where selection = %s

-- name: refill_operation
-- those that failed, at the versions they have now
insert into operation_item (operation, position, work, version)
select %(new)s, row_number() over (order by i.position), i.work, w.version from operation_item i join work w on w.id = i.work
where i.operation = %(old)s and i.outcome = 'failed'

-- name: one_operation
select o.id, o.ref, o.owner, o.action, o.arguments::text, o.filter, o.state, o.many, o.sums::text, o.created, o.started, o.ended, o.retry_of, o.scopes::text
from operation o where o.id = %s

-- name: operations
select o.id, o.ref, o.owner, o.action, o.arguments::text, o.filter, o.state, o.many, o.sums::text, o.created, o.started, o.ended, o.retry_of, o.scopes::text
from operation o where (%(owner)s::text is null or o.owner = %(owner)s) and (%(before)s::bigint is null or o.id < %(before)s)
order by o.id desc limit %(limit)s

-- name: operation_counts
-- by primary key
select outcome, count(*) from operation_item where operation = %s group by 1

-- name: operation_items
select i.position, i.work, i.version, i.outcome, i.reason, i.at, w.ref, w.class, w.summary, case when w.priced then w.worth end, w.currency
from operation_item i join work w on w.id = i.work
where i.operation = %(id)s and i.position > %(after)s and (%(outcome)s::text is null or i.outcome = %(outcome)s) order by i.position limit %(limit)s

-- name: operation_to_run
-- one runner per operation: whoever has the row
select id from operation where state in ('queued', 'running') order by id for update skip locked limit 1

-- name: operation_todo
-- by operation_item_todo
select position, work, version from operation_item where operation = %s and outcome = '' order by position limit %s

-- name: set_item_outcomes
update operation_item i set outcome = u.outcome, reason = u.reason, at = %(now)s
from unnest(%(positions)s::int[], %(outcomes)s::text[], %(reasons)s::text[]) as u(position, outcome, reason)
where i.operation = %(id)s and i.position = u.position and i.outcome = ''

-- name: operation_state
select state from operation where id = %s for update

-- name: set_operation_state
update operation set state = %(state)s, started = coalesce(started, %(started)s), ended = %(ended)s where id = %(id)s

-- name: cancel_items
update operation_item set outcome = 'cancelled', reason = %s, at = %s where operation = %s and outcome = ''

-- name: reasons_of
-- what the ledger says of messages that were read again
select id, summary from work where id = any(%s)

-- name: states_of
select id, state, version from work where id = any(%s)

-- name: set_progress
-- how far what people asked for has come; the ledger may have moved on already
update work w set progress = u.progress, progress_note = u.note, progress_at = %(now)s, changed = %(now)s, version = w.version + 1
from unnest(%(ids)s::bigint[], %(progress)s::text[], %(notes)s::text[]) as u(id, progress, note)
where w.id = u.id and w.state <> 'resolved' and w.progress = 'requested'

-- name: clear_progress
update work set progress = %s, progress_at = %s, version = version + 1 where id = %s and progress = %s

-- name: newest_commands
-- one step into command_root for each of the rows
select u.id, c.key, c.state, coalesce(c.attempt->>'reason', '')
from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) as u(id, root, account, side) cross join lateral (
  select key, state, attempt from command where root = u.root and account = u.account and side = u.side order by created desc, number desc limit 1
) c

-- name: last_decision
-- by work_event_work
select event, detail::text from work_event where work = %s and event in ('accepted', 'linked', 'matched', 'taken back') order by id desc limit 1

-- name: waits_on
select on_ref, reason, system from waiting where identity = %s order by line limit 1

-- name: newest_body
select body::text from fact where identity = %s order by ordinal desc limit 1

-- name: insert_request
insert into work_request (work, work_version, about, action, payload, hash, amount, currency, rule, proposer, why, role, team, approvers, asked, expires, state)
values (%(work)s, %(version)s, %(about)s, %(action)s, %(payload)s::json, %(hash)s, %(amount)s, %(currency)s, %(rule)s, %(proposer)s, %(why)s, %(role)s, %(team)s,
  %(approvers)s, %(asked)s, %(expires)s, 'waiting') returning id

-- name: request_for_update
select id, work from work_request where id = %(id)s for update

-- name: requests
-- those that wait by work_request_waiting
select r.id, r.work, coalesce(w.ref, r.about), r.action, r.payload::text, r.hash, r.amount, r.currency, r.rule, r.proposer, r.why, r.role, r.team, r.approvers, r.asked,
  r.expires, r.state, r.ended, r.note, r.work_version, coalesce(w.summary, r.why), coalesce(w.class, ''), coalesce(w.channel, ''),
  coalesce(w.warehouse, ''), coalesce(w.team, ''),
  coalesce((select json_agg(json_build_array(c.who, c.at, c.for_) order by c.at) from work_consent c where c.request = r.id and c.agrees)::text, '[]')
from work_request r left join work w on w.id = r.work
where (%(state)s::text is null or r.state = %(state)s) and (%(id)s::bigint is null or r.id = %(id)s) order by r.asked, r.id limit %(limit)s

-- name: request_waits
-- by work_request_about
select id, proposer from work_request where about = %s and work is null and state = 'waiting'

-- name: request_of_work
-- by work_request_work
select id from work_request where work = %s and state = 'waiting' order by id desc limit 1

-- name: work_of_case
-- by the unique key of kind and source
select id from work where kind = 'balance' and source_key = %s

-- name: insert_consent
insert into work_consent (request, proposer, who, for_, agrees, note, at) values (%s, %s, %s, %s, %s, %s, %s)

-- name: end_request
update work_request set state = %s, ended = %s, note = %s where id = %s and state = 'waiting'

-- name: expire_requests
with over as (update work_request set state = 'returned', ended = %(now)s, note = 'nobody decided in time' where state = 'waiting' and expires <= %(now)s
  returning id, work),
back as (update work w set progress = '', version = w.version + 1, changed = %(now)s from over o where w.id = o.work and w.progress = 'waiting for approval')
select id, work from over

-- name: worths_of
select id, case when priced then worth end, currency from work where id = any(%s)

-- name: lock_key
select pg_advisory_xact_lock(hashtextextended(current_schema() || '/operation/' || %s, 0))

-- name: operation_scopes
select arguments::text, scopes::text from operation where id = %s

-- name: operation_turn
-- a lock of this connection, gone with it: one process at a time does the items of an operation
select pg_try_advisory_lock(hashtextextended(current_schema() || '/operation/' || %s::text, 1))

-- name: end_operation_turn
select pg_advisory_unlock(hashtextextended(current_schema() || '/operation/' || %s::text, 1))

-- name: candidates_of
-- the opposite side by work_class, narrowed by item, partner or value; the same number by work_number
with mine as (select * from work where id = %(id)s),
found as (
  select w.id from mine m join work w on w.class = m.account || case m.side when 'debit' then '-' else '+' end and w.state <> 'resolved' and w.root <> m.root
  where m.kind = 'balance' and (w.sku = m.sku or w.party = m.party or w.worth = m.worth)
  union
  select w.id from mine m join work w on w.number = m.number and w.root <> m.root and w.kind = 'balance' and w.state <> 'resolved' where m.number <> ''
)
select w.root, w.id, w.summary, case when w.priced then w.worth end, w.currency, w.since, w.number = m.number,
  w.party = m.party and m.party <> '', w.sku = m.sku and m.sku <> '',
  w.quantity::text <> '{}' and replace(w.quantity::text, '-', '') = replace(m.quantity::text, '-', ''), w.priced and m.priced and w.worth = m.worth,
  abs(extract(epoch from w.since - m.since)) / 86400
from found f join work w on w.id = f.id cross join mine m
where w.number like %(words)s
  and (cardinality(%(scope_team)s::text[]) = 0 or w.team = any(%(scope_team)s::text[]))
  and (cardinality(%(scope_channel)s::text[]) = 0 or w.channel = any(%(scope_channel)s::text[]))
  and (cardinality(%(scope_warehouse)s::text[]) = 0 or w.warehouse = any(%(scope_warehouse)s::text[]))
order by (w.number = m.number)::int * 40 + (replace(w.quantity::text, '-', '') = replace(m.quantity::text, '-', ''))::int * 25
  + (w.worth = m.worth)::int * 20 + (w.sku = m.sku)::int * 20 + (w.party = m.party)::int * 15 desc, w.id limit 50

-- name: child_of
-- the message that a person made of another, by message_key
select c.id from message m join message c on c.system = m.system
  and c.key >= convert_to('edit ' || %s::bigint || ' ', 'UTF8') and c.key < convert_to('edit ' || %s::bigint || '!', 'UTF8')
where m.id = %s

-- name: messages_behind
-- by message_id, or by posting_root and fact_identity: a message that could not be read, or those whose statements stand on a root
select m.id, s.name, x.kind, x.identity, m.received
from (
  select %s::bigint as id, '' as kind, '' as identity
  union all
  select f.message, f.kind, f.identity
  from (select distinct p.entries::json->>0 as identity from posting p where p.root = %s) i
  cross join lateral (select f.message, f.kind, f.identity from fact f where f.identity = i.identity order by f.ordinal desc limit 1) f
) x join message m on m.id = x.id join system s on s.id = m.system order by m.received desc, m.id desc, x.identity limit 50

-- name: commands_about
select key, act, body::text from command where root = %s order by created, key limit 50

-- name: cases_to_follow
-- what is noted and not followed yet: little, as long as the work is followed
select key from work_todo where kind = 'case'

-- name: case_states
select case_id, state from case_ where case_id = any(%s) order by 1

-- name: commands_made
-- by command_open: those of one moment
select body::text from command where created = %s and state in ('queued', 'held') order by key

-- name: notices_due
-- by notice_due; a recipient who was told within the digest's time waits for its end, and is then told all at once
select n.id, n.recipient, n.way, n.subject, n.text, n.work, n.tries from notice n
where n.sent is null and n.not_before <= %(now)s
  and not exists (select from notice b where b.recipient = n.recipient and b.way = n.way and b.sent > %(now)s - %(quiet)s::interval and b.fault = '')
order by n.not_before, n.id limit %(limit)s for update skip locked

-- name: notices_sent
update notice set sent = %(now)s, fault = '' where id = any(%(ids)s::bigint[])

-- name: notices_failed
update notice set tries = tries + 1, fault = %(fault)s, not_before = %(again)s, sent = %(given_up)s where id = any(%(ids)s::bigint[])

-- name: untold
select recipient, way, count(*), max(fault) from notice where fault <> '' group by 1, 2 order by 1, 2

-- name: views_of
select v.id, v.slug, v.name, v.page, v.query, v.owner, v.team, v.changed, v.version, d.view is not null
from saved_view v left join default_view d on d.view = v.id and d.person = %(person)s and d.page = v.page
where v.page = %(page)s and v.owner in ('', %(person)s) order by v.owner = '', v.team = '', v.name, v.id

-- name: count_views
select count(*) from saved_view where owner = %s and team = %s

-- name: view_named
select id, version from saved_view where page = %s and owner = %s and team = %s and slug = %s for update

-- name: save_view
insert into saved_view (slug, name, page, query, owner, team, changed) values (%(slug)s, %(name)s, %(page)s, %(query)s, %(owner)s, %(team)s, %(now)s)
on conflict (page, owner, team, slug) do update set name = excluded.name, query = excluded.query, changed = excluded.changed, version = saved_view.version + 1
returning id

-- name: rename_view
update saved_view set slug = %(slug)s, name = %(name)s, changed = %(now)s, version = version + 1 where id = %(id)s

-- name: one_view
select owner, team, name, page, query from saved_view where id = %s for update

-- name: delete_view
delete from saved_view where id = %s

-- name: set_default_view
insert into default_view (person, page, view) values (%s, %s, %s) on conflict (person, page) do update set view = excluded.view

-- name: clear_default_view
delete from default_view where person = %s and page = %s

-- name: causes_beyond
-- by work_cause and work_origin: a case of one of the causes that whoever asks may not see
select w.id from work w where (w.cause = any(%(ids)s) or w.origin = any(%(ids)s)) and not {seen} limit 1

-- name: refs_of_selection
select w.ref from selection_item i join work w on w.id = i.work where i.selection = %s order by w.id limit 2

-- name: systems_of_selection
-- by primary keys, each message once
select distinct s.name from selection_item i join work w on w.id = i.work join message m on m.id = w.message join system s on s.id = m.system
where i.selection = %s order by 1

-- name: messages_to_replay
-- by message_received (or, for a selection, its primary key and work's); without those that a person has edited into another message
select m.id, m.received, coalesce(m.meta->>'tieout.mapping', ''), m.statements
from message m join system s on s.id = m.system
where s.name = %(system)s and (%(since)s::timestamptz is null or m.received >= %(since)s) and (%(until)s::timestamptz is null or m.received < %(until)s)
  and (not %(unread)s or exists (select from quarantine q where q.message = m.id))
  and (%(selection)s = '' or m.id in (
    select w.message from selection_item i join work w on w.id = i.work join selection z on z.id = i.selection
    where i.selection = %(selection)s and z.owner = %(owner)s and w.message is not null))
  and not exists (
    select from message c where c.system = m.system and c.key >= convert_to('edit ' || m.id || ' ', 'UTF8') and c.key < convert_to('edit ' || m.id || '!', 'UTF8'))
order by m.id limit %(most)s

-- name: fill_replay
insert into operation_message (operation, position, message) select %s, n, m from unnest(%s::bigint[]) with ordinality as u(m, n)

-- name: refill_replay
insert into operation_message (operation, position, message)
select %(new)s, row_number() over (order by position), message from operation_message where operation = %(old)s and outcome = 'failed'

-- name: replay_todo
-- by operation_message_todo
select position, message from operation_message where operation = %s and outcome = '' order by position limit %s

-- name: replay_counts
-- by primary key
select outcome, count(*) from operation_message where operation = %s group by 1

-- name: replay_items
select i.position, i.message, 0, i.outcome, i.reason, i.at, 'message ' || i.message, m.contract, m.origin || ', line ' || m.line, null::numeric, ''
from operation_message i join message m on m.id = i.message
where i.operation = %(id)s and i.position > %(after)s and (%(outcome)s::text is null or i.outcome = %(outcome)s) order by i.position limit %(limit)s

-- name: set_replayed
update operation_message i set outcome = u.outcome, reason = u.reason, at = %(now)s
from unnest(%(positions)s::int[], %(outcomes)s::text[], %(reasons)s::text[]) as u(position, outcome, reason)
where i.operation = %(id)s and i.position = u.position and i.outcome = ''

-- name: cancel_replay
update operation_message set outcome = 'cancelled', reason = %s, at = %s where operation = %s and outcome = ''

-- name: unread_reasons
-- by quarantine_message: the first reason of each
select distinct on (message) message, reason from quarantine where message = any(%s) order by message, id
