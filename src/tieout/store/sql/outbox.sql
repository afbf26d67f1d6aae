-- name: outgoing_of
-- one probe of the primary key
select command, system, sender, receiver, interchange, group_, set_, made, raw from outgoing where command = %s

-- name: next_numbers
-- one row per partner, locked until the document with these numbers is stored; stays on the page (HOT)
insert into control_number as c (sender, receiver, interchange, group_, set_) values (%(sender)s, %(receiver)s, %(first)s, %(first)s, %(first)s)
on conflict (sender, receiver) do update set
  interchange = c.interchange %% 999999999 + 1, group_ = c.group_ %% 999999999 + 1, set_ = c.set_ %% 999999999 + 1
returning interchange, group_, set_

-- name: insert_outgoing
insert into outgoing (command, system, sender, receiver, interchange, group_, set_, made, hash, raw)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- name: outgoing_numbered
-- by outgoing_number; two documents only after the numbers have begun anew
select command, system, sender, receiver, interchange, group_, set_, made, raw from outgoing
where sender = %s and receiver = %s and interchange = %s order by made desc limit 10
