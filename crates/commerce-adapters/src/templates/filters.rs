//! The filters, tests and functions of templates. Each counts what it is given and what it gives, for a whole template.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::iter::successors;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::value::{Object, Rest, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, filters, tests};

use super::OUTPUT;
use super::language::Language;

/// So many bytes all filters of a template may handle: ten times the longest text.
const HANDLED: usize = 10 * OUTPUT;
/// What a number counts for, or a place in a list.
const PLACE: usize = 8;
/// So many numbers a range may have.
const LONGEST_RANGE: usize = 10_000;
const COUNTER: &str = "bytes handled";

/// A number that is none came up: 1/0.
#[derive(Debug, thiserror::Error)]
#[error("a number is infinite, or none at all")]
pub(super) struct NotFinite;

/// The filters: minijinja's whose result is no longer than a few times what they are given, and `join` and `replace`,
/// which end as soon as theirs is too long. `format`, `indent`, `center`, `batch`, `slice` and `pprint` fill up to a width
/// that the template names, so they are none.
fn all_filters() -> [(&'static str, Value); 35] {
    let length = Value::from_function(filters::length);
    [
        ("abs", Value::from_function(filters::abs)),
        ("bool", Value::from_function(filters::bool)),
        ("capitalize", Value::from_function(filters::capitalize)),
        ("count", length.clone()),
        ("d", Value::from_function(filters::default)),
        ("default", Value::from_function(filters::default)),
        ("dictsort", Value::from_function(filters::dictsort)),
        ("first", Value::from_function(filters::first)),
        ("float", Value::from_function(filters::float)),
        ("int", Value::from_function(filters::int)),
        ("items", Value::from_function(filters::items)),
        ("join", Value::from_function(join)),
        ("last", Value::from_function(filters::last)),
        ("length", length),
        ("lines", Value::from_function(filters::lines)),
        ("list", Value::from_function(filters::list)),
        ("lower", Value::from_function(filters::lower)),
        ("map", Value::from_function(filters::map)),
        ("max", Value::from_function(filters::max)),
        ("min", Value::from_function(filters::min)),
        ("reject", Value::from_function(filters::reject)),
        ("rejectattr", Value::from_function(filters::rejectattr)),
        ("replace", Value::from_function(replace)),
        ("reverse", Value::from_function(filters::reverse)),
        ("round", Value::from_function(filters::round)),
        ("select", Value::from_function(filters::select)),
        ("selectattr", Value::from_function(filters::selectattr)),
        ("sort", Value::from_function(filters::sort)),
        ("split", Value::from_function(filters::split)),
        ("string", Value::from_function(filters::string)),
        ("sum", Value::from_function(filters::sum)),
        ("title", Value::from_function(filters::title)),
        ("trim", Value::from_function(filters::trim)),
        ("unique", Value::from_function(filters::unique)),
        ("upper", Value::from_function(filters::upper)),
    ]
}

fn all_tests() -> [(&'static str, Value); 31] {
    let (eq, ne) = (Value::from_function(tests::is_eq), Value::from_function(tests::is_ne));
    let (lt, gt) = (Value::from_function(tests::is_lt), Value::from_function(tests::is_gt));
    let (le, ge) = (Value::from_function(tests::is_le), Value::from_function(tests::is_ge));
    let integer = Value::from_function(tests::is_integer);
    [
        ("boolean", Value::from_function(tests::is_boolean)),
        ("defined", Value::from_function(tests::is_defined)),
        ("divisibleby", Value::from_function(tests::is_divisibleby)),
        ("endingwith", Value::from_function(tests::is_endingwith)),
        ("eq", eq.clone()),
        ("equalto", eq),
        ("even", Value::from_function(tests::is_even)),
        ("false", Value::from_function(tests::is_false)),
        ("float", Value::from_function(tests::is_float)),
        ("ge", ge),
        ("greaterthan", gt.clone()),
        ("gt", gt),
        ("in", Value::from_function(tests::is_in)),
        ("int", integer.clone()),
        ("integer", integer),
        ("iterable", Value::from_function(tests::is_iterable)),
        ("le", le),
        ("lessthan", lt.clone()),
        ("lower", Value::from_function(tests::is_lower)),
        ("lt", lt),
        ("mapping", Value::from_function(tests::is_mapping)),
        ("ne", ne),
        ("none", Value::from_function(is_none)),
        ("number", Value::from_function(tests::is_number)),
        ("odd", Value::from_function(tests::is_odd)),
        ("sequence", Value::from_function(tests::is_sequence)),
        ("startingwith", Value::from_function(tests::is_startingwith)),
        ("string", Value::from_function(tests::is_string)),
        ("true", Value::from_function(tests::is_true)),
        ("undefined", Value::from_function(tests::is_undefined)),
        ("upper", Value::from_function(tests::is_upper)),
    ]
}

/// Adds them, and tells the names of the filters, the tests and the functions.
pub(super) fn add_to(environment: &mut Environment<'static>) -> Language {
    let (filters, tests) = (all_filters(), all_tests());
    let range = Value::from_function(range);
    let names = Language {
        filters: filters.iter().map(|(name, _)| *name).collect(),
        tests: tests.iter().map(|(name, _)| *name).collect(),
        functions: ["range"].into(),
    };
    for (name, filter) in filters {
        environment.add_filter(name, move |state: &State<'_, '_>, given: Rest<Value>| {
            counted(&filter, state, &given)
        });
    }
    for (name, test) in tests {
        environment.add_test(name, move |state: &State<'_, '_>, given: Rest<Value>| {
            test.call(state, &given).map(|answer| answer.is_true())
        });
    }
    environment.add_function("range", move |state: &State<'_, '_>, given: Rest<Value>| {
        counted(&range, state, &given)
    });
    names
}

fn counted(function: &Value, state: &State<'_, '_>, given: &[Value]) -> Result<Value, Error> {
    given.iter().try_for_each(|value| count(state, value))?;
    if given.first().is_some_and(is_not_finite) {
        return Err(not_finite());
    }
    let result = function.call(state, given)?;
    count(state, &result)?;
    Ok(result)
}

#[derive(Debug, Default)]
struct Handled(AtomicUsize);

impl Object for Handled {}

fn count(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    let handled = state.get_or_set_temp_object(COUNTER, Handled::default);
    let before = handled.0.load(Ordering::Relaxed);
    let all = before + size(value, HANDLED - before);
    handled.0.store(all.min(HANDLED), Ordering::Relaxed);
    if all > HANDLED { Err(ErrorKind::OutOfFuel.into()) } else { Ok(()) }
}

/// Its bytes, with all that is in it. What is larger than `most` is not looked through.
pub(super) fn size(value: &Value, most: usize) -> usize {
    if let Some(text) = value.as_str() {
        return PLACE + text.len();
    }
    let mut size = PLACE;
    let Some(members) = value.as_object().and_then(|object| object.try_iter()) else { return size };
    for member in members {
        if value.kind() == ValueKind::Map {
            let held = value.get_item(&member).unwrap_or_default();
            size += self::size(&held, most.saturating_sub(size));
        }
        size += self::size(&member, most.saturating_sub(size));
        if size > most {
            break;
        }
    }
    size
}

/// What is null was not given.
fn is_none(value: &Value) -> bool {
    value.is_none() || value.is_undefined()
}

fn is_not_finite(value: &Value) -> bool {
    value.is_number() && f64::try_from(value.clone()).is_ok_and(|number| !number.is_finite())
}

fn not_finite() -> Error {
    Error::from(ErrorKind::InvalidOperation).with_source(NotFinite)
}

/// Whether it can stand in a text, with all that is in it.
pub(super) fn check_shown(value: &Value) -> Result<(), Error> {
    if is_none(value) {
        return Err(ErrorKind::UndefinedError.into());
    }
    if is_not_finite(value) {
        return Err(not_finite());
    }
    let Some(mut members) = value.as_object().and_then(|object| object.try_iter()) else { return Ok(()) };
    members.try_for_each(|member| match value.kind() {
        ValueKind::Map => check_shown(&value.get_item(&member)?),
        _ => check_shown(&member),
    })
}

/// The members of a list with a text between them.
fn join(value: &Value, between: Option<Cow<'_, str>>) -> Result<String, Error> {
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    let mut joined = Limited::default();
    for (index, member) in value.try_iter()?.enumerate() {
        check_shown(&member)?;
        if index > 0 {
            joined.push(between.as_deref().unwrap_or_default())?;
        }
        match member.as_str() {
            Some(text) => joined.push(text)?,
            None => write!(joined, "{member}").map_err(|_| Error::from(ErrorKind::OutOfFuel))?,
        }
    }
    Ok(joined.0)
}

/// A text with `to` in the place of each of its parts that are equal to `from`.
fn replace(text: Cow<'_, str>, from: Cow<'_, str>, to: Cow<'_, str>) -> Result<String, Error> {
    let (mut replaced, mut copied) = (Limited::default(), 0);
    for (at, found) in text.match_indices(&*from) {
        replaced.push(text.get(copied..at).unwrap_or_default())?;
        replaced.push(&to)?;
        copied = at + found.len();
    }
    replaced.push(text.get(copied..).unwrap_or_default())?;
    Ok(replaced.0)
}

/// `range(END)`, `range(FIRST, END, STEP)`: without the end.
fn range(first: i64, end: Option<i64>, step: Option<i64>) -> Result<Vec<i64>, Error> {
    let (first, end, step) = (end.map_or(0, |_| first), end.unwrap_or(first), step.unwrap_or(1));
    let is_within = |number: &i64| if step > 0 { *number < end } else { *number > end };
    let numbers = successors(Some(first), |number| number.checked_add(step)).take_while(is_within);
    let numbers: Vec<i64> = numbers.take(LONGEST_RANGE + 1).collect();
    if numbers.len() > LONGEST_RANGE { Err(ErrorKind::OutOfFuel.into()) } else { Ok(numbers) }
}

/// A text of at most [`OUTPUT`] bytes.
#[derive(Default)]
struct Limited(String);

impl Limited {
    fn push(&mut self, text: &str) -> Result<(), Error> {
        self.write_str(text).map_err(|_| ErrorKind::OutOfFuel.into())
    }
}

impl Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > OUTPUT {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}
