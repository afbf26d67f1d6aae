-- Causes that rest, with their items.

-- name: snooze_cause
update cause set state = 'snoozed', snooze = %(snooze)s::json, snooze_until = %(until)s, changed = %(now)s, row_version = row_version + 1 where id = %(id)s

-- name: rest_with_causes
-- by cause_snoozed and work_cause: items of causes that rest, less those that somebody woke on their own
with resting as (
  select w.id, w.state as was, c.id as cause, c.snooze_until from cause c join work w on w.cause = c.id
  where c.state = 'snoozed' and (%(cause)s::bigint is null or c.id = %(cause)s) and w.state not in ('snoozed', 'resolved')
    and not exists (select from work_event e where e.work = w.id and e.event = 'woken' and e.at >= (c.snooze->>'at')::timestamptz)
), done as (
  update work w set state = 'snoozed', snooze = json_build_object('kind', 'cause', 'cause', r.cause, 'was', r.was), snooze_until = r.snooze_until,
    snoozed_by = 'CA-' || r.cause, next_step = null, changed = %(now)s, version = w.version + 1
  from resting r where w.id = r.id returning w.id, r.cause
)
insert into work_event (work, at, event, who, detail)
select id, %(now)s, 'snoozed', 'CA-' || cause, json_build_object('cause', cause, 'why', 'its cause rests') from done

-- name: causes_over
-- causes whose time has come, that brought n more, whose open items are worth more, whose system is well, whose version is live
select o.id, o.why from (
  select c.id,
    case when c.snooze_until <= %(now)s then 'the time has come'
      when c.snooze->>'kind' = 'more' and c.seen - (c.snooze->>'seen')::bigint >= (c.snooze->>'more')::bigint then (c.snooze->>'more') || ' more have come'
      when c.snooze->>'kind' = 'value' and (
        select sum(w.worth) from work w where w.cause = c.id and w.state <> 'resolved' and w.priced and w.currency = c.snooze->>'currency')
        > (c.snooze->>'value')::numeric then 'its items are worth more now'
      when c.snooze->>'kind' = 'system' and c.snooze->>'system' = any(%(healthy)s::text[]) then (c.snooze->>'system') || ' is well again'
      when c.snooze->>'kind' = 'version' and v.version is not null and (
        (c.snooze->>'version' = 'next' and v.version <> coalesce(c.snooze->>'than', '')) or v.version like (c.snooze->>'version') || '%%')
        then 'version ' || v.version || ' is live'
    end as why
  from cause c left join unnest(%(systems)s::text[], %(versions)s::text[]) as v(system, version) on v.system = c.snooze->>'system'
  where c.state = 'snoozed'
) o where o.why is not null

-- name: wake_causes
-- the causes as they were before, and the items that rest with them, by work_cause
with over as (
  select c.id, u.why, coalesce(c.snooze->>'was', 'ongoing') as was from unnest(%(ids)s::bigint[], %(whys)s::text[]) as u(id, why) join cause c on c.id = u.id
), woken as (
  update cause c set state = o.was, snooze = null, snooze_until = null, changed = %(now)s, row_version = c.row_version + 1 from over o where c.id = o.id
), done as (
  update work w set state = coalesce(w.snooze->>'was', 'ongoing'), snooze = null, snooze_until = null, snoozed_by = '', changed = %(now)s,
    version = w.version + 1, next_step = case when w.chain <> '' then %(now)s::timestamptz end
  from over o where w.cause = o.id and w.state = 'snoozed' and w.snooze->>'kind' = 'cause' returning w.id, o.why
)
insert into work_event (work, at, event, who, detail) select id, %(now)s, 'woken', 'clock', json_build_object('why', why) from done
