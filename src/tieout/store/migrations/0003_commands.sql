-- What systems are told (rules 23 to 26): decided in the transaction that changed the balance, sent afterwards.

-- One command for ever. `subject` is the root as it was named when the command was decided, `because` the sums it rests on.
-- `attempt` is where it stands; `state`, `next_move` and `next_at` repeat of it what the dispatcher searches by. A dispatcher
-- holds a command by a lease: `fence` rises with every holder, and who has an older one may no longer write.
create table command (
  key text primary key collate "C",
  subject text not null collate "C",
  account text not null,
  side text not null,
  number integer not null,
  act text not null,
  system text not null collate "C",
  body json not null,
  hash bytea not null,
  because json not null,
  rule text not null,
  attempt json not null,
  state text not null,
  next_move text not null,
  next_at timestamptz,
  fence bigint not null default 0,
  held_by text not null default '',
  held_until timestamptz,
  created timestamptz not null,
  changed timestamptz not null
);
create unique index command_number on command (subject, account, side, number);
create index command_next on command (system, next_at, key) where next_move <> 'nothing';
create index command_open on command (system, state) where state not in ('confirmed', 'cancelled', 'refused');

-- Every step in the life of every command, for ever: who did what, and what came of it.
create table command_event (
  id bigint generated always as identity primary key,
  key text not null collate "C",
  at timestamptz not null,
  event text not null,
  who text not null,
  detail json not null
);
create index command_event_key on command_event (key, id);
create trigger append_only before update or delete or truncate on command_event for each statement execute function refuse_change();

-- Roots to decide about again at a time: when a wait is over, or when an answer came.
create table consider (
  root text primary key collate "C",
  at timestamptz not null
);
create index consider_at on consider (at);

-- How each system that is told something is doing: its circuit, and whether a person has paused it.
create table lane (
  system text primary key collate "C",
  circuit json not null,
  paused_until timestamptz,
  paused_by text not null default '',
  paused_why text not null default ''
);
