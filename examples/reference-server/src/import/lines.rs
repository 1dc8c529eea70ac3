//! Records of a text and the physical lines they start in.

use std::io::{Chain, Read};

use csv::{Reader, ReaderBuilder, StringRecord};

use super::Fault;
use super::error::Unfit;

/// What is read after the end of the text. A record that ends in it has a quote that is still open.
const SENTINEL: &[u8] = b"\n\0";

/// The records of a text in the dialect of RFC 4180, whatever their width. Blank lines are passed over.
pub(super) struct Records<'a> {
    reader: Reader<Chain<&'a [u8], &'static [u8]>>,
    text: &'a [u8],
    /// Where the lines were last counted, and the line there.
    counted: (usize, u64),
    record: StringRecord,
    is_done: bool,
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let text = text.as_bytes();
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.chain(SENTINEL));
        Self { reader, text, counted: (0, 1), record: StringRecord::new(), is_done: false }
    }

    /// The next record and the line it starts in.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &StringRecord)>, Unfit> {
        if self.is_done {
            return Ok(None);
        }
        let before = self.counted.1;
        // Reading from memory doesn't fail, and pieces of UTF-8 between ASCII marks are UTF-8: this is never an error.
        let found = self.reader.read_record(&mut self.record).map_err(|_| Fault::NotUtf8.on_line(before))?;
        let byte = self.record.position().and_then(|position| usize::try_from(position.byte()).ok());
        let start = byte.map_or(self.text.len(), |byte| self.after_line_ends(byte));
        let line = self.line_at(start);
        if !found || start >= self.text.len() {
            self.is_done = true;
            return Ok(None);
        }
        if self.has_read_the_sentinel() {
            return Err(Fault::OpenQuote.on_line(line));
        }
        Ok(Some((line, &self.record)))
    }

    fn has_read_the_sentinel(&self) -> bool {
        usize::try_from(self.reader.position().byte())
            .is_ok_and(|read| read >= self.text.len() + SENTINEL.len())
    }

    /// Where a record really starts: the reader counts the line ends before it as a part of it.
    fn after_line_ends(&self, byte: usize) -> usize {
        let rest = self.text.get(byte..).unwrap_or_default();
        byte + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
    }

    fn line_at(&mut self, byte: usize) -> u64 {
        let (from, line) = self.counted;
        let passed = self.text.get(from..byte).unwrap_or_default();
        self.counted = (byte, line + line_ends(passed));
        self.counted.1
    }
}

/// How many lines end in the bytes: with LF, CRLF, or CR alone.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    let ends = bytes.iter().zip(bytes.iter().skip(1).map(Some).chain([None]));
    let count =
        ends.filter(|(byte, next)| **byte == b'\n' || (**byte == b'\r' && *next != Some(&b'\n'))).count();
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(text: &str) -> Vec<(u64, String)> {
        let mut records = Records::new(text);
        let mut starts = Vec::new();
        while let Some((line, record)) = records.next().unwrap() {
            starts.push((line, record.iter().collect::<Vec<_>>().join("|")));
        }
        starts
    }

    #[test]
    fn a_record_starts_in_the_line_that_an_editor_shows() {
        let expected = vec![(1, "a|b".to_owned()), (2, "1|2".to_owned()), (3, "3|4".to_owned())];
        assert_eq!(starts("a,b\n1,2\n3,4"), expected);
        assert_eq!(starts("a,b\n1,2\n3,4\n"), expected);
        assert_eq!(starts("a,b\r\n1,2\r\n3,4\r\n"), expected);
        assert_eq!(starts("a,b\r1,2\r3,4\r"), expected);
    }

    #[test]
    fn blank_lines_are_passed_over_and_counted() {
        assert_eq!(starts("\n\na\n\nb\n\n"), vec![(3, "a".to_owned()), (5, "b".to_owned())]);
        assert_eq!(starts("\r\na\r\n\r\nb\r\n"), vec![(2, "a".to_owned()), (4, "b".to_owned())]);
    }

    #[test]
    fn line_ends_within_quotes_count_as_lines() {
        assert_eq!(
            starts("a\n\"x\ny\"\nb"),
            vec![(1, "a".to_owned()), (2, "x\ny".to_owned()), (4, "b".to_owned())]
        );
        assert_eq!(starts("\"x\r\ny\"\r\nb"), vec![(1, "x\r\ny".to_owned()), (3, "b".to_owned())]);
    }

    #[test]
    fn a_zero_byte_in_the_text_does_not_end_it() {
        assert_eq!(
            starts("a\n\0\nb\n"),
            vec![(1, "a".to_owned()), (2, "\0".to_owned()), (3, "b".to_owned())]
        );
        assert_eq!(starts("a\n\0"), vec![(1, "a".to_owned()), (2, "\0".to_owned())]);
    }

    #[test]
    fn a_quote_that_stays_open_is_reported_where_its_record_starts() {
        for text in ["a\n1,\"x\n2,y\n", "a\n\"x", "a\n\"x\"\"", "a\n\""] {
            let mut records = Records::new(text);
            records.next().unwrap();
            let unfit = records.next().unwrap_err();
            assert!(
                matches!(unfit, Unfit::Content { line: 2, column: None, fault: Fault::OpenQuote }),
                "{text:?}"
            );
        }
        assert_eq!(starts("a\n\"x\""), vec![(1, "a".to_owned()), (2, "x".to_owned())]);
    }

    #[test]
    fn no_text_has_no_records() {
        assert_eq!(starts(""), vec![]);
        assert_eq!(starts("\r\n\n"), vec![]);
    }
}
