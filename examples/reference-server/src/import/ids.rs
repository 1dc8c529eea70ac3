//! Ids that follow from what a file says.
//!
//! An order has no id of the file's own, so it is given one made from its invoice's number and moment: 48 bits of time,
//! as every UUIDv7 has them, and bits of the SHA-256 of the kind and the name where another has random ones. So the same
//! invoice is the same order each time the file is read, in every process, also after a crash: placing it again meets
//! the order that is there, and **placing an invoice is idempotent by its number**. The same holds for products, customers
//! and returns.
//!
//! The last sixteen bits are zero, free for the ids that [`derive`](commerce_core::id::derive) makes below one. Of the hash, 58
//! bits are left: among a million names of one kind and one moment, two are alike with a probability of two in a million.

use commerce_core::Timestamp;
use commerce_core::id::{CustomerId, OrderId, ProductId, v7};
use commerce_core::value::Sku;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::ImportCustomer;

/// The product of a SKU, the same in every file: it has no moment, so its time is 1970.
pub fn product_id(sku: &Sku) -> ProductId {
    ProductId(id("product", sku.as_str(), Timestamp::default()))
}

/// A customer, the same in every file. A guest's is that of the invoice's number, repeat and all.
pub fn customer_id(customer: &ImportCustomer) -> CustomerId {
    let (kind, name) = match customer {
        ImportCustomer::Registered(id) => ("customer", id),
        ImportCustomer::Guest(invoice_no) => ("guest", invoice_no),
    };
    CustomerId(id(kind, name, Timestamp::default()))
}

/// The order of an invoice. `invoice_no` is the number under which it is placed: `536365`, or `536365`, a tab and `2` when a file is
/// run for the second time.
pub fn order_id(invoice_no: &str, placed_at: Timestamp) -> OrderId {
    OrderId(id("order", invoice_no, placed_at))
}

/// The return that a row of an invoice makes. `invoice_no` is the number under which it is made, as in [`order_id`];
/// `occurrence` counts the invoice's rows of that SKU and quantity. Where the row stands in a file says nothing: files
/// overlap.
pub fn return_id(invoice_no: &str, sku: &Sku, quantity: u32, occurrence: usize, at: Timestamp) -> Uuid {
    id("return", &format!("{invoice_no}:{sku}:{quantity}:{occurrence}"), at)
}

fn id(kind: &str, name: &str, moment: Timestamp) -> Uuid {
    let hash = Sha256::digest(format!("{kind}:{name}"));
    let mut bits = [0; 10];
    for (bit, hashed) in bits.iter_mut().zip(hash) {
        *bit = hashed;
    }
    v7(moment, &bits)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use commerce_core::id::derive;

    use super::*;

    const MOMENT: Timestamp = Timestamp::from_micros(1_291_191_960_000_000);

    #[test]
    fn the_same_invoice_is_the_same_order() {
        assert_eq!(order_id("536365", MOMENT), order_id("536365", MOMENT));
        // Written down, so that a data folder of an earlier version is carried on and not doubled.
        assert_eq!(order_id("536365", MOMENT).to_string(), "012ca109-c1c0-7d17-b105-79ff287f0000");
        assert_eq!(
            product_id(&Sku::parse("85123A").unwrap()).to_string(),
            "00000000-0000-7bcf-adca-19e892cf0000"
        );
    }

    #[test]
    fn each_repeat_of_an_invoice_is_another_order() {
        assert_ne!(order_id("536365", MOMENT), order_id("536365-2", MOMENT));
        assert_ne!(order_id("536365-2", MOMENT), order_id("536365-3", MOMENT));
    }

    #[test]
    fn each_id_is_a_version_7_uuid_with_its_last_bits_free() {
        let sku = Sku::parse("85123A").unwrap();
        let guest = ImportCustomer::Guest("536365".into());
        for id in [
            product_id(&sku).0,
            customer_id(&guest).0,
            order_id("536365", MOMENT).0,
            return_id("C536379", &sku, 1, 1, MOMENT),
        ] {
            assert_eq!(id.get_version(), Some(uuid::Version::SortRand));
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
            assert_eq!(derive(id, 0), id);
        }
    }

    #[test]
    fn ids_of_moments_sort_by_time() {
        assert_eq!(order_id("536365", MOMENT).0.as_bytes()[..6], [0x01, 0x2c, 0xa1, 0x09, 0xc1, 0xc0]);
        assert!(order_id("1", MOMENT) < order_id("0", MOMENT.plus(std::time::Duration::from_secs(1))));
    }

    #[test]
    fn a_guest_is_not_the_customer_with_the_number_of_the_invoice() {
        let registered = customer_id(&ImportCustomer::Registered("536365".into()));
        assert_ne!(registered, customer_id(&ImportCustomer::Guest("536365".into())));
    }

    #[test]
    fn each_row_of_a_return_is_a_return_of_its_own() {
        let sku = |sku: &str| Sku::parse(sku).unwrap();
        let rows = [
            return_id("C536379", &sku("D"), 1, 1, MOMENT),
            return_id("C536379", &sku("D"), 1, 2, MOMENT),
            return_id("C536379", &sku("D"), 2, 1, MOMENT),
            return_id("C536379", &sku("E"), 1, 1, MOMENT),
            return_id("C536380", &sku("D"), 1, 1, MOMENT),
        ];
        assert_eq!(rows.iter().collect::<HashSet<_>>().len(), rows.len());
    }

    #[test]
    fn ten_thousand_names_have_as_many_ids() {
        let ids: HashSet<_> = (0..10_000).map(|no| order_id(&no.to_string(), MOMENT)).collect();
        assert_eq!(ids.len(), 10_000);
    }
}
