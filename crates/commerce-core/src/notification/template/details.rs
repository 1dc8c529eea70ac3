//! What a template is made of.

use serde::{Deserialize, Serialize};

use crate::notification::faults::Faults;
use crate::notification::notice::{BODY_LENGTH, SUBJECT_LENGTH};
use crate::notification::{ChannelKind, Variables, variables};
use crate::value::{Violation, text};

/// The longest name, in characters.
const NAME_LENGTH: usize = 200;
/// The longest description, in characters.
const DESCRIPTION_LENGTH: usize = 1_000;

/// What a template is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplateDetails {
    /// What it is called: 1 to 200 characters, unique in any case.
    pub name: String,
    /// What it is for: at most 1,000 characters.
    #[serde(default)]
    pub description: String,
    /// By what way it is sent.
    pub channel: ChannelKind,
    /// The template of the subject: 1 to 500 characters.
    pub subject_template: String,
    /// The template of the body: 1 to 100,000 characters.
    pub body_template: String,
    /// What stands in for a variable that isn't given.
    #[serde(default, skip_serializing_if = "Variables::is_empty")]
    pub default_variables: Variables,
}

impl TemplateDetails {
    /// The same without white space around its texts, if each is within its limits. Whether the templates can be
    /// read, the renderer says.
    ///
    /// # Errors
    /// Everything that isn't.
    pub fn checked(self) -> Result<Self, Vec<Violation>> {
        let mut faults = Faults::default();
        let checked = Self {
            name: faults.keep(text("/name", &self.name, 1, NAME_LENGTH)),
            description: faults.keep(text("/description", &self.description, 0, DESCRIPTION_LENGTH)),
            channel: self.channel,
            subject_template: faults.keep(text(
                "/subject_template",
                &self.subject_template,
                1,
                SUBJECT_LENGTH,
            )),
            body_template: faults.keep(text("/body_template", &self.body_template, 1, BODY_LENGTH)),
            default_variables: self.default_variables,
        };
        faults.extend(variables::faults("/default_variables", &checked.default_variables));
        faults.finish(checked)
    }
}

/// The name by which a template is claimed and found: names differ in more than their case.
pub(in crate::notification) fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}
