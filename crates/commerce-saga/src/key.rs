use commerce_core::id::Tenant;

use crate::reply::Phase;

/// Under which a step's phase has its effect outside: the same at each attempt, and no other run's.
///
/// The one tenant of an installation that has no more is left out. Any other is set before the rest, after a slash, with
/// which no saga's name begins. Its own slashes are written otherwise, and names of sagas and steps hold none: so neither
/// a tenant nor a run can be named so that it comes to another's key.
pub(crate) fn idempotency_key(tenant: &Tenant, saga: &str, id: &str, step: &str, phase: Phase) -> String {
    let phase = phase.as_str();
    if *tenant == Tenant::default() {
        return format!("{saga}/{id}/{step}/{phase}");
    }
    let tenant = tenant.as_str().replace('%', "%25").replace('/', "%2F");
    format!("/{tenant}/{saga}/{id}/{step}/{phase}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn key(tenant: &str, id: &str) -> String {
        idempotency_key(&Tenant::new(tenant), "pay", id, "charge", Phase::Action)
    }

    #[test]
    fn the_default_tenant_has_no_part_in_its_keys() {
        assert_eq!(key("default", "1"), "pay/1/charge/action");
        assert_eq!(key("a", "1"), "/a/pay/1/charge/action");
    }

    #[test]
    fn no_name_of_a_tenant_comes_to_the_key_of_another() {
        let names =
            ["default", "a", "b", "a/pay", "a%2Fpay", "a%252Fpay", "/a", "a/", "/", "", "%", "pay", "1"];
        let ids = ["1", "pay/1", "a/pay/1", "/a/pay/1", "1/charge/action/pay/1", ""];
        let keys: HashSet<_> = names.iter().flat_map(|name| ids.map(|id| key(name, id))).collect();
        assert_eq!(keys.len(), names.len() * ids.len());
    }
}
