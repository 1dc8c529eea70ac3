//! The word that members of a group leave in a store: that they are there, and which topics they take.
//!
//! A cursor says how far a group has come in a log, whatever the topics: what one member passes over no other gets. So all
//! members have to take the same topics; who joins with others waits until those that were there before have gone.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::{Commit, CommitError, DocumentWrite, Expected};
use commerce_core::store::{Document, Query, Store};
use serde::{Deserialize, Serialize};

use crate::error::BusError;

/// Where members leave word.
const MEMBERS: &str = "bus-members";
/// So long after its last word a member is forgotten.
const FORGET: Duration = Duration::from_secs(60 * 60);
/// More members than this are not counted.
const MOST: usize = 1_000;

#[derive(Default, Serialize, Deserialize)]
struct Word {
    /// In order; without any it takes all. Programs of earlier versions say nothing of it.
    topics: Option<Vec<String>>,
}

/// Who leaves word.
pub(super) struct Speaker {
    group: String,
    /// Later members have greater ones.
    id: String,
    topics: Vec<String>,
}

/// What a member finds in a store.
pub(super) struct Others {
    /// How many members take the same, this one included.
    pub(super) members: usize,
    /// What a member takes that joined before this one, if it is something else.
    pub(super) taken: Option<Vec<String>>,
}

impl Speaker {
    pub(super) fn new(group: &str, id: impl std::fmt::Display, topics: &[String]) -> Self {
        let mut topics = topics.to_vec();
        topics.sort_unstable();
        topics.dedup();
        Self { group: group.to_owned(), id: format!("{group}/{id}"), topics }
    }

    /// Says that this member is there for so long, and looks who else is.
    pub(super) async fn share(&self, store: &Arc<dyn Store>, lease: Duration) -> Result<Others, BusError> {
        let now = store.now().await?;
        let word = self.word()?.field("alive_until", now.plus(lease));
        store.commit(Commit::new().document(word)).await?;
        let gone = store.documents(&self.of_group().at_most("alive_until", now.minus(FORGET))).await?;
        self.forget(store, gone).await?;
        let alive = store.documents(&self.of_group().at_least("alive_until", now)).await?;
        let others = alive.iter().filter(|member| self.other_topics(member).is_some()).count();
        let mut before = alive.iter().filter(|member| member.id < self.id);
        let taken = before.find_map(|member| self.other_topics(member));
        Ok(Others { members: (alive.len() - others).max(1), taken })
    }

    /// Says that this member has the only partition, so that whoever else left word has gone.
    pub(super) async fn alone(&self, store: &Arc<dyn Store>) -> Result<(), BusError> {
        let mut others = store.documents(&self.of_group()).await?;
        others.retain(|member| member.id != self.id);
        self.forget(store, others).await?;
        store.commit(Commit::new().document(self.word()?)).await?;
        Ok(())
    }

    /// What whoever has the only partition takes, if it is something else.
    pub(super) async fn taken_by_holder(
        &self,
        store: &Arc<dyn Store>,
    ) -> Result<Option<Vec<String>>, BusError> {
        let members = store.documents(&self.of_group()).await?;
        Ok(members.iter().find_map(|member| self.other_topics(member)))
    }

    /// The member has gone.
    pub(super) async fn leave(&self, store: &Arc<dyn Store>) -> Result<(), BusError> {
        let word = DocumentWrite::delete(MEMBERS, self.id.as_str(), Expected::Any);
        store.commit(Commit::new().document(word)).await?;
        Ok(())
    }

    /// Why a member does not take part.
    pub(super) fn refusal(&self, theirs: Vec<String>) -> BusError {
        BusError::OtherTopics { group: self.group.clone(), theirs, ours: self.topics.clone() }
    }

    fn word(&self) -> Result<DocumentWrite, BusError> {
        let word = Word { topics: Some(self.topics.clone()) };
        let word = DocumentWrite::json(MEMBERS, self.id.as_str(), Expected::Any, &word);
        let word = word.map_err(|error| BusError::Unavailable { source: error.into() })?;
        Ok(word.field("group", self.group.as_str()))
    }

    fn of_group(&self) -> Query {
        Query::all_tenants(MEMBERS).equals("group", self.group.as_str()).limit(MOST)
    }

    /// What a member takes, if it is something else.
    fn other_topics(&self, member: &Document) -> Option<Vec<String>> {
        let topics = serde_json::from_slice::<Word>(&member.body).ok()?.topics?;
        (topics != self.topics).then_some(topics)
    }

    async fn forget(&self, store: &Arc<dyn Store>, gone: Vec<Document>) -> Result<(), BusError> {
        for member in gone {
            let delete = DocumentWrite::delete(MEMBERS, member.id, Expected::Version(member.version));
            match store.commit(Commit::new().document(delete)).await {
                Ok(_) | Err(CommitError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
