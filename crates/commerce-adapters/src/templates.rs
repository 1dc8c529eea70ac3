//! Notification templates in the language of Jinja, by minijinja.
//!
//! 1. A variable that is missing is an error that names it; `default` and `is defined` are there for what may be
//!    missing.
//! 2. A template's work and its text are bounded: one that would loop for ever, or grow for ever, is an error.
//! 3. Nothing is escaped, and no template reads a file or another template.

use std::io::{self, Write};

use commerce_core::notification::{RenderError, Renderer, Variables};
use minijinja::{AutoEscape, Environment, ErrorKind, Template, UndefinedBehavior};

/// So many instructions a template may run: thousands of times what a letter needs, some milliseconds.
const FUEL: u64 = 100_000;
/// So many bytes its text may have: what the longest body has in the widest letters.
const OUTPUT: usize = 400_000;
/// The longest expression that an error repeats, in characters.
const SHOWN: usize = 100;

/// Fills notification templates.
///
/// ```
/// use commerce_adapters::templates::MiniJinja;
/// use commerce_core::notification::{RenderError, Renderer, Variables};
///
/// let renderer = MiniJinja::new();
/// let variables = Variables::from_iter([("name".to_owned(), "Ada".into())]);
/// assert_eq!(renderer.render("Hello {{ name|upper }}", &variables)?, "Hello ADA");
/// let missing = renderer.render("Hello {{ nmae }}", &variables).unwrap_err();
/// assert_eq!(missing, RenderError::MissingVariable { name: "nmae".to_owned() });
/// # Ok::<(), RenderError>(())
/// ```
#[derive(Debug)]
pub struct MiniJinja {
    environment: Environment<'static>,
}

impl MiniJinja {
    /// A renderer with minijinja's own filters and tests.
    pub fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        // An error must not carry the variables along, some of which are secret.
        environment.set_debug(false);
        Self { environment }
    }

    fn parse<'a>(&'a self, template: &'a str) -> Result<Template<'a, 'a>, RenderError> {
        self.environment.template_from_str(template).map_err(|error| RenderError::Syntax {
            line: error.line().unwrap_or(0),
            detail: error.detail().unwrap_or("it is not a template").to_owned(),
        })
    }
}

impl Default for MiniJinja {
    fn default() -> Self {
        Self::new()
    }
}

impl Renderer for MiniJinja {
    fn render(&self, template: &str, variables: &Variables) -> Result<String, RenderError> {
        let parsed = self.parse(template)?;
        let mut text = Bounded::default();
        match parsed.render_captured_to(variables, &mut text) {
            Ok(_) => Ok(String::from_utf8_lossy(&text.bytes).into_owned()),
            Err(_) if text.full => Err(RenderError::TooExpensive),
            Err(error) => Err(why(&error, template, &unknown(&parsed, variables))),
        }
    }

    fn check(&self, template: &str) -> Result<(), RenderError> {
        self.parse(template).map(drop)
    }
}

fn why(error: &minijinja::Error, template: &str, unknown: &[String]) -> RenderError {
    let range = error.range().unwrap_or(0..template.len());
    let expression = template.get(range.clone()).unwrap_or("(unnamed)").trim();
    let missing = |name: &str| RenderError::MissingVariable { name: name.chars().take(SHOWN).collect() };
    let nearest = |text: &str| {
        let uses = unknown.iter().filter_map(|name| Some((last_use(text, name)?, name)));
        uses.max().map(|(_, name)| missing(name))
    };
    let failed = |kind| RenderError::Failed { detail: format!("line {}: {kind}", error.line().unwrap_or(0)) };
    match error.kind() {
        ErrorKind::OutOfFuel => RenderError::TooExpensive,
        ErrorKind::UndefinedError if unknown.iter().any(|name| name == expression) => missing(expression),
        // Where a filter was given nothing, the error points at the filter: what it was given stands before it.
        ErrorKind::UndefinedError => {
            nearest(template.get(..range.end).unwrap_or(template)).unwrap_or_else(|| missing(expression))
        }
        // What is missing can't be calculated with either.
        kind @ ErrorKind::InvalidOperation => nearest(expression).unwrap_or_else(|| failed(kind)),
        kind => failed(kind),
    }
}

/// What the template names and nobody gave: `name`, `user.last`.
fn unknown(template: &Template<'_, '_>, variables: &Variables) -> Vec<String> {
    let is_given = |path: &str| {
        let mut parts = path.split('.');
        let first = parts.next().and_then(|name| variables.get(name));
        parts.try_fold(first, |value, part| value.map(|value| value.get(part))).flatten().is_some()
    };
    template.undeclared_variables(true).into_iter().filter(|path| !is_given(path)).collect()
}

/// Where a name stands last as a word of its own.
fn last_use(text: &str, name: &str) -> Option<usize> {
    let inner = |c: char| c.is_alphanumeric() || c == '_';
    text.rmatch_indices(name).map(|(at, _)| at).find(|at| {
        let (before, after) = (text.get(..*at).unwrap_or(""), text.get(at + name.len()..).unwrap_or(""));
        !before.ends_with(inner) && !after.starts_with(inner)
    })
}

/// Takes so many bytes and no more.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    full: bool,
}

impl Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + more.len() > OUTPUT {
            self.full = true;
            return Err(io::Error::other("the text is too long"));
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
