use std::borrow::Cow;

use crate::commit::FieldValue;
use crate::id::Tenant;

/// Finds documents of one collection by their indexed fields.
///
/// ```
/// use commerce_core::store::Query;
///
/// let stuck = Query::all_tenants("sagas").equals("status", "stuck").limit(50);
/// assert_eq!(stuck.collection, "sagas");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Whose documents; everyone's if none is named (for operators and workers).
    pub tenant: Option<Tenant>,
    /// The collection.
    pub collection: Cow<'static, str>,
    /// What must hold, all of it.
    pub conditions: Vec<Condition>,
    /// In what order. By tenant and id, unless a field is named.
    pub order: Option<Order>,
    /// Only those whose id comes after this one. Only for one tenant's documents, in the order of their ids.
    pub after_id: Option<String>,
    /// So many at most.
    pub limit: usize,
}

/// What a document's field must fulfil. A document without the field does not, nor does one whose value is of the other
/// type: an integer is neither lower nor higher than a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// The field has this value.
    Equals(Cow<'static, str>, FieldValue),
    /// The field has this value or a lower one.
    AtMost(Cow<'static, str>, FieldValue),
    /// The field has this value or a higher one.
    AtLeast(Cow<'static, str>, FieldValue),
}

/// An order by a field. Documents without the field are left out. Integers are lower than texts here.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// The lowest first.
    Ascending(Cow<'static, str>),
    /// The highest first.
    Descending(Cow<'static, str>),
}

impl Query {
    /// Documents of one tenant. A hundred, unless a limit is set.
    pub fn of(tenant: &Tenant, collection: impl Into<Cow<'static, str>>) -> Self {
        Self { tenant: Some(tenant.clone()), ..Self::all_tenants(collection) }
    }

    /// Documents of every tenant.
    pub fn all_tenants(collection: impl Into<Cow<'static, str>>) -> Self {
        Self {
            tenant: None,
            collection: collection.into(),
            conditions: Vec::new(),
            order: None,
            after_id: None,
            limit: 100,
        }
    }

    /// The field has this value. Where there are several such conditions and no order by a field, the rarest should come first:
    /// a store may go through all documents that fulfil it.
    pub fn equals(mut self, field: impl Into<Cow<'static, str>>, value: impl Into<FieldValue>) -> Self {
        self.conditions.push(Condition::Equals(field.into(), value.into()));
        self
    }

    /// The field has this value or a lower one.
    pub fn at_most(mut self, field: impl Into<Cow<'static, str>>, value: impl Into<FieldValue>) -> Self {
        self.conditions.push(Condition::AtMost(field.into(), value.into()));
        self
    }

    /// The field has this value or a higher one.
    pub fn at_least(mut self, field: impl Into<Cow<'static, str>>, value: impl Into<FieldValue>) -> Self {
        self.conditions.push(Condition::AtLeast(field.into(), value.into()));
        self
    }

    /// The lowest first.
    pub fn ascending(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.order = Some(Order::Ascending(field.into()));
        self
    }

    /// The highest first.
    pub fn descending(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.order = Some(Order::Descending(field.into()));
        self
    }

    /// Only those whose id comes after this one.
    pub fn after(mut self, id: impl Into<String>) -> Self {
        self.after_id = Some(id.into());
        self
    }

    /// So many at most.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}
