-- Whose payments and refunds are, among the users of a merchant.

alter table payments
  -- As the merchant calls its user; none for a payment that is nobody's but the merchant's.
  add column user_id text check (user_id ~ '^[!-~]{1,128}$'),
  -- What was asked for says the same.
  add constraint payments_owner_as_asked check (user_id is not distinct from request ->> 'user_id');
create index payments_of_user on payments (merchant_id, user_id, created_at desc, id desc) where user_id is not null;

alter table refunds add column user_id text;
create index refunds_of_user on refunds (merchant_id, user_id, created_at desc, id desc) where user_id is not null;

-- For those who see the payments of all merchants.
create index payments_newest_of_all on payments (created_at desc, id desc);
create index refunds_newest_of_all on refunds (created_at desc, id desc);

-- A refund belongs to its payment's owner, whoever stores it: also processes of the version before.
create function refunds_owner() returns trigger language plpgsql as $$
begin
  new.user_id := (select user_id from payments where id = new.payment_id);
  return new;
end $$;
create trigger refunds_owner before insert on refunds for each row execute function refunds_owner();

-- As before; and a payment keeps its owner.
create or replace function payments_guard() returns trigger language plpgsql as $$
begin
  if old.status = 'succeeded' and new.status <> 'succeeded' then
    raise exception 'payment % is paid and cannot become %', old.id, new.status using errcode = 'check_violation';
  end if;
  if (new.id, new.merchant_id, new.user_id, new.amount_minor, new.currency, new.fingerprint)
     is distinct from (old.id, old.merchant_id, old.user_id, old.amount_minor, old.currency, old.fingerprint) then
    raise exception 'what payment % is about cannot change', old.id using errcode = 'check_violation';
  end if;
  if new.channel <> old.channel and old.intent_id is not null then
    raise exception 'payment % keeps its channel', old.id using errcode = 'check_violation';
  end if;
  if old.intent_id is not null and new.intent_id is distinct from old.intent_id then
    raise exception 'payment % keeps its intent', old.id using errcode = 'check_violation';
  end if;
  if old.is_late and not new.is_late then
    raise exception 'payment % was paid late', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;

-- As before; and a refund keeps its owner.
create or replace function refunds_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.merchant_id, new.user_id, new.payment_id, new.amount_minor, new.currency, new.channel, new.fingerprint)
     is distinct from
     (old.id, old.merchant_id, old.user_id, old.payment_id, old.amount_minor, old.currency, old.channel,
      old.fingerprint) then
    raise exception 'what refund % is about cannot change', old.id using errcode = 'check_violation';
  end if;
  if old.channel_refund_id is not null and new.channel_refund_id is distinct from old.channel_refund_id then
    raise exception 'refund % keeps its provider''s object', old.id using errcode = 'check_violation';
  end if;
  if old.status = 'failed' and new.status <> 'failed'
     or old.status = 'succeeded' and new.status not in ('succeeded', 'failed') then
    raise exception 'refund % is % and cannot become %', old.id, old.status, new.status
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
