//! The aggregate.

use serde::{Deserialize, Serialize};

use super::{
    CategoryChange, CategoryCommand, CategoryDetails, CategoryEntry, CategoryEvent, CategoryRejection,
    Placement,
};
use crate::aggregate::Aggregate;
use crate::catalog::Slug;
use crate::context::Context;
use crate::id::CategoryId;
use crate::time::Timestamp;

/// A category, from before it was created.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Category {
    entry: Option<CategoryEntry>,
}

impl Category {
    /// What is known of it. `None` until it was created.
    pub fn entry(&self) -> Option<&CategoryEntry> {
        self.entry.as_ref()
    }
}

impl Aggregate for Category {
    const KIND: &'static str = "category";
    type Id = CategoryId;
    type Command = CategoryCommand;
    type Event = CategoryEvent;
    type Rejection = CategoryRejection;

    fn decide(
        &self,
        command: CategoryCommand,
        context: &Context,
    ) -> Result<Vec<CategoryEvent>, CategoryRejection> {
        let change = match (&self.entry, command) {
            (None, CategoryCommand::Create { details, placement }) => {
                return create(details, placement, context.now());
            }
            (None, _) => return Err(CategoryRejection::NotFound),
            (Some(_), CategoryCommand::Create { .. }) => return Err(CategoryRejection::AlreadyExists),
            (Some(entry), CategoryCommand::Update { details, placement }) => {
                update(entry, details, placement)?
            }
            (Some(entry), CategoryCommand::Activate) => {
                (!entry.is_active()).then_some(CategoryChange::Activated)
            }
            (Some(entry), CategoryCommand::Deactivate) => {
                entry.is_active().then_some(CategoryChange::Deactivated)
            }
        };
        let updated = |change| CategoryEvent::CategoryUpdated { change, updated_at: context.now() };
        Ok(change.map(updated).into_iter().collect())
    }

    fn apply(&mut self, event: &CategoryEvent) {
        match &mut self.entry {
            Some(entry) => entry.apply(event),
            None => self.entry = CategoryEntry::created(event),
        }
    }
}

fn create(
    details: CategoryDetails,
    placement: Placement,
    now: Timestamp,
) -> Result<Vec<CategoryEvent>, CategoryRejection> {
    let details = details.checked()?;
    let slug = Slug::of_first(&[&details.name]);
    Ok(vec![CategoryEvent::CategoryCreated {
        details,
        slug,
        parent_id: placement.parent_id(),
        created_at: now,
    }])
}

fn update(
    entry: &CategoryEntry,
    details: CategoryDetails,
    placement: Placement,
) -> Result<Option<CategoryChange>, CategoryRejection> {
    let details = details.checked()?;
    let parent_id = placement.parent_id();
    let changed = details != *entry.details() || parent_id != entry.parent_id();
    let slug = Slug::of_first(&[&details.name]);
    Ok(changed.then_some(CategoryChange::Details { details, slug, parent_id }))
}
