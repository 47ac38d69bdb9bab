-- Several channels: what the payer needs in one shape, and which channel a payment takes.

alter table payments
  -- Sealed JSON: what the payer needs to pay. What was opened before this is still read from client_secret.
  add column next_action bytea;

-- As before; but while a payment has no intent, it may take another channel.
create or replace function payments_guard() returns trigger language plpgsql as $$
begin
  if old.status = 'succeeded' and new.status <> 'succeeded' then
    raise exception 'payment % is paid and cannot become %', old.id, new.status using errcode = 'check_violation';
  end if;
  if (new.id, new.merchant_id, new.amount_minor, new.currency, new.fingerprint)
     is distinct from (old.id, old.merchant_id, old.amount_minor, old.currency, old.fingerprint) then
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
