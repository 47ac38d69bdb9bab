//! Breaking things, one fault at a time.
