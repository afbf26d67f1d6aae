-- A second factor for local accounts, and operations over messages.

-- What an authenticator app shares with us. It has to be read back to check a code; `confirmed` is empty until the first code was right,
-- `step` is the newest interval whose code was taken, so that none serves twice.
create table person_second (
  person bigint primary key references person (id),
  secret text not null,
  made timestamptz not null,
  confirmed timestamptz,
  step bigint not null default 0
);

-- Codes for the day on which the telephone is lost: each serves once, only its SHA-256 is kept.
create table person_recovery (
  person bigint not null references person (id),
  hash bytea not null,
  used timestamptz,
  primary key (person, hash)
);

-- A sign-in that waits: for the code of the `second` factor, or for a first factor to be made (`enrol`). Until then it lets nobody in.
alter table login_session add column waits text not null default '' check (waits in ('', 'second', 'enrol'));

-- What became of each message of an operation that replays messages.
create table operation_message (
  operation bigint not null references operation,
  position integer not null,
  message bigint not null,
  outcome text not null default '' check (outcome in ('', 'done', 'failed', 'cancelled')),
  reason text not null default '',
  at timestamptz,
  primary key (operation, position)
);
create index operation_message_todo on operation_message (operation, position) where outcome = '';

-- How much came and went in the last hour is read by time; messages and steps come in that order, so an index of ranges is enough.
create index message_received on message using brin (received) with (pages_per_range = 32, autosummarize = on);
create index command_event_at on command_event using brin (at) with (pages_per_range = 32, autosummarize = on);

-- Statements that said again, word for word, what was known. They post nothing, and are shown all the same.
create table repeat (
  identity text not null collate "C",
  message bigint not null,
  place text not null collate "C"
);
create index repeat_identity on repeat (identity);
