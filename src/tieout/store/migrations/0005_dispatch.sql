-- What dispatching needs to know of each lane besides its circuit, and who let a held command go.

-- `filled` is the token bucket (when it would be full again), `seconds` what one conversation takes of late. The last fault by its
-- name, and the last answer of any kind, are the lane's health; shared by all dispatchers.
alter table lane
  add column filled timestamptz,
  add column seconds double precision not null default 0,
  add column fault text not null default '',
  add column reason text not null default '',
  add column fault_at timestamptz,
  add column answered_at timestamptz;

-- Nobody approves what he has proposed himself.
alter table command
  add column proposed_by text not null default 'tieout',
  add column approved_by text not null default '',
  add constraint approver_is_not_proposer check (approved_by = '' or approved_by <> proposed_by);
