//! A day at the provider and here.
