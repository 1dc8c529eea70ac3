use std::borrow::Cow;

use uuid::Uuid;

/// So long a key may be to be filed as it is, in bytes. PostgreSQL's indexes take some 2,700 for a document's collection,
/// tenant, id and the value of a field, and the key is part of two of these.
const LONGEST: usize = 1_024;
/// What the names of the other keys begin with.
const DIGEST: &str = "digest:";

/// The name under which a message's key is filed, in ids and fields: the key itself, wherever a store can take that. A message
/// from another store may have one that this can't: too long for an index, or with a NUL.
pub(crate) fn filed(key: &str) -> Cow<'_, str> {
    // The prefix is there for the names below: a key that has it must not be taken for another's digest.
    if key.len() <= LONGEST && !key.contains('\0') && !key.starts_with(DIGEST) {
        return Cow::Borrowed(key);
    }
    Cow::Owned(format!("{DIGEST}{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, key.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_key_is_filed_as_it_is() {
        let long = "k".repeat(LONGEST);
        for key in ["", "order/0190a6f2-1c3d-7abc-8def-0123456789ab", "caf\u{e9}\n/x", &long] {
            assert_eq!(filed(key), key);
        }
    }

    /// Stores hold such names: they must never change.
    #[test]
    fn what_no_store_need_take_has_a_name_of_its_own() {
        let keys = ["a\0".to_owned(), "b\0".to_owned(), "k".repeat(LONGEST + 1), "k".repeat(LONGEST + 2)];
        let names: Vec<_> = keys.iter().map(|key| filed(key).into_owned()).collect();
        assert_eq!(names[0], "digest:4b5c787a-2583-5717-aea3-1da1a3bca238");
        assert!((1..4).all(|index| !names[..index].contains(&names[index])));
        assert!(names.iter().all(|name| name.len() == DIGEST.len() + 36));
        assert_ne!(filed(&names[0]), names[0], "it is another key");
    }
}
