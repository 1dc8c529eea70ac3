use commerce_core::event::CodecError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The type of the messages that answer a request.
pub(crate) const REPLY_TYPE: &str = "saga.reply";

pub(crate) const SAGA: &str = "saga";
pub(crate) const SAGA_ID: &str = "saga-id";
pub(crate) const STEP: &str = "saga-step";
pub(crate) const PHASE: &str = "saga-phase";
pub(crate) const ATTEMPT: &str = "saga-attempt";
pub(crate) const REPLY_TO: &str = "saga-reply-to";

/// Doing a step, or undoing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The step's action.
    Action,
    /// Its compensation.
    Undo,
}

impl Phase {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Undo => "undo",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "action" => Some(Self::Action),
            "undo" => Some(Self::Undo),
            _ => None,
        }
    }
}

/// A participant's answer to a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "Written", from = "Written")]
pub enum Reply {
    /// It is done.
    Done {
        /// What the saga wants to know of it.
        data: Box<RawValue>,
    },
    /// For certain it has no effect, and will not have one.
    Failed {
        /// Stable, for programs.
        code: String,
        /// A sentence, for people.
        detail: String,
    },
    /// For certain it has no effect, but may succeed when it is asked for again.
    Transient {
        /// Stable, for programs.
        code: String,
        /// A sentence, for people.
        detail: String,
    },
}

/// A reply as JSON. Not a tagged enum: serde buffers those, which raw JSON does not survive.
#[derive(Serialize, Deserialize)]
struct Written {
    outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    detail: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Done,
    Failed,
    Transient,
}

impl From<Reply> for Written {
    fn from(reply: Reply) -> Self {
        let (outcome, data, code, detail) = match reply {
            Reply::Done { data } => (Outcome::Done, Some(data), String::new(), String::new()),
            Reply::Failed { code, detail } => (Outcome::Failed, None, code, detail),
            Reply::Transient { code, detail } => (Outcome::Transient, None, code, detail),
        };
        Self { outcome, data, code, detail }
    }
}

impl From<Written> for Reply {
    fn from(Written { outcome, data, code, detail }: Written) -> Self {
        match outcome {
            Outcome::Done => Self::Done { data: data.unwrap_or_else(|| RawValue::NULL.to_owned()) },
            Outcome::Failed => Self::Failed { code, detail },
            Outcome::Transient => Self::Transient { code, detail },
        }
    }
}

impl Reply {
    /// Done, with what the saga wants to know.
    ///
    /// # Errors
    /// When the value's serde implementation fails.
    pub fn done(data: &impl Serialize) -> Result<Self, CodecError> {
        let data =
            serde_json::value::to_raw_value(data).map_err(|error| CodecError::Encode(error.to_string()))?;
        Ok(Self::Done { data })
    }

    /// Failed for certain.
    pub fn failed(code: impl Into<String>, detail: impl ToString) -> Self {
        Self::Failed { code: code.into(), detail: detail.to_string() }
    }

    /// Not done, may be asked for again.
    pub fn transient(code: impl Into<String>, detail: impl ToString) -> Self {
        Self::Transient { code: code.into(), detail: detail.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_back_as_it_was_written() {
        for (reply, json) in [
            (Reply::done(&vec![1, 2]).unwrap(), r#"{"outcome":"done","data":[1,2]}"#),
            (Reply::done(&()).unwrap(), r#"{"outcome":"done","data":null}"#),
            (
                Reply::failed("sold-out", "no seat"),
                r#"{"outcome":"failed","code":"sold-out","detail":"no seat"}"#,
            ),
            (Reply::transient("busy", "later"), r#"{"outcome":"transient","code":"busy","detail":"later"}"#),
        ] {
            assert_eq!(serde_json::to_string(&reply).unwrap(), json);
            let read: Reply = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
    }
}
