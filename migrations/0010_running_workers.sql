-- Processes of the version before write what they said to Stripe without saying to whom, as long as they still run.
alter table payment_records alter column channel set default 'stripe';
