//! What of Jinja a template may use, so that it can't grow a value beyond all bounds.
//!
//! Filters count what they handle while they run ([`super::filters`]); operators can't, so they are bounded here:
//!
//! 1. Nothing multiplies: `*` repeats text, and is refused.
//! 2. A tag puts together at most [`PARTS`] values by `~`, `+` and the commas of lists and mappings.
//! 3. A value gets a name by `for` alone, and what a `for` runs over puts nothing together: what it names is a part of a
//!    variable, of the template, or a number. So no value is built on a built one, however deep loops are nested.

use std::collections::BTreeSet;

use commerce_core::notification::RenderError;

use super::lexer::{Tag, Token};

const STATEMENTS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];
/// Words before a bracket that call nothing.
const WORDS: [&str; 8] = ["and", "or", "not", "in", "is", "if", "elif", "else"];
/// The filters in what a `for` runs over: each gives back of what it was given, and nothing new.
const OF_LOOPS: [&str; 16] = [
    "d",
    "default",
    "dictsort",
    "first",
    "items",
    "last",
    "lines",
    "list",
    "reject",
    "rejectattr",
    "reverse",
    "select",
    "selectattr",
    "sort",
    "split",
    "unique",
];
/// So many values a tag may put together: the countries of a list, the words of a sentence.
pub(super) const PARTS: usize = 32;

/// So many tokens a tag may have.
const TOKENS: usize = 256;
/// So many `elif` a template may have.
const ELIFS: usize = 64;

/// Whether minijinja can parse a template without running out of stack, which would end the whole program: for each sign,
/// filter, member or `and` of a tag, and for each `elif`, it goes one level deeper, and counts brackets and blocks alone.
pub(super) fn check_depth(tags: &[Tag<'_>]) -> Result<(), RenderError> {
    let mut elifs = 0;
    for tag in tags {
        let refuse = |detail: String| Err(RenderError::Syntax { line: tag.line, detail });
        // What stands behind it is cut otherwise by minijinja, and so can't be counted.
        if tag.is_statement && tag.tokens.first() == Some(&Token::Name("raw")) {
            return refuse(no_statement("raw"));
        }
        if tag.tokens.len() > TOKENS {
            let count = tag.tokens.len();
            return refuse(format!(
                "a tag has at most {TOKENS} names, texts, numbers and signs, this one {count}"
            ));
        }
        elifs += usize::from(tag.tokens.first() == Some(&Token::Name("elif")));
        if elifs > ELIFS {
            return refuse(format!("a template has at most {ELIFS} elif"));
        }
    }
    Ok(())
}

/// The names that templates can use.
#[derive(Debug)]
pub(super) struct Language {
    pub(super) filters: BTreeSet<&'static str>,
    pub(super) tests: BTreeSet<&'static str>,
    pub(super) functions: BTreeSet<&'static str>,
}

impl Language {
    /// Whether a template that minijinja could parse keeps to the rules.
    pub(super) fn check(&self, tags: &[Tag<'_>]) -> Result<(), RenderError> {
        tags.iter().try_for_each(|tag| {
            self.check_tag(tag).map_err(|detail| RenderError::Syntax { line: tag.line, detail })
        })
    }

    fn check_tag(&self, tag: &Tag<'_>) -> Result<(), String> {
        let tokens = tag.tokens.as_slice();
        match tokens {
            [Token::Name(statement), ..] if tag.is_statement && !STATEMENTS.contains(statement) => {
                return Err(no_statement(statement));
            }
            [Token::Name("for"), .., Token::Name("recursive")] if tag.is_statement => {
                return Err("a loop can't be recursive".to_owned());
            }
            _ => {}
        }
        self.check_names(tokens)?;
        if tokens.contains(&Token::Sign('*')) {
            return Err("* can't be used: let what is multiplied be a variable".to_owned());
        }
        check_slices(tokens)?;
        match tokens {
            [Token::Name("for"), ..] if tag.is_statement => check_loop(tokens),
            tokens => check_parts(tokens, PARTS),
        }
    }

    /// Whether each filter, test and function exists, and nothing else is called.
    fn check_names(&self, tokens: &[Token<'_>]) -> Result<(), String> {
        for at in 0..tokens.len() {
            let (before, after) = tokens.split_at(at);
            match (before, after) {
                ([.., Token::Sign('|')], [Token::Name(name), rest @ ..]) => {
                    known("filter", name, &self.filters)?;
                    self.check_named_by(name, rest)?;
                }
                ([.., Token::Sign('.'), Token::Name("is")], _) => {}
                (
                    [.., Token::Name("is")] | [.., Token::Name("is"), Token::Name("not")],
                    [Token::Name(name), ..],
                ) if *name != "not" => {
                    known("test", name, &self.tests)?;
                }
                _ if is_call(before, after) => self.check_called(before)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// `map('upper')`, `select('odd')`: a filter or a test by its name.
    fn check_named_by(&self, filter: &str, rest: &[Token<'_>]) -> Result<(), String> {
        match (filter, rest) {
            ("map", [Token::Sign('('), Token::Text(name), ..]) => known("filter", name, &self.filters),
            ("select" | "reject", [Token::Sign('('), Token::Text(name), ..]) => {
                known("test", name, &self.tests)
            }
            _ => Ok(()),
        }
    }

    /// What stands before the bracket of a call.
    fn check_called(&self, before: &[Token<'_>]) -> Result<(), String> {
        match before {
            [.., Token::Sign('|'), Token::Name(_)]
            | [.., Token::Name("is"), Token::Name(_)]
            | [.., Token::Name("is"), Token::Name("not"), Token::Name(_)]
            | [.., Token::Name("loop"), Token::Sign('.'), Token::Name("cycle" | "changed")] => Ok(()),
            [.., Token::Sign('.'), Token::Name(name)] => Err(format!("there is no method {}", brief(name))),
            [.., Token::Name(name)] => known("function", name, &self.functions),
            _ => Err("only a function can be called".to_owned()),
        }
    }
}

fn no_statement(name: &str) -> String {
    format!("the statement {} can't be used: there are if and for", brief(name))
}

fn known(what: &str, name: &str, names: &BTreeSet<&'static str>) -> Result<(), String> {
    if names.contains(name) { Ok(()) } else { Err(format!("there is no {what} {}", brief(name))) }
}

fn brief(name: &str) -> String {
    name.chars().take(super::SHOWN).collect()
}

/// Whether what follows is the bracket of a call.
fn is_call(before: &[Token<'_>], after: &[Token<'_>]) -> bool {
    let is_value = match before {
        // A word is a name like others where it names a test or a member.
        [.., Token::Name("is") | Token::Sign('.' | '|'), Token::Name(_)] => true,
        [.., Token::Name(name)] => !WORDS.contains(name),
        [.., Token::Sign(')' | ']' | '}') | Token::Text(_) | Token::Number] => true,
        _ => false,
    };
    is_value && after.first() == Some(&Token::Sign('('))
}

/// Whether no slice has a step: minijinja panics on that of an empty text backwards.
fn check_slices(tokens: &[Token<'_>]) -> Result<(), String> {
    let mut colons = Vec::new();
    for token in tokens {
        match token {
            Token::Sign('[') => colons.push(0),
            // A mapping has as many as it has members.
            Token::Sign('(' | '{') => colons.push(i32::MIN),
            Token::Sign(')' | ']' | '}') => drop(colons.pop()),
            Token::Sign(':') => colons.last_mut().into_iter().for_each(|count| *count += 1),
            _ => {}
        }
        if colons.last().is_some_and(|count| *count > 1) {
            return Err("a slice can't have a step".to_owned());
        }
    }
    Ok(())
}

/// The names, what the loop runs over, and which of it.
fn check_loop(tokens: &[Token<'_>]) -> Result<(), String> {
    let named = tokens.iter().position(|token| *token == Token::Name("in")).unwrap_or(tokens.len());
    let (mut depth, mut end) = (0_usize, tokens.len());
    for (at, token) in tokens.iter().enumerate().skip(named) {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Name("if") if depth == 0 && tokens[at - 1] != Token::Sign('.') => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    let (run_over, condition) = tokens[named..].split_at(end - named);
    check_parts(run_over, 0)?;
    for pair in run_over.windows(2) {
        if let [Token::Sign('|'), Token::Name(name)] = pair
            && !OF_LOOPS.contains(name)
        {
            return Err(format!("the filter {name} can't be used in what a loop runs over"));
        }
    }
    check_parts(condition, PARTS)
}

/// Whether these put no more values together than that.
fn check_parts(tokens: &[Token<'_>], most: usize) -> Result<(), String> {
    let (mut calls, mut parts) = (Vec::new(), 0);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => calls.push(is_call(&tokens[..at], &tokens[at..])),
            Token::Sign(')' | ']' | '}') => drop(calls.pop()),
            Token::Sign('~' | '+') => parts += 1,
            Token::Sign(',') if calls.last() != Some(&true) => parts += 1,
            _ => {}
        }
    }
    match most {
        _ if parts <= most => Ok(()),
        0 => Err("what a loop runs over can't be put together by ~, + or commas".to_owned()),
        _ => Err(format!("a tag puts together at most {most} values by ~, + and commas, this one {parts}")),
    }
}
