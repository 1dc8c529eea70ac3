//! Addresses of images.

use crate::value::{Violation, text};

/// The most characters that browsers and proxies agree on.
const MAX_LENGTH: usize = 2_048;

/// The URL, if it is absolute, of the web, and can't end the attribute of a page it is written into. `javascript:`
/// and `data:` are refused: pages show these images.
pub(super) fn web_url(pointer: &str, value: &str) -> Result<String, Violation> {
    let url = text(pointer, value, 1, MAX_LENGTH)?;
    let after_scheme = url.split_once("://").and_then(|(scheme, rest)| {
        let of_the_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
        of_the_web.then_some(rest)
    });
    let has_host = after_scheme.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']));
    let harmless = !url.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '\\' | '`'));
    if has_host && harmless {
        Ok(url)
    } else {
        Err(Violation::new(pointer, "invalid_url", "must be a URL such as https://example.com/lamp.jpg"))
    }
}
