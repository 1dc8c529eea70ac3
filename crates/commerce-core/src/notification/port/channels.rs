//! Which channel takes what.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Channel;
use crate::notification::ChannelKind;

/// Which channel takes what. One takes all for which no other is named.
#[derive(Clone)]
pub struct Channels {
    otherwise: Arc<dyn Channel>,
    by_kind: BTreeMap<ChannelKind, Arc<dyn Channel>>,
}

impl Channels {
    /// This channel takes everything: by default the [mailbox](crate::notification::Mailbox).
    pub fn all(channel: Arc<dyn Channel>) -> Self {
        Self { otherwise: channel, by_kind: BTreeMap::new() }
    }

    /// This one takes what goes that way.
    pub fn with(mut self, kind: ChannelKind, channel: Arc<dyn Channel>) -> Self {
        self.by_kind.insert(kind, channel);
        self
    }

    /// The one that takes what goes that way.
    pub fn of(&self, kind: ChannelKind) -> &dyn Channel {
        self.by_kind.get(&kind).unwrap_or(&self.otherwise).as_ref()
    }
}

impl fmt::Debug for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channels").field("named", &self.by_kind.keys()).finish_non_exhaustive()
    }
}
