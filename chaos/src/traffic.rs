//! Merchants who ask for payments and payers who pay them.
