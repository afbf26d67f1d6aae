-- What the desk of the people needs besides: files that are taken away again, approvals that lost their ground, causes that rest,
-- lists that are written out in the background.

-- A file that its own author took away: it is shown and given out no more, and the evidence that it was there stays. Sent again it is a new one.
create table work_file_removed (
  file bigint primary key,
  who text not null,
  at timestamptz not null
);
create trigger append_only before update or delete or truncate on work_file_removed for each statement execute function refuse_change();
drop index work_file_hash;
create index work_file_hash on work_file (work, hash);

-- What was approved stands on a balance. When the sources say something else afterwards, it lapses: whoever had a part in it is told once.
create table work_decertified (
  request bigint primary key references work_request,
  at timestamptz not null,
  why text not null
);
create trigger append_only before update or delete or truncate on work_decertified for each statement execute function refuse_change();
create index work_request_approved on work_request (work) where state = 'approved';

-- The moment from which a cause counts as fixed: what appears after it in another version is regressed.
alter table cause add column fixed_at timestamptz;
create index cause_snoozed on cause (id) where state = 'snoozed';

-- A list that is too long to be sent while somebody waits: written in parts by the operation `export`, given out as one file.
create table operation_file (
  operation bigint not null references operation,
  part integer not null,
  raw bytea not null,
  primary key (operation, part)
);
alter table operation_file alter column raw set storage external;

-- Who brought what to an end of late, for a suggestion of whom to give the next one.
create index work_ended on work (class, resolved) include (person, cause) where state = 'resolved' and person <> '';
