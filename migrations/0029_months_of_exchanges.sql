-- no-transaction
-- payment_records grows for ever, so it is kept by months, of which the oldest can be let go of (decision 36). No row is copied:
-- what is there becomes the first partition. Whoever reads and writes goes on by the same name.
-- In steps, each a transaction: all rows are read in one that holds up nobody. Each may be run again, should a process die over them.

-- Takes tables for itself. Who waits for a lock holds up all that come after, so it waits for half a second and stands back for one.
create or replace function take_tables(tables text) returns void language plpgsql set lock_timeout = '500ms' as $$
begin
  loop
    begin
      execute format('lock table %s in access exclusive mode', tables);
      return;
    exception when lock_not_available then
      perform pg_sleep(1);
    end;
  end loop;
end $$;

-- All of it, from long ago until a month that is at least a week away: until the last step, nothing later can be stored.
begin;
do $$
begin
  if (select relkind from pg_class where oid = 'payment_records'::regclass) = 'r' then
    perform take_tables('payment_records');
    alter table payment_records drop constraint if exists payment_records_before;
    execute format(
      'alter table payment_records add constraint payment_records_before check (at < %L) not valid',
      (date_trunc('month', now() at time zone 'UTC' + interval '7 days') + interval '1 month') at time zone 'UTC');
  end if;
end $$;
commit;

begin;
do $$
begin
  if (select relkind from pg_class where oid = 'payment_records'::regclass) = 'r' then
    alter table payment_records validate constraint payment_records_before;
  end if;
exception when check_violation then
  perform take_tables('payment_records');
  -- Left behind, it would refuse what is stored later.
  alter table payment_records drop constraint payment_records_before;
end $$;
commit;

begin;
do $$
declare
  until text;
  last_id bigint;
begin
  if (select relkind from pg_class where oid = 'payment_records'::regclass) = 'p' then
    return;
  end if;
  -- In the order of whoever writes.
  perform take_tables('payments, payment_records');
  select substring(pg_get_constraintdef(oid) from $re$'([^']+)'$re$) into until
  from pg_constraint where conrelid = 'payment_records'::regclass and conname = 'payment_records_before' and convalidated;
  if until is null then
    raise exception 'payment_records holds exchanges that are weeks ahead of now: set their "at" right and migrate again';
  end if;

  select last_value + 1 into last_id from payment_records_id_seq;
  alter table payment_records alter column id drop identity;
  alter table payment_records rename to payment_records_before;
  alter table payment_records_before rename constraint payment_records_payment_id_fkey to payment_records_before_payment_id_fkey;
  alter index payment_records_pkey rename to payment_records_before_pkey;
  alter index payment_records_payment rename to payment_records_before_payment_id_idx;
  alter index payment_records_ended rename to payment_records_before_at_idx;
  revoke all on payment_records_before from sluice_reader, sluice_writer;

  execute format('create sequence payment_records_id_seq start %s', last_id);
  -- One index over all months could not tell an id apart without its time, and a partitioned table has no identity. Each
  -- partition has the id as its primary key.
  create table payment_records (
    id           bigint not null default nextval('payment_records_id_seq'),
    payment_id   uuid not null references payments,
    job_id       text not null,
    attempt      integer not null,
    operation    text not null,
    outcome      text not null,
    intent_id    text,
    error        text,
    duration_ms  integer not null,
    at           timestamptz not null,
    channel      text not null default 'stripe'
  ) partition by range (at);
  alter sequence payment_records_id_seq owned by payment_records.id;
  create index payment_records_payment on payment_records (payment_id);
  create index payment_records_ended on payment_records (at) where outcome <> 'started';
  execute format(
    'alter table payment_records attach partition payment_records_before for values from (minvalue) to (%L)', until);
  alter table payment_records_before drop constraint payment_records_before;
  -- What has no month, so that nothing is ever refused for want of one.
  create table payment_records_default partition of payment_records (primary key (id)) default;
  grant select on payment_records to sluice_reader, sluice_writer;
  grant insert on payment_records to sluice_writer;
  grant usage on sequence payment_records_id_seq to sluice_writer;
end $$;
commit;

begin;
-- The partitions that have bounds, and from when to when.
create or replace function payment_records_months(out part name, out begins_at timestamptz, out ends_at timestamptz)
returns setof record language sql stable set search_path = pg_catalog, public, pg_temp set timezone = 'UTC' as $$
  select relname, coalesce(substring(bounds from 'FROM \(''([^'']+)''\)')::timestamptz, '-infinity'),
         substring(bounds from 'TO \(''([^'']+)''\)')::timestamptz
  from pg_inherits join pg_class child on child.oid = inhrelid, pg_get_expr(relpartbound, child.oid) as bounds
  where inhparent = 'public.payment_records'::regclass and bounds <> 'DEFAULT'
$$;

-- Makes the partition of a month, unless it is there; says whether it has. What is in the default partition moves over.
-- Workers own nothing: this and the next one are all that they may do to tables.
create or replace function prepare_payment_records(wanted timestamptz) returns boolean
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp set timezone = 'UTC' set lock_timeout = '200ms' as $$
declare
  first timestamptz := date_trunc('month', wanted);
  next timestamptz := first + interval '1 month';
  part text := 'payment_records_' || to_char(first, 'YYYY_MM');
begin
  if exists (select from payment_records_months() where begins_at <= first and ends_at > first) then
    return false;
  end if;
  -- In the order of whoever writes.
  lock table payments in share row exclusive mode;
  -- Not waited for, as all who write payments now do. It is tried again.
  lock table payment_records_default in access exclusive mode nowait;
  execute format('create table public.%I (like payment_records including defaults including comments, primary key (id))', part);
  execute format('with moved as (delete from payment_records_default where at >= %L and at < %L returning *)
                  insert into public.%I select * from moved', first, next, part);
  execute format('alter table payment_records attach partition public.%I for values from (%L) to (%L)', part, first, next);
  return true;
end $$;

-- Drops a partition that is over for 90 days at least, unless it holds an exchange about a payment that is open: workers go by
-- those. Says whether it has. A payment that has ended is never open again.
create or replace function drop_payment_records(wanted name) returns boolean
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp set timezone = 'UTC' set lock_timeout = '200ms' as $$
declare
  needed boolean;
begin
  if not exists (select from payment_records_months() where part = wanted and ends_at <= now() - interval '90 days') then
    raise exception '% is no partition of payment_records that is over for 90 days', wanted using errcode = 'check_violation';
  end if;
  execute format('select exists (select from payments join public.%I said on said.payment_id = payments.id
                                 where payments.status in (''pending'', ''needs_review'', ''requires_action'', ''processing''))',
                 wanted) into needed;
  if not needed then
    execute format('drop table public.%I', wanted);
  end if;
  return not needed;
end $$;

revoke all on function prepare_payment_records(timestamptz), drop_payment_records(name) from public;
grant execute on function prepare_payment_records(timestamptz), drop_payment_records(name) to sluice_writer;
drop function take_tables(text);
commit;
