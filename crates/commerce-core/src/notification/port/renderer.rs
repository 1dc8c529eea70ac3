//! Filling templates.

use crate::error::Kind;
use crate::notification::Variables;

/// Fills templates. Pure: the same template and variables give the same text.
pub trait Renderer: Send + Sync + 'static {
    /// The template's text with the variables in it. Nothing is escaped: it is text, not a page.
    ///
    /// # Errors
    /// When a variable is missing, the template can't be read, or it would run too long.
    fn render(&self, template: &str, variables: &Variables) -> Result<String, RenderError>;

    /// Whether the template can be read, and uses nothing that the renderer lacks.
    ///
    /// # Errors
    /// [`RenderError::Syntax`].
    fn check(&self, template: &str) -> Result<(), RenderError>;
}

/// Why a template was not filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The template needs a variable that was not given. The caller must give it.
    #[error("the template needs the variable {name}, which is missing")]
    MissingVariable {
        /// Its name, or the expression in which it stands.
        name: String,
    },
    /// The template can't be read. Its author is at fault.
    #[error("line {line} of the template can't be read: {detail}")]
    Syntax {
        /// From 1; 0 if it isn't known.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// The template does more work, or gives more text, than a notification needs. Its author is at fault.
    #[error("the template does too much work")]
    TooExpensive,
    /// The template can't do with these variables what it wants to.
    #[error("the template can't be filled: {detail}")]
    Failed {
        /// What is wrong.
        detail: String,
    },
}

impl RenderError {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingVariable { .. } => "missing_variable",
            Self::Syntax { .. } => "invalid_template",
            Self::TooExpensive => "template_too_expensive",
            Self::Failed { .. } => "template_failed",
        }
    }

    /// Always [`Kind::Invalid`].
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}
