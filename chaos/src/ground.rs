//! A fresh database and vhost that one run has to itself.
