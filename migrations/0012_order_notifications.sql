-- Merchants are told of their orders, too. Workers of the version before tell of payments, and park what is told of an order: they
-- are stopped before workers run that tell of orders.

alter table notifications
  alter column payment_id drop not null,
  add column order_id uuid,
  -- They hold for new rows; 0018 looks at the others.
  add constraint notifications_of_order foreign key (order_id) references orders not valid,
  add constraint notifications_about_one check (num_nonnulls(payment_id, order_id) = 1) not valid;
