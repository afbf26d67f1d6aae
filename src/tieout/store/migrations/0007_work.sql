-- The work on exceptions: one row per exception of any kind, what people do with it, and what comes of that.
-- The rows follow the ledger; nothing here can close one (it is resolved when its cause is gone from the ledger).

-- What has changed and is not followed yet. Written by the triggers below in the transaction of the change, so that nothing is
-- missed whatever the order of commits; taken by `cases.follow`. Nothing is written for a message that makes no exception.
create table work_todo (
  kind text not null,
  key text not null collate "C"
);

create function work_words(variadic texts text[]) returns tsvector language sql immutable parallel safe as $$
  select array_to_tsvector(array_remove(
    string_to_array(lower(array_to_string(texts, E'\n')), E'\n')
    || string_to_array(translate(lower(array_to_string(texts, ' ')), E',;:|/()"#\t\n', '           '), ' '), ''))
$$;
comment on function work_words is 'Search words of some texts: each text whole and its parts, lower case; searched by prefix, without a dictionary.';

-- One cause, many items: what has the same fingerprint. A merged one points at the cause that took it in.
create table cause (
  id bigint generated always as identity primary key,
  fingerprint text not null unique collate "C",
  class text not null,
  systems text not null,
  field text not null,
  version text not null,
  party text not null,
  sku text not null,
  title text not null,
  merged_into bigint references cause,
  merged_by text not null default '',
  merged_why text not null default '',
  state text not null default 'new' check (state in ('new', 'ongoing', 'escalating', 'regressed', 'snoozed', 'resolved')),
  team text not null default '',
  person text not null default '',
  fixed_in text not null default '',
  snooze json,
  snooze_until timestamptz,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  seen bigint not null default 0,
  changed timestamptz not null,
  row_version integer not null default 1
);
create index cause_merged on cause (merged_into) where merged_into is not null;

-- A permanent split: these two are never one cause again, whoever or whatever would merge them.
create table cause_split (
  a bigint not null references cause,
  b bigint not null references cause,
  who text not null,
  why text not null,
  at timestamptz not null,
  primary key (a, b),
  check (a < b)
);

-- `class` is the account with its sign (`SNI+`), or QUA, WAI, CNF, REF, FED, CREF (refused), CUNK (in doubt), CHLD (held).
-- `opened` is when this episode began, `owed_at` the deadline in the ledger, `due` the deadline for working it (by the routing row).
-- `worth` is the absolute amount in `currency`; an item in several currencies has the others in `more`; not `priced`: nobody knows it.
-- `progress`: what was asked for and where it stands; only the ledger resolves.
create table work (
  id bigint generated always as identity primary key,
  ref text collate "C" generated always as ('EX-' || id) stored,
  kind text not null check (kind in ('balance', 'quarantine', 'waiting', 'conflict', 'reference', 'command', 'feed')),
  source_key text not null collate "C",
  class text not null,
  cause bigint references cause,
  origin bigint references cause,
  pinned boolean not null default false,
  state text not null check (state in ('new', 'ongoing', 'escalating', 'regressed', 'snoozed', 'resolved')),
  title text not null,
  summary text not null,
  hint text not null default '',
  field text not null default '',
  mapping text not null default '',
  root text not null default '' collate "C",
  key text not null default '',
  number text not null default '' collate "C",
  account text not null default '',
  side text not null default '',
  system text not null default '',
  systems text not null default '',
  party text not null default '' collate "C",
  sku text not null default '' collate "C",
  channel text not null default '',
  warehouse text not null default '',
  entity text not null default '',
  message bigint,
  quantity json not null default '{}',
  worth numeric not null default 0,
  currency text not null default '',
  more json,
  priced boolean not null default false,
  cost_per_day numeric not null default 0,
  since timestamptz not null,
  owed_at timestamptz not null,
  opened timestamptz not null,
  resolved timestamptz,
  changed timestamptz not null,
  due timestamptz not null,
  team text not null default '',
  person text not null default '',
  priority smallint not null default 3 check (priority between 1 and 5),
  rule text not null default '',
  routed boolean not null default false,
  assigned_by text not null default '',
  chain text not null default '',
  step smallint not null default 0,
  next_step timestamptz,
  acknowledged timestamptz,
  acknowledged_by text not null default '',
  snooze json,
  snooze_until timestamptz,
  snoozed_by text not null default '',
  progress text not null default '' check (progress in ('', 'requested', 'dispatched', 'confirmed', 'refused', 'waiting for approval', 'information requested')),
  progress_at timestamptz,
  progress_by text not null default '',
  progress_key text not null default '' collate "C",
  progress_note text not null default '',
  tags text[] not null default '{}',
  episodes integer not null default 1,
  counted integer not null default 0,
  version integer not null default 1,
  search tsvector not null default ''::tsvector,
  unique (kind, source_key),
  check ((state = 'resolved') = (resolved is not null))
);

-- Each sort in its own composite index that ends in id, of what is open:
create index work_due on work (due, id) where state <> 'resolved';
create index work_value on work (worth, id) where state <> 'resolved';
create index work_since on work (since, id) where state <> 'resolved';
create index work_opened on work (opened, id) where state <> 'resolved';
create index work_changed on work (changed, id) where state <> 'resolved';
create index work_class on work (class, due, id) where state <> 'resolved';
create index work_priority on work (priority, due, id) where state <> 'resolved';
-- and what people filter by most:
create index work_person on work (person, due, id) where state <> 'resolved';
create index work_team on work (team, due, id) where state <> 'resolved';
create index work_cause on work (cause, due, id);
create index work_origin on work (origin);
create index work_root on work (root);
create index work_message on work (message) where message is not null;
create index work_number on work (number text_pattern_ops);
create index work_ref on work (ref text_pattern_ops);
create index work_party on work (party text_pattern_ops) where state <> 'resolved';
create index work_sku on work (sku text_pattern_ops) where state <> 'resolved';
create index work_search on work using gin (search);
create index work_tags on work using gin (tags) where tags <> '{}';
create index work_more on work (id) where more is not null and state <> 'resolved';
create index work_progress on work (progress_key) where progress_key <> '';
create index work_unrouted on work (id) where not routed;
-- what the clock moves:
create index work_steps on work (next_step) where next_step is not null and state <> 'resolved';
create index work_snoozed on work (id) where state = 'snoozed';
create index work_resolved on work (resolved desc, id desc) where state = 'resolved';
-- counts and sums by any of the usual filters, from this index alone:
create index work_counts on work (class, state, team, person, channel, warehouse, system, currency)
  include (worth, priced, due, since, id, priority) where state <> 'resolved';

-- What happened to an exception or a cause, for ever: opened, changed, assigned, commented, resolved, …
create table work_event (
  id bigint generated always as identity primary key,
  work bigint,
  cause bigint,
  at timestamptz not null,
  event text not null,
  who text not null,
  detail json not null,
  check (work is not null or cause is not null)
);
create index work_event_work on work_event (work, id);
create index work_event_cause on work_event (cause, id) where cause is not null;
create trigger append_only before update or delete or truncate on work_event for each statement execute function refuse_change();

-- Files that people put to an exception: hostile until proven otherwise, only ever given back as a download.
create table work_file (
  id bigint generated always as identity primary key,
  work bigint not null references work,
  at timestamptz not null,
  who text not null,
  name text not null check (length(name) between 1 and 200),
  media text not null,
  size integer not null check (size between 0 and 10485760),
  hash bytea not null,
  raw bytea not null
);
alter table work_file alter column raw set storage external;
create unique index work_file_hash on work_file (work, hash);
create trigger append_only before update or delete or truncate on work_file for each statement execute function refuse_change();

create table work_watch (
  work bigint not null references work,
  person text not null,
  since timestamptz not null,
  primary key (work, person)
);
create index work_watch_person on work_watch (person);

-- A decision of a person that is over the person's limit, or that a checkpoint holds: it waits for somebody else. The hash binds
-- the approval to the exact payload; maker and checker differ by constraint, here and in every consent.
create table work_request (
  id bigint generated always as identity primary key,
  work bigint not null references work,
  work_version integer not null,
  action text not null,
  payload json not null,
  hash text not null,
  amount numeric not null default 0,
  currency text not null default '',
  rule text not null,
  proposer text not null check (proposer <> ''),
  why text not null,
  role text not null,
  team text not null default '',
  approvers smallint not null check (approvers in (1, 2)),
  asked timestamptz not null,
  expires timestamptz not null,
  state text not null check (state in ('waiting', 'approved', 'denied', 'returned', 'withdrawn', 'void')),
  ended timestamptz,
  note text not null default '',
  unique (id, proposer)
);
create index work_request_waiting on work_request (asked, id) where state = 'waiting';
create index work_request_work on work_request (work);

create table work_consent (
  request bigint not null,
  proposer text not null,
  who text not null,
  for_ text not null default '',
  agrees boolean not null,
  note text not null default '',
  at timestamptz not null,
  primary key (request, who),
  foreign key (request, proposer) references work_request (id, proposer),
  check (who <> proposer and for_ <> proposer)
);
create trigger append_only before update or delete or truncate on work_consent for each statement execute function refuse_change();

-- A frozen set of items: what was selected, as it was. `hash` covers ids and versions.
create table selection (
  id text primary key,
  owner text not null,
  filter text not null,
  created timestamptz not null,
  expires timestamptz not null,
  many integer not null,
  sums json not null,
  classes json not null,
  oldest timestamptz,
  hash bytea not null
);
create index selection_expires on selection (expires);

create table selection_item (
  selection text not null references selection on delete cascade,
  position integer not null,
  work bigint not null,
  version integer not null,
  primary key (selection, position)
);
create unique index selection_item_work on selection_item (selection, work);

-- One action on many items, done item by item; what became of each is kept.
create table operation (
  id bigint generated always as identity primary key,
  ref text collate "C" generated always as ('OP-' || id) stored,
  key text not null unique,
  owner text not null,
  scopes json not null,
  action text not null,
  arguments json not null,
  filter text not null,
  state text not null check (state in ('queued', 'running', 'paused', 'cancelled', 'done')),
  many integer not null,
  sums json not null,
  created timestamptz not null,
  started timestamptz,
  ended timestamptz,
  retry_of bigint references operation
);
create index operation_open on operation (id) where state in ('queued', 'running', 'paused');

create table operation_item (
  operation bigint not null references operation,
  position integer not null,
  work bigint not null,
  version integer not null,
  outcome text not null default '' check (outcome in ('', 'done', 'requested', 'waiting for approval', 'changed since selection', 'not eligible', 'failed', 'cancelled')),
  reason text not null default '',
  at timestamptz,
  primary key (operation, position)
);
create index operation_item_todo on operation_item (operation, position) where outcome = '';
create index operation_item_work on operation_item (work);

-- Names for URLs: of a person, of a team, or of everybody (both empty).
create table saved_view (
  id bigint generated always as identity primary key,
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,59}$'),
  name text not null check (length(name) between 1 and 100),
  page text not null,
  query text not null,
  owner text not null default '',
  team text not null default '',
  changed timestamptz not null,
  version integer not null default 1,
  unique (page, owner, team, slug),
  check (owner = '' or team = '')
);

create table default_view (
  person text not null,
  page text not null,
  view bigint not null references saved_view on delete cascade,
  primary key (person, page)
);

-- What somebody is to be told; put together into digests when it is sent.
create table notice (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  recipient text not null,
  way text not null check (way in ('email', 'webhook')),
  subject text not null,
  work bigint,
  text text not null,
  not_before timestamptz not null,
  tries integer not null default 0,
  sent timestamptz,
  fault text not null default ''
);
create index notice_due on notice (not_before, id) where sent is null;
create index notice_recipient on notice (recipient, sent) where sent is not null;

-- The newest command of a balance is work as long as somebody is needed: it is held or in doubt; or its target (no person of ours)
-- refused it, something still stands on its account, and nobody let it go again; or it was asked for and is not confirmed yet.
create function command_needs_work(c command, progress text) returns boolean language sql stable as $$
  select c.state in ('held', 'unknown') or (
    coalesce(c.attempt->>'denied', '') <> 'true'
    and case c.state
      when 'refused' then coalesce(c.attempt->>'released', '') <> 'true' or progress = 'requested'
      when 'queued' then progress in ('requested', 'dispatched') when 'sending' then progress in ('requested', 'dispatched')
      when 'accepted' then progress in ('requested', 'dispatched') else false end
    and exists (
      select from subject s left join subject r on r.ref = s.alias
      cross join lateral json_each(coalesce(r.net, s.net)::json) e
      where s.ref = c.subject and e.value->>c.account is not null))
$$;

-- What the ledger changes is noted here, by statement, in the transaction of the change: -------------------------------

create function note_cases() returns trigger language plpgsql as $$
begin
  insert into work_todo (kind, key) select 'case', case_id from changed;
  return null;
end $$;
create function note_commands() returns trigger language plpgsql as $$
begin
  insert into work_todo (kind, key) select 'command', c.key from changed c
  where c.state in ('held', 'unknown', 'refused')
    or exists (select from work w where w.kind = 'command' and w.source_key = c.account || case c.side when 'debit' then '+ ' else '- ' end || c.subject)
    or exists (select from work w where w.progress_key = c.account || case c.side when 'debit' then '+ ' else '- ' end || c.subject);
  return null;
end $$;
create function note_quarantine() returns trigger language plpgsql as $$
begin
  insert into work_todo (kind, key) select distinct 'quarantine', message::text from changed;
  return null;
end $$;
create trigger note_new after insert on case_ referencing new table as changed for each statement execute function note_cases();
create trigger note_changed after update on case_ referencing new table as changed for each statement execute function note_cases();
create trigger note_new after insert on quarantine referencing new table as changed for each statement execute function note_quarantine();
create trigger note_gone after delete on quarantine referencing old table as changed for each statement execute function note_quarantine();
create trigger note_new after insert on command referencing new table as changed for each statement execute function note_commands();
create trigger note_changed after update on command referencing new table as changed for each statement execute function note_commands();
