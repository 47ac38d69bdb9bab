//! What clients asked and what they were told.
