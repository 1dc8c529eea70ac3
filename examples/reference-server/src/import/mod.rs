//! A shop's invoices as orders and returns.
