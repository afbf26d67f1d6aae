-- The clearing ledger: what arrived, what it says, what it posts; and what is derived from it.

-- Who speaks. `config` is the system as the settings described it when it last spoke.
create table system (
  id smallint primary key,
  name text not null unique,
  config json not null
);

-- One transaction. `seq` follows the order of commits (rule 31); the counts of the statements in it add up (rule 29).
create table batch (
  id bigint primary key,
  seq bigint not null unique,
  recorded timestamptz not null,
  what text not null,
  received bigint not null,
  posted bigint not null,
  without_effect bigint not null,
  superseded bigint not null,
  waiting bigint not null,
  quarantined bigint not null,
  duplicate bigint not null,
  messages bigint not null,
  repeated bigint not null,
  facts bigint not null,
  marks json not null,
  rows_digest bytea not null,
  digest bytea not null,
  check (received = posted + without_effect + superseded + waiting + quarantined + duplicate)
);
create sequence batch_id;

-- The bytes, for ever. `key` is the sender's own id of the delivery, else the content hash.
create table message (
  batch bigint not null,
  id bigint not null,
  system smallint not null,
  key bytea not null,
  hash bytea not null,
  received timestamptz not null,
  contract text not null collate "C",
  origin text not null collate "C",
  line bigint not null,
  byte bigint not null,
  statements integer not null,
  meta json not null,
  raw bytea not null
);
alter table message alter column raw set storage external;
create unique index message_key on message (system, key);
create unique index message_id on message (id);

-- Every version of every statement (rule 1). `ordinal` counts the versions of an identity as they came.
create table fact (
  batch bigint not null,
  id bigint not null,
  identity text not null collate "C",
  ordinal integer not null,
  revision text not null collate "C",
  generation integer not null,
  content bytea not null,
  message bigint not null,
  place text not null collate "C",
  kind text not null collate "C",
  happened timestamptz not null,
  body json not null
);
create unique index fact_identity on fact (identity, ordinal);

-- The entry log: what a fact posted on a root, and its reversals as a whole (rule 6).
create table posting (
  batch bigint not null,
  id bigint not null,
  root text not null collate "C",
  sign smallint not null check (sign in (1, -1)),
  occurred timestamptz not null,
  booked date not null,
  entries text not null
);
create index posting_root on posting (root);

-- Statements that could not be read, with the reason a partner understands.
create table refusal (
  batch bigint not null,
  id bigint not null,
  message bigint not null,
  generation integer not null,
  line bigint,
  byte bigint,
  place text not null,
  rule text not null,
  reason text not null,
  next_step text not null
);
create unique index refusal_id on refusal (id);

-- Periods that are closed: the cut is a commit number, taken under the batch lock.
create table close (
  batch bigint not null,
  period_end date not null primary key,
  cut bigint not null,
  recorded timestamptz not null,
  who text not null
);

-- Opening, change and closing of every case, for ever.
create table case_event (
  batch bigint not null,
  id bigint not null,
  case_id text not null collate "C",
  at timestamptz not null,
  event text not null,
  quantity json not null,
  value json not null
);
create index case_event_case on case_event (case_id);

-- Derived, kept in step by the same transaction: ------------------------------------------------------------------

-- A root (alias is null) with its plain sums, or another name of a root. `wake` holds the scheduled looks per feed.
create table subject (
  ref text primary key collate "C",
  alias text collate "C",
  net text not null,
  wake text not null,
  links integer not null,
  cases integer not null
) with (fillfactor = 70);

create table link (
  identity text not null collate "C",
  a text not null collate "C",
  b text not null collate "C"
);
create index link_a on link (a);
create index link_b on link (b);
create index link_identity on link (identity);

create table waiting (
  identity text not null collate "C",
  line text not null,
  on_ref text not null collate "C",
  reason text not null,
  system text not null,
  since timestamptz not null
);
create index waiting_identity on waiting (identity);
create index waiting_on on waiting (on_ref);

create table quarantine (
  id bigint primary key,
  identity text collate "C",
  message bigint not null,
  line bigint,
  byte bigint,
  place text not null,
  rule text not null,
  reason text not null,
  next_step text not null,
  since timestamptz not null
);
create index quarantine_message on quarantine (message);
create index quarantine_identity on quarantine (identity) where identity is not null;

create table conflict (
  identity text primary key collate "C",
  versions integer not null,
  since timestamptz not null
);

create table overload (
  ref text primary key collate "C",
  links integer not null
);

create table feed (
  system text primary key,
  watermark timestamptz not null,
  declared timestamptz,
  last_received timestamptz not null,
  messages bigint not null
);

create table wake (
  feed text not null collate "C",
  at timestamptz not null,
  root text not null collate "C"
);
create index wake_at on wake (feed, at);

create table listed (
  identity text primary key collate "C",
  prefix text not null collate "C",
  instant timestamptz not null,
  numbers json not null
);

-- Units and kits in force, by item and the time they are valid from.
create table reference (
  identity text primary key collate "C",
  kind text not null,
  item text not null,
  valid_from timestamptz not null,
  body json not null
);

create table claim (
  record text primary key collate "C",
  decision text not null collate "C",
  revision text not null
);

create table case_ (
  case_id text primary key collate "C",
  code text not null,
  account text not null,
  side text not null,
  root text not null collate "C",
  key text not null,
  quantity json not null,
  value json not null,
  worth numeric not null,
  since timestamptz not null,
  due timestamptz not null,
  owed_by text not null,
  team text not null,
  state text not null,
  hint text not null,
  notes json not null,
  opened timestamptz not null,
  closed timestamptz,
  episodes integer not null
);
create index case_open on case_ (due, case_id) where state <> 'closed';
create index case_root on case_ (root);

create table meta (
  key text primary key,
  value text not null
);

-- The ledger is append-only: nobody updates, deletes or truncates it, the owner included.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the table % is append-only: correct it by a new fact', tg_table_name using errcode = 'insufficient_privilege';
end $$;

do $$
declare t text;
begin
  foreach t in array array['batch', 'message', 'fact', 'posting', 'refusal', 'close', 'case_event'] loop
    execute format('create trigger append_only before update or delete or truncate on %I for each statement execute function refuse_change()', t);
  end loop;
end $$;

-- For people who ask by plain SQL: --------------------------------------------------------------------------------

create view balance as
  select s.ref as root, a.key as account, left(n.key, -length(m.measure) - 1) as key, nullif(m.measure, '') as unit_or_currency,
    a.value::numeric as net
  from subject s
  cross join lateral json_each(s.net::json) n
  cross join lateral (select split_part(n.key, '|', -1) as measure) m
  cross join lateral json_each_text(n.value) a;
comment on view balance is 'Debits less credits of every account that is not zero, per key and unit (or $currency).';

create view entry as
  select p.batch, p.root, p.sign, p.occurred, p.booked,
    e.entries->>0 as identity, e.entries->>1 as revision, e.entries->>2 as kind,
    left(m.move, -1) as account, case right(m.move, 1) when '+' then 'debit' else 'credit' end as side,
    r.value->>0 as key, (r.value->>1)::numeric as quantity, r.value->>2 as unit,
    (r.value->>3)::numeric as value, nullif(r.value->>4, '') as currency, (r.value->>5)::timestamptz as due, r.value->>6 as item
  from posting p
  cross join lateral (select p.entries::json as entries) e
  cross join lateral json_array_elements(e.entries->5) g
  cross join lateral json_array_elements_text(g.value->0) m(move)
  cross join lateral json_array_elements(g.value->1) r;
comment on view entry is 'Every entry ever posted, reversals with sign -1.';
