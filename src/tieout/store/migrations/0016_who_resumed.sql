-- Who ended a pause, and when: as a lane says who began one.
alter table lane add column resumed_by text not null default '';
alter table lane add column resumed_at timestamptz;
