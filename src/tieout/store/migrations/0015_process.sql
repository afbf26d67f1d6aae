-- The process map: the event log of what went how, kept beside the ledger. All of it is derived: it can be emptied and is filled anew.

-- How far the log has come: `seq` is the last commit that is in it, and `heard` when that commit was recorded. While it is filled for
-- the first time, `root` is how far that is. With other models (`shape`) it begins anew.
create table process_mark (
  one boolean primary key default true check (one),
  shape text not null,
  seq bigint not null,
  root text collate "C",
  heard timestamptz
);

-- One document on one root: `n` is 0 for what was said first and counts the revisions after it; `withdrawn` takes the document back.
-- `is_day`: the time is known to the day only and stands at its first moment.
create table process_event (
  root text not null collate "C",
  document text not null collate "C",
  kind text not null,
  n smallint not null,
  withdrawn boolean not null,
  at timestamptz not null,
  is_day boolean not null,
  channel text not null,
  warehouse text not null,
  worth numeric,
  currency text not null,
  primary key (root, document, kind, n)
);
create index process_event_document on process_event (document);

-- A way that cases went: the steps in their order, each as often as it came back.
create table process_variant (
  id integer generated always as identity primary key,
  model text not null,
  steps text[] not null,
  digest bytea not null,
  unique (model, digest)
);

-- One case of a model: `waits` are the seconds between its steps. `worth` is null when nobody said it, or in more than one currency.
create table process_case (
  model text not null,
  root text not null collate "C",
  variant integer not null references process_variant,
  began timestamptz not null,
  ended timestamptz not null,
  waits integer[] not null,
  channel text not null,
  warehouse text not null,
  worth numeric,
  currency text not null,
  primary key (model, root)
);
create index process_case_root on process_case (root);
create index process_case_counts on process_case (model, began) include (variant, channel, warehouse);
create index process_case_variant on process_case (variant, began desc, root);

-- What a span of commits said and posted on is found by the pages that hold it: a line costs nothing to write.
create index posting_batch on posting using brin (batch) with (pages_per_range = 32, autosummarize = on);
create index fact_batch on fact using brin (batch) with (pages_per_range = 32, autosummarize = on);
