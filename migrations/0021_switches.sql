-- What people have paused, and what notifications need to be kept meanwhile and to be sent again.

-- One row for each thing that is paused; gone when it is resumed. Who did what before is in audit_log.
create table switches (
  what       text not null check (what in ('queue', 'channel', 'notifications')),
  -- The kind of job, the channel, or the merchant.
  name       text not null check (name <> ''),
  paused_by  text not null,
  reason     text not null check (reason <> ''),
  since      timestamptz not null,
  primary key (what, name)
);

grant select on switches to sluice_reader, sluice_writer;
grant insert, delete on switches to sluice_writer;

alter table notifications
  -- Kept back while its merchant's notifications are paused, and the attempt that goes on then.
  add column held_at          timestamptz,
  add column held_attempt     integer,
  -- The attempts of the schedules before the present one: each time it is sent again, a new one begins.
  add column attempts_before  integer not null default 0,
  -- The rows of before are as they should be, so there is no need to go through them.
  add constraint notifications_held_attempt_check check (held_attempt > 0) not valid,
  add constraint notifications_attempts_before_check check (attempts_before >= 0) not valid,
  add constraint notifications_held_whole check ((held_at is null) = (held_attempt is null)) not valid;

create index notifications_held on notifications (merchant_id, created_at, id) where held_at is not null;
create index notifications_newest on notifications (merchant_id, created_at desc, id desc);
create index notifications_waiting on notifications (merchant_id) where status = 'pending';
create index notifications_given_up on notifications (merchant_id, finished_at)
  where status in ('exhausted', 'undeliverable');
create index notifications_wallet on notifications (wallet_id) where wallet_id is not null;
create index notifications_order on notifications (order_id) where order_id is not null;
-- They are written in the order of time, so a few bytes for each stretch of the table tell where a day is.
create index notification_attempts_at on notification_attempts using brin (at);

-- A job that was kept back goes on with the attempt that it had come to.
alter table outbox
  add column attempt integer not null default 1,
  add constraint outbox_attempt_check check (attempt > 0) not valid;

-- What people did to one thing: its id comes first.
create index audit_log_subject on audit_log (subject text_pattern_ops);
