-- name: roots_page
-- in the order of the primary key, from the cursor on; `{seen}` is the condition of the scopes, by work_root
select s.ref, (select count(*) from json_object_keys(s.net::json)), s.cases from subject s
where s.alias is null and s.ref > %(after)s and s.ref like %(prefix)s and (not %(open)s or s.net <> '{}') and {seen}
order by s.ref limit %(limit)s

-- name: balances_page
-- in the order of the primary key of subject, from the cursor's root on; a root has a handful of balances
select s.ref, a.key, left(n.key, -length(m.measure) - 1) as key, m.measure, a.value
from (
  select ref, net from subject s
  where s.alias is null and s.net <> '{}' and s.ref >= %(root)s and (%(subject)s::text is null or s.ref = %(subject)s) and {seen}
    and (%(account)s::text is null or position('"' || %(account)s || '"' in s.net) > 0)
  order by s.ref limit %(limit)s
) s
cross join lateral json_each(s.net::json) n
cross join lateral json_each_text(n.value) a
cross join lateral (select split_part(n.key, '|', -1) as measure) m
where (%(account)s::text is null or a.key = %(account)s) and (s.ref, a.key, n.key) > (%(root)s, %(code)s, %(key)s)
order by s.ref, a.key, n.key limit %(limit)s

-- name: root_seen
-- by work_root
select {seen} from subject s where s.ref = %(ref)s

-- name: commands_page
-- newest first; for a system that has much open by command_open, else by reading
select c.key, c.subject, c.act, c.system, c.state, c.attempt->>'reason', c.rule, c.proposed_by, c.approved_by, c.created, c.changed
from command c left join subject d on d.ref = c.subject left join subject s on s.ref = coalesce(d.alias, c.subject)
where (%(system)s::text is null or c.system = %(system)s) and (%(state)s::text is null or c.state = %(state)s)
  and (%(subject)s::text is null or s.ref = %(subject)s or c.subject = %(subject)s)
  and (%(created)s::timestamptz is null or (c.created, c.key) < (%(created)s, %(key)s)) and {seen}
order by c.created desc, c.key desc limit %(limit)s

-- name: command_for
select c.key, c.subject, c.act, c.system, c.state, c.attempt->>'reason', c.rule, c.proposed_by, c.approved_by, c.created, c.changed,
  c.body::text, c.because::text, encode(c.hash, 'hex')
from command c left join subject d on d.ref = c.subject left join subject s on s.ref = coalesce(d.alias, c.subject)
where c.key = %(key)s and {seen}

-- name: causes_page
-- by primary key, newest first; the open ones of each by work_cause
select c.id, c.title, c.class, c.state, c.systems, c.field, o.many, c.first_seen, c.last_seen, c.row_version
from cause c
cross join lateral (select count(*) as many from work w where w.cause = c.id and w.state <> 'resolved' and {seen}) o
where c.merged_into is null and c.id < %(before)s and (%(id)s::bigint is null or c.id = %(id)s) and (%(all)s or o.many > 0)
order by c.id desc limit %(limit)s

-- name: raw_message
-- by message_id; whoever is kept to scopes needs an exception of the message in them
select m.raw, m.contract from message m where m.id = %(id)s and {seen}

-- name: causes_there
-- by primary key
select id from cause where id = any(%s)
