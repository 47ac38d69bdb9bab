//! Random choices that a seed repeats.
