-- What waited or was quarantined once, so that these lists too can be asked for as they were known.

-- The batch in which a line began to wait; 0 for those from before this was kept. (A quarantined row has its refusal's.)
alter table waiting add column batch bigint not null default 0;

-- Lines that waited, with the batch in which that ended.
create table past_waiting (
  identity text not null collate "C",
  line text not null,
  on_ref text not null collate "C",
  reason text not null,
  system text not null,
  since timestamptz not null,
  batch bigint not null,
  gone bigint not null
);

-- Statements that were quarantined, with the batch in which that ended.
create table past_quarantine (
  id bigint not null,
  identity text collate "C",
  message bigint not null,
  line bigint,
  byte bigint,
  place text not null,
  rule text not null,
  reason text not null,
  next_step text not null,
  since timestamptz not null,
  gone bigint not null
);
