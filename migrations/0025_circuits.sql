-- The circuits that are not closed, as each worker process says them every few seconds, for whoever looks at all of them at
-- once. What a process has not said lately says nothing any more: it may be gone.
create table channel_circuits (
  process uuid not null,
  channel text not null,
  calls   text not null check (calls in ('changes', 'questions')),
  state   text not null check (state in ('open', 'half_open')),
  seen_at timestamptz not null,
  primary key (process, channel, calls)
);

grant select on channel_circuits to sluice_reader;
grant select, insert, update, delete on channel_circuits to sluice_writer;
