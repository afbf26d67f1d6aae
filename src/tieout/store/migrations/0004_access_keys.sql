-- Who may send us messages.

-- A key is shown once, when it is made; only the SHA-256 of its secret is kept, which is as good as random. It opens the
-- systems it names and no other.
create table access_key (
  id text primary key,
  name text not null,
  systems text[] not null,
  hash bytea not null,
  created timestamptz not null,
  revoked timestamptz
);
