-- Control numbers of outgoing documents, and the documents that took them.

-- The last numbers given between two parties. A number is given in the transaction that stores its document, so none is
-- lost and none is given twice: a writer waits for the one before it.
create table control_number (
  sender text not null collate "C",
  receiver text not null collate "C",
  interchange integer not null check (interchange between 1 and 999999999),
  group_ integer not null check (group_ between 1 and 999999999),
  set_ integer not null check (set_ between 1 and 999999999),
  primary key (sender, receiver)
) with (fillfactor = 50);

-- What was written for a command, byte for byte, for ever: sending it again sends these bytes.
create table outgoing (
  command text primary key collate "C",
  system text not null,
  sender text not null collate "C",
  receiver text not null collate "C",
  interchange integer not null,
  group_ integer not null,
  set_ integer not null,
  made timestamptz not null,
  hash bytea not null,
  raw bytea not null
);
alter table outgoing alter column raw set storage external;
create index outgoing_number on outgoing (sender, receiver, interchange);
create trigger append_only before update or delete or truncate on outgoing for each statement execute function refuse_change();
