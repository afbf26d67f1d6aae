-- Commands are kept in order by the subject they have now, not by the one they were decided under.

-- `root` is what `subject` is called now: it changes when links join or part subjects, and is what the order in which a subject's
-- commands are sent goes by.
alter table command add column root text collate "C";
update command c set root = coalesce((select alias from subject s where s.ref = c.subject), c.subject);
alter table command alter column root set not null;
create index command_root on command (root);
