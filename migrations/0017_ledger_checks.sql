-- When the ledger was checked, and what came of it.

create table ledger_checks (
  -- The span of time that it was due in: one check for each, whoever begins it first.
  slot           timestamptz primary key,
  begun_at       timestamptz not null,
  -- Not there while it runs, and when its process died over it.
  finished_at    timestamptz,
  disagreements  bigint check (disagreements >= 0),
  check ((finished_at is null) = (disagreements is null))
);

grant select on ledger_checks to sluice_reader, sluice_writer;
grant insert, update on ledger_checks to sluice_writer;
