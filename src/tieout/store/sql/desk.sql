-- The desk of those who approve and of those who share out the work: what waits for whom, what lost its ground, what is next.

-- name: requests_over
-- what was decided, newest first
select r.id, r.work, coalesce(w.ref, r.about), r.action, r.payload::text, r.hash, r.amount, r.currency, r.rule, r.proposer, r.why, r.role, r.team, r.approvers, r.asked,
  r.expires, r.state, r.ended, r.note, r.work_version, coalesce(w.summary, r.why), coalesce(w.class, ''), coalesce(w.channel, ''), coalesce(w.warehouse, ''),
  coalesce(w.team, ''),
  coalesce((select json_agg(json_build_array(c.who, c.at, c.for_) order by c.at) from work_consent c where c.request = r.id and c.agrees)::text, '[]')
from work_request r left join work w on w.id = r.work where r.state <> 'waiting' order by r.ended desc, r.id desc limit %s

-- name: held_requests
-- commands that wait for somebody's leave, by command_open, each with the exception that it is
select c.key, c.act, c.system, c.body::text, c.rule, c.proposed_by, c.created, c.request::text, w.id, w.ref, w.summary, w.class, w.team, w.channel, w.warehouse
from command c join work w on w.kind = 'command' and w.progress_key = c.key
where c.state = 'held' and (%(work)s::bigint is null or w.id = %(work)s) order by c.created, c.key limit %(limit)s

-- name: beside_requests
-- what lies beside some exceptions: files and comments, by work_file_hash and work_event_work
select w.id, (select count(*) from work_file f where f.work = w.id and not exists (select from work_file_removed r where r.file = f.id)),
  (select count(*) from work_event e where e.work = w.id and e.event = 'commented')
from work w where w.id = any(%s)

-- name: approved_before
-- how many of each class somebody has approved so far
select w.class, count(*) from work_consent c join work_request r on r.id = c.request join work w on w.id = r.work
where c.who = %s and c.agrees group by 1

-- name: decertified
-- which of some requests lost their ground, and why
select request, at, why from work_decertified where request = any(%s)

-- name: approved_and_touched
-- approved decisions on roots that have had postings since the last decision about them; by work_request_approved and posting_root
select r.id, r.work, w.ref, w.root, w.account, w.side, w.key, r.proposer, r.team, r.payload->'data'->>'residual', r.payload->'data'->>'unit',
  coalesce((select json_agg(c.who) from work_consent c where c.request = r.id and c.agrees)::text, '[]')
from work_request r join work w on w.id = r.work
where r.state = 'approved' and not exists (select from work_decertified d where d.request = r.id)
  and exists (
    select from posting p where p.root = w.root and p.batch > (
      select max(q.batch) from posting q where q.root = w.root and q.entries like '["people/write_off/%%'))
order by r.id desc limit %(limit)s

-- name: decertify
insert into work_decertified (request, at, why) values (%s, %s, %s) on conflict do nothing

-- name: next_unowned
-- the first of what nobody has, by work_priority; what rests, is on its way, or is claimed by another this moment is passed over
select w.id, w.version from work w where {where} and w.state <> 'snoozed' and w.progress in ('', 'refused') order by w.priority, w.due, w.id limit 1 for update skip locked

-- name: owners_of
-- everybody who can be given work, with the open load (work_person) and what he had of the same cause (work_cause) and class when it was resolved
with mine as (select cause, class from work where id = %(id)s),
ended as (
  select w.person, count(*) filter (where w.cause = m.cause) as causes, count(*) as classes
  from mine m join work w on w.class = m.class and w.state = 'resolved' and w.resolved > %(now)s::timestamptz - make_interval(days => %(days)s) and w.person <> ''
  group by 1
)
select p.login, p.name, (select count(*) from work w where w.person = p.login and w.state <> 'resolved'), coalesce(e.causes, 0), coalesce(e.classes, 0)
from person p left join ended e on e.person = p.login
where p.disabled is null and exists (select from person_role r where r.person = p.id and r.role in ('analyst', 'engineer', 'approver'))
order by p.name, p.login

-- name: export_of
select owner, arguments::text from operation where id = %s

-- name: insert_operation_file
insert into operation_file (operation, part, raw) values (%s, %s, %s)

-- name: operation_file
-- by primary key
select raw from operation_file where operation = %s order by part

-- name: sweep_files
-- files of exports that ended long ago
delete from operation_file f using operation o where o.id = f.operation and o.ended < %s

-- name: set_many
update operation set many = %s where id = %s

-- name: open_currencies
-- by work_counts alone
select currency from work where state <> 'resolved' and currency <> '' group by 1 order by count(*) desc
