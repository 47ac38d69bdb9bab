//! What breaks when, decided from a seed.
