//! As much of PostgreSQL's protocol (3.0) as it takes to tell one request from the next.
//!
//! A message is a tag, a length and a body; only the first ones of a client have no tag. A client's request is a query,
//! or a row of messages that ends with a Sync; the server answers either with messages of which the last is
//! ReadyForQuery.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

/// The tag of the server's ReadyForQuery.
pub(super) const READY: u8 = b'Z';

const TAG_AND_LENGTH: usize = 5;

/// More than any message of a test; beyond it something else than PostgreSQL's protocol was read.
const LONGEST: usize = 1 << 30;

/// One message.
pub(super) struct Message {
    pub(super) tag: u8,
    /// All of it, tag and length included.
    pub(super) bytes: Vec<u8>,
}

impl Message {
    pub(super) fn read(stream: &mut impl Read) -> io::Result<Self> {
        let mut head = [0; TAG_AND_LENGTH];
        stream.read_exact(&mut head)?;
        let mut bytes = head.to_vec();
        bytes.resize(1 + length(&head[1..])?, 0);
        stream.read_exact(&mut bytes[TAG_AND_LENGTH..])?;
        Ok(Self { tag: head[0], bytes })
    }

    /// Whether what was read in advance holds a whole one.
    pub(super) fn is_complete(buffer: &[u8]) -> bool {
        buffer
            .get(1..TAG_AND_LENGTH)
            .is_some_and(|head| length(head).is_ok_and(|length| buffer.len() > length))
    }

    fn body(&self) -> &[u8] {
        &self.bytes[TAG_AND_LENGTH..]
    }
}

/// A message without a tag, with which a client begins.
pub(super) enum Opening {
    /// It asks for encryption, and will go on with another opening.
    Encryption,
    /// It asks to end another connection's query, and will send no more.
    Cancel(Vec<u8>),
    /// It names user and database.
    Startup(Vec<u8>),
}

impl Opening {
    pub(super) fn read(stream: &mut impl Read) -> io::Result<Self> {
        let mut bytes = vec![0; 8];
        stream.read_exact(&mut bytes)?;
        let code = [bytes[4], bytes[5], bytes[6], bytes[7]];
        let length = length(&bytes)?;
        bytes.resize(length.max(8), 0);
        stream.read_exact(&mut bytes[8..])?;
        Ok(match u32::from_be_bytes(code) {
            80_877_103 | 80_877_104 => Self::Encryption,
            80_877_102 => Self::Cancel(bytes),
            _ => Self::Startup(bytes),
        })
    }
}

/// What a client sends before it waits.
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    /// The statements that it executes.
    pub(super) executes: Vec<Arc<[u8]>>,
    /// Whether the server's answer ends with [`READY`].
    pub(super) is_answered: bool,
}

/// The requests of one client, and the statements it has prepared, by name.
#[derive(Default)]
pub(super) struct Requests {
    prepared: HashMap<Vec<u8>, Arc<[u8]>>,
}

impl Requests {
    /// Reads up to the end of the next request: a query, a Sync, or any other message that stands for itself.
    pub(super) fn read(&mut self, stream: &mut impl Read) -> io::Result<Request> {
        let mut request = Request { bytes: Vec::new(), executes: Vec::new(), is_answered: false };
        loop {
            let message = Message::read(stream)?;
            request.bytes.extend_from_slice(&message.bytes);
            match message.tag {
                // Parse: name, statement.
                b'P' => {
                    let (name, rest) = text(message.body());
                    self.prepared.insert(name.to_vec(), text(rest).0.into());
                }
                // Bind: portal, name.
                b'B' => {
                    let (_, rest) = text(message.body());
                    request.executes.push(self.prepared.get(text(rest).0).cloned().unwrap_or_default());
                }
                // Close: 'S' for a statement, name.
                b'C' => {
                    if let Some((b'S', name)) = message.body().split_first() {
                        self.prepared.remove(text(name).0);
                    }
                }
                // Describe, Execute.
                b'D' | b'E' => {}
                // Query.
                b'Q' => {
                    request.executes.push(text(message.body()).0.into());
                    return Ok(Request { is_answered: true, ..request });
                }
                // Sync, FunctionCall.
                b'S' | b'F' => return Ok(Request { is_answered: true, ..request }),
                _ => return Ok(request),
            }
        }
    }
}

/// The length that a message says it has, tag excluded.
fn length(bytes: &[u8]) -> io::Result<usize> {
    let field = bytes.first_chunk().map(|field| u32::from_be_bytes(*field) as usize);
    field.filter(|length| (4..LONGEST).contains(length)).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A text that ends with a zero, and what is after it.
fn text(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[tag], length.to_be_bytes().as_slice(), body].concat()
    }

    #[test]
    fn a_request_ends_with_its_sync_and_knows_what_was_prepared_before() {
        let prepare =
            [message(b'P', b"s1\0SELECT 1\0\0\0"), message(b'D', b"Ss1\0"), message(b'S', b"")].concat();
        let execute =
            [message(b'B', b"\0s1\0\0\0\0\0\0\0"), message(b'E', b"\0\0\0\0\0"), message(b'S', b"")].concat();
        let close =
            [message(b'C', b"Ss1\0"), message(b'B', b"\0s1\0\0\0\0\0\0\0"), message(b'S', b"")].concat();
        let stream =
            [prepare.clone(), execute.clone(), message(b'Q', b"COMMIT\0"), close, message(b'X', b"")]
                .concat();
        let (mut stream, mut requests) = (stream.as_slice(), Requests::default());
        let mut next = || requests.read(&mut stream).unwrap();

        let request = next();
        assert_eq!((request.bytes, request.executes.len(), request.is_answered), (prepare, 0, true));
        let request = next();
        assert_eq!((request.bytes, &*request.executes[0]), (execute, b"SELECT 1".as_slice()));
        assert_eq!(&*next().executes[0], b"COMMIT".as_slice());
        assert_eq!(&*next().executes[0], b"".as_slice());
        assert!(!next().is_answered);
    }

    #[test]
    fn a_message_is_complete_with_its_last_byte() {
        let message = message(b'Z', b"I");
        assert!(Message::is_complete(&message));
        assert!((0..message.len()).all(|end| !Message::is_complete(&message[..end])));
    }
}
