-- Who may use the web console, who is signed in, and why they did what they did.
-- Nothing is granted to sluice_reader and sluice_writer: neither ingress nor workers have any business here.

create table operators (
  name           text primary key check (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
  role           text not null check (role in ('viewer', 'operator', 'administrator')),
  -- Argon2id, as a PHC string: parameters, salt and hash.
  password_hash  text not null,
  created_at     timestamptz not null,
  disabled_at    timestamptz
);

create table operator_sessions (
  -- SHA-256 of a 256-bit random token, which only the browser has.
  token_hash    bytea primary key check (length(token_hash) = 32),
  operator      text not null references operators,
  created_at    timestamptz not null,
  last_seen_at  timestamptz not null
);
create index operator_sessions_operator on operator_sessions (operator);

-- Attempts to sign in, by whatever name was given. One that succeeds takes the ones before it back.
create table operator_sign_ins (
  id       bigint generated always as identity primary key,
  name     text not null,
  address  text not null,
  at       timestamptz not null
);
create index operator_sign_ins_at on operator_sign_ins (at);

alter table audit_log add column if not exists reason text check (reason <> '');

-- What was said to providers lately.
create index payment_records_ended on payment_records (at) where outcome <> 'started';
