use crate::error::Kind;

/// Why a store could not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store can't be reached, is busy, or its disk failed. Nothing was changed; it may work later.
    #[error("the store is unavailable: {source}")]
    Unavailable {
        /// What the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is stored can't be read: it is damaged, or written by a newer version. An operator must look.
    #[error("{what} can't be read: {source}")]
    Damaged {
        /// Which part of the data.
        what: String,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The request can't be right. The caller is at fault.
    #[error("{0}")]
    Invalid(String),
}

impl StoreError {
    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unavailable { .. } => Kind::Retryable,
            Self::Damaged { .. } => Kind::Terminal,
            Self::Invalid(_) => Kind::Bug,
        }
    }
}
