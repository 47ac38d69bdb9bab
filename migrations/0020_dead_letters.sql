-- Dead letters: the story of each message that was parked. What is parked stands in the broker's queues; here is how people find
-- it, and what they had done with it.

create extension if not exists pg_trgm;

-- What people want done with parked messages. The workers do it.
create table dead_letter_actions (
  id            uuid primary key,
  action        text not null check (action in ('replay', 'discard')),
  actor         text not null check (actor <> ''),
  reason        text not null check (reason <> ''),
  -- Which letters were asked for, in words.
  selection     text not null,
  -- At the most so many a second; without a limit when there is none.
  rate_per_s    integer check (rate_per_s > 0),
  letters       bigint not null check (letters > 0),
  -- Why it does not go on, while it does not.
  trouble       text,
  created_at    timestamptz not null,
  finished_at   timestamptz
);
create index dead_letter_actions_open on dead_letter_actions (created_at) where finished_at is null;
create index dead_letter_actions_newest on dead_letter_actions (created_at desc, id desc);

-- Letters of one kind and class of error whose reasons differ in numbers and ids alone. Counted by triggers.
create table dead_letter_groups (
  id            uuid primary key,
  kind          text not null,
  error_class   text not null,
  pattern       text not null,
  letters       bigint not null default 0 check (letters >= 0),
  parked        bigint not null default 0 check (parked >= 0),
  first_at      timestamptz not null,
  last_at       timestamptz not null
);

create table dead_letters (
  id              uuid primary key,
  kind            text not null,
  group_id        uuid not null references dead_letter_groups,
  job_id          text not null,
  attempt         integer not null,
  -- The tries before it was last sent again.
  replayed_after  integer not null,
  correlation_id  text not null,
  merchant_id     uuid,
  -- The ids of all that it is about, ours and the provider's.
  subjects        text[] not null,
  error_class     text not null,
  reason          text not null,
  parked_by       text not null check (parked_by in ('worker', 'broker')),
  parked_at       timestamptz not null,
  recorded_at     timestamptz not null,
  state           text not null default 'parked'
                  check (state in ('parked', 'replaying', 'replayed', 'discarding', 'discarded', 'missing')),
  action_id       uuid references dead_letter_actions,
  -- Whether the workers have something to do with its message: it may still be in its queue when the state says that it was sent.
  is_open         boolean not null default false,
  ended_at        timestamptz,
  -- What came of the job when it was sent again.
  outcome         text check (outcome in ('done', 'parked_again')),
  -- The message, sealed: it may name people.
  message         bytea not null,
  check ((state = 'parked') = (action_id is null)),
  check ((state in ('replayed', 'discarded', 'missing')) = (ended_at is not null)),
  check (not is_open or state in ('replaying', 'replayed', 'discarding', 'discarded')),
  check (is_open or state not in ('replaying', 'discarding')),
  check (outcome is null or state in ('replaying', 'replayed'))
);
create index dead_letters_newest on dead_letters (parked_at desc, id desc);
create index dead_letters_newest_by_state on dead_letters (state, parked_at desc, id desc);
create index dead_letters_newest_by_kind on dead_letters (kind, parked_at desc, id desc);
create index dead_letters_newest_by_merchant on dead_letters (merchant_id, parked_at desc, id desc);
create index dead_letters_newest_by_group on dead_letters (group_id, parked_at desc, id desc);
create index dead_letters_job on dead_letters (job_id);
create index dead_letters_action on dead_letters (action_id, state) where action_id is not null;
create index dead_letters_open on dead_letters (kind) where is_open;
create index dead_letters_subjects on dead_letters using gin (subjects);
create index dead_letters_reason on dead_letters using gin (reason gin_trgm_ops);

-- Which queues were looked through for what was parked in them before anybody wrote it down.
create table dead_letter_surveys (
  kind          text primary key,
  surveyed_at   timestamptz not null
);

create function dead_letters_counted() returns trigger language plpgsql as $$
begin
  -- In one order, whoever counts: two that count in two orders would wait for each other.
  perform 1 from dead_letter_groups where id in (select group_id from added) order by id for update;
  update dead_letter_groups groups
  set letters = groups.letters + news.letters, parked = groups.parked + news.parked,
      first_at = least(groups.first_at, news.first_at), last_at = greatest(groups.last_at, news.last_at)
  from (select group_id, count(*) as letters, count(*) filter (where state = 'parked') as parked,
               min(parked_at) as first_at, max(parked_at) as last_at
        from added group by group_id) news
  where groups.id = news.group_id;
  return null;
end $$;
create trigger dead_letters_counted after insert on dead_letters
  referencing new table as added for each statement execute function dead_letters_counted();

create function dead_letters_recounted() returns trigger language plpgsql as $$
begin
  perform 1 from dead_letter_groups
  where id in (select after.group_id from after join before using (id)
               where (after.state = 'parked') <> (before.state = 'parked'))
  order by id for update;
  update dead_letter_groups groups set parked = groups.parked + news.parked
  from (select after.group_id,
               sum((after.state = 'parked')::int - (before.state = 'parked')::int) as parked
        from after join before using (id)
        where (after.state = 'parked') <> (before.state = 'parked')
        group by after.group_id) news
  where groups.id = news.group_id;
  return null;
end $$;
create trigger dead_letters_recounted after update on dead_letters
  referencing old table as before new table as after for each statement execute function dead_letters_recounted();

grant select on dead_letters, dead_letter_groups, dead_letter_actions, dead_letter_surveys to sluice_reader, sluice_writer;
grant insert, update on dead_letters, dead_letter_groups, dead_letter_actions, dead_letter_surveys to sluice_writer;
grant delete on dead_letter_surveys to sluice_writer;
