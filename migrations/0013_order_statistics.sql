-- What a merchant's orders come to, rolled up beside what its payments do. Every row can be computed anew from the orders.

-- Orders created in a quarter of an hour, which every time zone's days are made of, with what has become of them by now.
create table order_statistics (
  merchant_id      uuid not null references merchants,
  -- When the quarter begins.
  slot             timestamptz not null check (slot = date_bin('15 minutes', slot, timestamptz '2000-01-01 00:00:00Z')),
  currency         text not null,
  -- How far they have come, and what people look at: an order that is given back has come as far as it had.
  stage            text not null,
  status           text not null,
  orders           bigint not null check (orders > 0),
  amount_minor     numeric not null check (amount_minor > 0),
  -- Orders of which something was given back, those of which everything was, and how much of all of them.
  refunded         bigint not null check (refunded between 0 and orders),
  refunded_fully   bigint not null check (refunded_fully between 0 and refunded),
  refunded_minor   numeric not null check (refunded_minor between 0 and amount_minor),
  -- Of those that were paid: the sum of the times from being created to being paid.
  paying_ms        numeric not null check (paying_ms >= 0),
  primary key (merchant_id, slot, currency, stage, status)
);
-- For whoever asks about all merchants.
create index order_statistics_slot on order_statistics (slot);

-- What has changed since it was counted.
create index orders_changed on orders (updated_at);

alter table statistics_progress
  drop constraint statistics_progress_what_check,
  add constraint statistics_progress_what_check check (what in ('payments', 'orders'));
insert into statistics_progress (what, done_until)
select 'orders', coalesce(min(updated_at), now()) from orders;

grant select on order_statistics to sluice_reader, sluice_writer;
grant insert, update, delete on order_statistics to sluice_writer;
