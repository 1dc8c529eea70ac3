//! Notification templates in the language of Jinja, by minijinja.
//!
//! 1. A variable that is missing, or null, is an error that names it; `default` and `is defined` are there for what may
//!    be missing. A number that is none, as of 1/0, is an error as well.
//! 2. A template's work, its text, and every value in between are bounded: one that would loop for ever, or grow for ever,
//!    is an error.
//! 3. Nothing is escaped, and no template reads a file or another template.
//!
//! For the second a template has less than all of Jinja: see [`MiniJinja::new`].

mod filters;
mod language;
mod lexer;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};

use commerce_core::notification::{RenderError, Renderer, Variables};
use minijinja::{AutoEscape, Environment, ErrorKind, Template, UndefinedBehavior, Value, escape_formatter};

use self::filters::NotFinite;
use self::language::{Language, check_depth};
use self::lexer::tags;

/// So many instructions a template may run: thousands of times what a letter needs, some milliseconds.
const FUEL: u64 = 100_000;
/// An instruction can look through a whole value, so large values allow fewer of them: so many bytes in all.
const WORK: u64 = 500_000_000;
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
    language: Language,
}

impl MiniJinja {
    /// A renderer. Its templates have:
    ///
    /// 1. The statements `if`, `elif`, `else` and `for`. No other: none that gives a name to a value, such as `set`.
    /// 2. The filters abs, bool, capitalize, default (d), dictsort, first, float, int, items, join, last, length (count),
    ///    lines, list, lower, map, max, min, reject, rejectattr, replace, reverse, round, select, selectattr, sort, split,
    ///    string, sum, title, trim, unique and upper; minijinja's tests; `range`, `loop.cycle` and `loop.changed`.
    /// 3. All operators but `*` and `**`, and slices without a step. A tag puts at most 32 values together by `~`, `+` and
    ///    the commas of lists, and is made of at most 256 names, texts, numbers and signs; a template has at most 64 `elif`.
    ///    What a `for` runs over is put together by none, and has of the filters only default (d),
    ///    dictsort, first, items, last, lines, list, reject, rejectattr, reverse, select, selectattr, sort, split and unique.
    ///
    /// Anything else is refused by [`check`](Renderer::check) and by [`render`](Renderer::render), with its line.
    pub fn new() -> Self {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(|out, state, value| {
            // Of `'a' if b` without an else: what is missing is none of these.
            if value.is_undefined() {
                return Ok(());
            }
            filters::check_shown(value)?;
            escape_formatter(out, state, value)
        });
        // An error must not carry the variables along, some of which are secret.
        environment.set_debug(false);
        let language = filters::add_to(&mut environment);
        Self { environment, language }
    }

    fn parse<'a>(
        &self,
        environment: &'a Environment<'_>,
        template: &'a str,
    ) -> Result<Template<'a, 'a>, RenderError> {
        let tags = tags(template);
        check_depth(&tags)?;
        let parsed = environment.template_from_str(template).map_err(|error| RenderError::Syntax {
            line: error.line().unwrap_or(0),
            detail: error.detail().unwrap_or("it is not a template").to_owned(),
        })?;
        self.language.check(&tags)?;
        Ok(parsed)
    }
}

impl Default for MiniJinja {
    fn default() -> Self {
        Self::new()
    }
}

impl Renderer for MiniJinja {
    fn render(&self, template: &str, variables: &Variables) -> Result<String, RenderError> {
        let given = given(variables);
        let size = template.len() + filters::size(&given, WORK as usize);
        let mut environment = self.environment.clone();
        environment.set_fuel(Some(FUEL.min(WORK / size as u64)));
        let parsed = self.parse(&environment, template)?;
        let mut text = Bounded::default();
        match parsed.render_captured_to(given, &mut text) {
            Ok(_) => Ok(String::from_utf8_lossy(&text.bytes).into_owned()),
            Err(_) if text.full => Err(RenderError::TooExpensive),
            Err(error) => Err(why(&error, template, &unknown(&parsed, variables))),
        }
    }

    fn check(&self, template: &str) -> Result<(), RenderError> {
        self.parse(&self.environment, template).map(drop)
    }
}

fn given(variables: &Variables) -> Value {
    variables.iter().map(|(name, value)| (name.as_str(), value_of(value))).collect()
}

/// What is null is undefined, so that it is an error wherever something is made of it.
fn value_of(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::UNDEFINED,
        serde_json::Value::Object(members) => given(members),
        serde_json::Value::Array(members) => members.iter().map(value_of).collect(),
        plain => Value::from_serialize(plain),
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
    let failed = |what: &dyn Display| RenderError::Failed {
        detail: format!("line {}: {what}", error.line().unwrap_or(0)),
    };
    if error.source().is_some_and(<dyn Error>::is::<NotFinite>) {
        return failed(&NotFinite);
    }
    match error.kind() {
        ErrorKind::OutOfFuel => RenderError::TooExpensive,
        ErrorKind::UndefinedError if unknown.iter().any(|name| name == expression) => missing(expression),
        // Where a filter was given nothing, the error points at the filter: what it was given stands before it.
        ErrorKind::UndefinedError => {
            nearest(template.get(..range.end).unwrap_or(template)).unwrap_or_else(|| missing(expression))
        }
        // What is missing can't be calculated with either.
        kind @ ErrorKind::InvalidOperation => nearest(expression).unwrap_or_else(|| failed(&kind)),
        kind => failed(&kind),
    }
}

/// What the template names and nobody gave: `name`, `user.last`.
fn unknown(template: &Template<'_, '_>, variables: &Variables) -> Vec<String> {
    let is_given = |path: &str| {
        let mut parts = path.split('.');
        let first = parts.next().and_then(|name| variables.get(name));
        let value = parts.try_fold(first, |value, part| value.map(|value| value.get(part))).flatten();
        value.is_some_and(|value| !value.is_null())
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
