-- Orders: what customers of merchants buy, how it is paid, sent and given back.

create table orders (
  id               uuid primary key,
  merchant_id      uuid not null references merchants,
  idempotency_key  text not null,
  fingerprint      bytea not null check (length(fingerprint) = 32),
  -- What people look at: the stage, or that money is on its way back, or was given back last.
  status           text not null check (status in ('created', 'payment_failed', 'canceled', 'paid', 'shipped', 'completed',
                                                   'refunding', 'refunded')),
  -- How far it has come.
  stage            text not null check (stage in ('created', 'payment_failed', 'canceled', 'paid', 'shipped', 'completed')),
  total_minor      bigint not null check (total_minor > 0),
  currency         text not null check (currency ~ '^[A-Z]{3}$'),
  user_id          text,
  reference        text,
  description      text,
  metadata         jsonb not null,
  -- The payment that was begun last. It may not be stored yet.
  last_payment_id  uuid,
  -- The payment that has paid it.
  paid_by          uuid unique references payments,
  refunding_minor  bigint not null default 0 check (refunding_minor >= 0),
  refunded_minor   bigint not null default 0 check (refunded_minor >= 0),
  carrier          text,
  tracking         text,
  version          integer not null default 0,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  unique (merchant_id, idempotency_key),
  -- For payments, which have the merchant, the amount and the currency of their order.
  unique (id, merchant_id, total_minor, currency),
  constraint orders_never_over_refunded check (refunding_minor + refunded_minor <= total_minor),
  constraint orders_refunds_need_money check (paid_by is not null or refunding_minor + refunded_minor = 0),
  constraint orders_paid_by_a_payment check ((stage in ('paid', 'shipped', 'completed')) = (paid_by is not null)),
  constraint orders_shipped_somehow check ((stage in ('shipped', 'completed')) = (carrier is not null)),
  check ((carrier is null) = (tracking is null)),
  check (case status when 'refunding' then refunding_minor > 0 when 'refunded' then refunded_minor > 0 else status = stage end)
);
create index orders_newest on orders (merchant_id, created_at desc, id desc);
create index orders_newest_by_status on orders (merchant_id, status, created_at desc, id desc);
create index orders_newest_of_all on orders (created_at desc, id desc);
create index orders_user on orders (merchant_id, user_id, created_at desc, id desc) where user_id is not null;
create index orders_reference on orders (merchant_id, reference) where reference is not null;

create table order_items (
  order_id            uuid not null references orders,
  position            smallint not null check (position >= 0),
  name                text not null,
  sku                 text not null,
  unit_price_minor    bigint not null check (unit_price_minor >= 0),
  quantity            integer not null check (quantity > 0),
  refunding_quantity  integer not null default 0 check (refunding_quantity >= 0),
  refunded_quantity   integer not null default 0 check (refunded_quantity >= 0),
  primary key (order_id, position),
  unique (order_id, sku),
  constraint order_items_never_over_refunded check (refunding_quantity + refunded_quantity <= quantity)
);

-- What merchants wanted done with an order that existed, and what came of it.
create table order_actions (
  merchant_id      uuid not null references merchants,
  action           text not null check (action in ('pay', 'cancel', 'refund', 'ship', 'complete')),
  idempotency_key  text not null,
  order_id         uuid not null references orders,
  fingerprint      bytea not null check (length(fingerprint) = 32),
  outcome          jsonb not null,
  -- The payment that it has begun. It may not be stored yet.
  payment_id       uuid,
  at               timestamptz not null,
  primary key (merchant_id, action, idempotency_key),
  check (payment_id is null or action = 'pay')
);
create index order_actions_payments on order_actions (order_id) where payment_id is not null;

-- Every step of an order: what happened, who did it, and why.
create table order_logs (
  id          bigint generated always as identity primary key,
  order_id    uuid not null references orders,
  step        text not null check (step in ('create', 'pay', 'cancel', 'refund', 'ship', 'complete', 'paid', 'payment_failed',
                                            'payment_not_wanted', 'refunded', 'refund_failed')),
  -- How the order stood afterwards.
  status      text not null,
  operator    text,
  reason      text,
  payment_id  uuid,
  refund_id   uuid,
  at          timestamptz not null
);
create index order_logs_order on order_logs (order_id, id);

-- A payment is its order's, of the same merchant, about the same money.
alter table payments
  add column order_id uuid,
  add constraint payments_of_order foreign key (order_id, merchant_id, amount_minor, currency)
    references orders (id, merchant_id, total_minor, currency);

create function payments_keep_their_order() returns trigger language plpgsql as $$
begin
  raise exception 'payment % keeps its order', old.id using errcode = 'check_violation';
end $$;
create trigger payments_keep_their_order before update of order_id on payments
  for each row when (old.order_id is distinct from new.order_id) execute function payments_keep_their_order();

create function order_stage_rank(stage text) returns integer language sql immutable as $$
  select array_position(array['created', 'payment_failed', 'canceled', 'paid', 'shipped', 'completed'], stage)
$$;

-- An order's money never changes, it is paid once and by a payment of its own, and it only moves forward.
create function orders_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.merchant_id, new.total_minor, new.currency, new.fingerprint, new.user_id)
     is distinct from (old.id, old.merchant_id, old.total_minor, old.currency, old.fingerprint, old.user_id) then
    raise exception 'what order % is about cannot change', old.id using errcode = 'check_violation';
  end if;
  if order_stage_rank(new.stage) < order_stage_rank(old.stage) or old.stage = 'canceled' and new.stage <> 'canceled' then
    raise exception 'order % is % and cannot become %', old.id, old.stage, new.stage using errcode = 'check_violation';
  end if;
  if old.paid_by is not null and new.paid_by is distinct from old.paid_by then
    raise exception 'order % is paid already', old.id using errcode = 'check_violation';
  end if;
  if old.paid_by is null and new.paid_by is not null and not exists (
       select from payments where id = new.paid_by and order_id = new.id and status = 'succeeded') then
    raise exception 'order % is not paid by %', old.id, new.paid_by using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger orders_guard before update on orders for each row execute function orders_guard();

-- What was bought never changes.
create function order_items_guard() returns trigger language plpgsql as $$
begin
  if (new.order_id, new.position, new.name, new.sku, new.unit_price_minor, new.quantity)
     is distinct from (old.order_id, old.position, old.name, old.sku, old.unit_price_minor, old.quantity) then
    raise exception 'what is in order % cannot change', old.order_id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger order_items_guard before update on order_items for each row execute function order_items_guard();

grant select on orders, order_items, order_actions, order_logs to sluice_reader, sluice_writer;
grant insert on orders, order_items, order_actions, order_logs to sluice_writer;
grant update on orders, order_items to sluice_writer;
grant usage on all sequences in schema public to sluice_writer;
