-- One way to consent: what people propose about no exception in particular (a link, a match, a correction) waits beside what they
-- propose about one. What waited in the table `proposal` goes on where everything else waits.
alter table work_request alter column work drop not null;
alter table work_request add column about text not null default '';
alter table work_request add check (work is not null or about <> '');
create unique index work_request_about on work_request (about) where state = 'waiting' and work is null;

with moved as (
  insert into work_request (work, work_version, about, action, payload, hash, amount, currency, rule, proposer, why, role, team, approvers, asked,
    expires, state, ended, note)
  select null, 0, p.key, case p.act when 'write_off' then 'accept' else 'correct' end, p.fact, p.request->>'payload',
    coalesce((p.request->>'amount')::numeric, 0), coalesce(p.request->>'currency', ''), p.request->>'rule', p.proposed_by,
    coalesce(p.fact#>>'{data,why}', ''), p.request->>'role', coalesce(p.request->>'team', ''), (p.request->>'approvers')::smallint,
    (p.request->>'asked_at')::timestamptz, (p.request->>'expires_at')::timestamptz,
    case p.state when 'held' then 'waiting' when 'approved' then 'approved' when 'rejected' then 'denied' else 'void' end,
    case when p.state <> 'held' then p.changed end, p.reason
  from proposal p order by p.created
  returning id, about, proposer
)
insert into work_consent (request, proposer, who, for_, agrees, at)
select m.id, m.proposer, c->>'who', coalesce(c->>'for_', ''), true, (c->>'at')::timestamptz
from moved m join proposal p on p.key = m.about, json_array_elements(coalesce(p.request->'given', '[]'::json)) c;

drop table proposal;
