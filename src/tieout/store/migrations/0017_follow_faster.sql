-- A hundred thousand exceptions are followed at once: what each of them cost beyond what pages need.

-- A foreign key asks once a row. Causes are never taken away, so it is enough to ask once a statement whether those that are named exist.
alter table work drop constraint work_cause_fkey, drop constraint work_origin_fkey;

create function work_has_causes() returns trigger language plpgsql as $$
begin
  if exists (
    select from fresh f cross join lateral (values (f.cause), (f.origin)) as named(id)
    where named.id is not null and not exists (select from cause c where c.id = named.id)
  ) then
    raise foreign_key_violation using message = 'work names a cause that there is not', table = 'work';
  end if;
  return null;
end $$;
create trigger has_causes_new after insert on work referencing new table as fresh for each statement execute function work_has_causes();

create function work_has_cause() returns trigger language plpgsql as $$
begin
  if (new.cause is not null and not exists (select from cause c where c.id = new.cause))
    or (new.origin is not null and not exists (select from cause c where c.id = new.origin)) then
    raise foreign_key_violation using message = 'work names a cause that there is not', table = 'work';
  end if;
  return null;
end $$;
create trigger has_causes_changed after update of cause, origin on work for each row
  when (new.cause is distinct from old.cause or new.origin is distinct from old.origin) execute function work_has_cause();

create function cause_stays() returns trigger language plpgsql as $$
begin
  raise restrict_violation using message = 'a cause is merged or left, never taken away';
end $$;
create trigger cause_stays before delete on cause for each statement execute function cause_stays();

-- Said to be stable, as `array_to_string` is, it is written out in place where it is called; said to be immutable it was called as a function.
create or replace function work_words(variadic texts text[]) returns tsvector language sql stable parallel safe as $$
  select array_to_tsvector(array_remove(
    string_to_array(lower(array_to_string(texts, E'\n')), E'\n')
    || string_to_array(translate(lower(array_to_string(texts, ' ')), E',;:|/()"#\t\n', '           '), ' '), ''))
$$;
