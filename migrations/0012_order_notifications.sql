-- Merchants are told of their orders, too. Processes of the version before go on telling of payments alone.

alter table notifications
  alter column payment_id drop not null,
  add column order_id uuid,
  -- Whoever reads what is there meanwhile is not kept waiting: both are checked afterwards.
  add constraint notifications_of_order foreign key (order_id) references orders not valid,
  add constraint notifications_about_one check (num_nonnulls(payment_id, order_id) = 1) not valid;
alter table notifications validate constraint notifications_of_order;
alter table notifications validate constraint notifications_about_one;
