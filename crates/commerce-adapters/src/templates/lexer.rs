//! The tags of a template and their tokens, cut where minijinja cuts them.
//!
//! minijinja's own syntax tree is no stable interface. What a rule has to see is less than a tree: names, operators and
//! brackets. Where minijinja would find fault, as with a string that is not closed, the rest of the template is cut anyhow.

/// A part of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Name(&'t str),
    Text(&'t str),
    Number,
    /// One character of an operator, or a bracket.
    Sign(char),
}

/// `{{ … }}` or `{% … %}`.
#[derive(Debug)]
pub(super) struct Tag<'t> {
    /// From 1.
    pub(super) line: usize,
    pub(super) is_statement: bool,
    pub(super) tokens: Vec<Token<'t>>,
}

/// The tags of a template, in order. Comments are none.
pub(super) fn tags(template: &str) -> Vec<Tag<'_>> {
    let (mut tags, mut rest) = (Vec::new(), template);
    let (mut line, mut counted) = (1, 0);
    while let Some((opened, after)) = next_tag(rest) {
        if opened == '#' {
            rest = after.split_once("#}").map_or("", |(_, after)| after);
            continue;
        }
        let begins = template.len() - after.len();
        line += template[counted..begins].matches('\n').count();
        counted = begins;
        let is_statement = opened == '%';
        let (tokens, after) = tokens(after, if is_statement { "%}" } else { "}}" });
        tags.push(Tag { line, is_statement, tokens });
        rest = after;
    }
    tags
}

/// What the next tag opens with behind its brace, and the text behind that.
fn next_tag(text: &str) -> Option<(char, &str)> {
    text.match_indices('{').find_map(|(at, _)| {
        let after = &text[at + 1..];
        let opened = after.chars().next().filter(|c| matches!(c, '{' | '%' | '#'))?;
        let after = &after[1..];
        // A sign that keeps or drops white space is no operator.
        Some((opened, if opened == '#' { after } else { after.strip_prefix(['-', '+']).unwrap_or(after) }))
    })
}

/// The tokens up to the tag's end, and the text behind it.
fn tokens<'t>(text: &'t str, end: &str) -> (Vec<Token<'t>>, &'t str) {
    let (mut tokens, mut rest, mut depth) = (Vec::new(), text.trim_start(), 0_usize);
    // Within brackets, braces are a mapping's.
    while depth > 0 || !ends(rest, end) {
        let Some((token, after)) = token(rest) else { return (tokens, "") };
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        tokens.push(token);
        rest = after.trim_start();
    }
    (tokens, rest.strip_prefix(['-', '+']).unwrap_or(rest).strip_prefix(end).unwrap_or(""))
}

fn ends(rest: &str, end: &str) -> bool {
    rest.starts_with(end) || rest.strip_prefix(['-', '+']).is_some_and(|rest| rest.starts_with(end))
}

fn token(text: &str) -> Option<(Token<'_>, &str)> {
    let first = text.chars().next()?;
    if matches!(first, '"' | '\'') {
        return Some(quoted(&text[1..], first));
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if !is_word(first) {
        return Some((Token::Sign(first), &text[first.len_utf8()..]));
    }
    let (word, after) = text.split_at(text.find(|c| !is_word(c)).unwrap_or(text.len()));
    Some((if first.is_ascii_digit() { Token::Number } else { Token::Name(word) }, after))
}

fn quoted(text: &str, quote: char) -> (Token<'_>, &str) {
    let mut escaped = false;
    let end = text.find(|c| {
        let is_end = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    });
    let end = end.unwrap_or(text.len());
    (Token::Text(&text[..end]), text.get(end + 1..).unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(template: &str) -> Vec<String> {
        let sign = |token: &Token<'_>| match token {
            Token::Sign(sign) => Some(*sign),
            _ => None,
        };
        tags(template).iter().map(|tag| tag.tokens.iter().filter_map(sign).collect()).collect()
    }

    #[test]
    fn a_tag_ends_where_it_does_for_minijinja() {
        assert_eq!(signs(r#"{{ 'a}}*' ~ "b\"%}*" }}*{{ x|y }}"#), ["~", "|"]);
        assert_eq!(signs(r"{{ 'a\\' ~ 'b' }}"), ["~"]);
        assert_eq!(signs("{{ {'a': {'b': 1}}.a }}*{{ x }}"), ["{:{:}}.", ""]);
        assert_eq!(signs("{{- a -}} {%- if a +%}{{+ 1 }}{#- {{ a ~ b }} -#}{% endif %}"), ["", "", "", ""]);
        assert_eq!(signs("{ {{ a[1:2] }} {x} {"), ["[:]"]);
        assert_eq!(signs("{{{'a': 1}.a}}*"), ["{:}."]);
    }

    #[test]
    fn a_tag_knows_its_line_and_kind() {
        let tags = tags("a\n{% if größe %}\n\n{{ b\n}}");
        assert_eq!(
            tags.iter().map(|tag| (tag.line, tag.is_statement)).collect::<Vec<_>>(),
            [(2, true), (4, false)]
        );
        assert_eq!(tags[0].tokens, [Token::Name("if"), Token::Name("größe")]);
    }
}
