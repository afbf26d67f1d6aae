-- The policy on commands: whose leave is asked, what was sent another way and by which row, and what a checkpoint has to know.

-- Whom a held command waits for, and who has consented; null: it was never held.
alter table command add column request json;

-- Every fallback that was taken, for ever: which command, from where, to where, and the row of the table version that said so.
-- One of `use_system`, `use_warehouse`, `use_carrier` and `ask` is filled.
create table diversion (
  id bigint generated always as identity primary key,
  command text not null collate "C",
  subject text not null collate "C",
  account text not null,
  side text not null,
  number integer not null,
  act text not null,
  from_system text not null,
  from_warehouse text not null,
  from_carrier text not null,
  use_system text not null,
  use_warehouse text not null,
  use_carrier text not null,
  ask text not null,
  rule text not null,
  at timestamptz not null
);
create index diversion_subject on diversion (subject);
create index diversion_command on diversion (command);
create trigger append_only before update or delete or truncate on diversion for each statement execute function refuse_change();

-- What people have proposed and a checkpoint holds: a write-off, a correction. `fact` is the decision as it would be taken in.
create table proposal (
  key text primary key collate "C",
  act text not null,
  fact json not null,
  request json not null,
  state text not null check (state in ('held', 'approved', 'rejected', 'changed')),
  proposed_by text not null,
  reason text not null default '',
  created timestamptz not null,
  changed timestamptz not null
);
create index proposal_held on proposal (created) where state = 'held';

-- Since when each root is known to be a customer's; kept only while a checkpoint asks for new customers.
create table customer_root (
  customer text not null collate "C",
  root text not null collate "C",
  since timestamptz not null,
  primary key (customer, root)
);

-- What an item was stated to cost from then on, by the statement that says it.
create table item_cost (
  identity text primary key collate "C",
  item text not null collate "C",
  since timestamptz not null,
  amount numeric not null,
  currency text not null
);
create index item_cost_item on item_cost (item);
