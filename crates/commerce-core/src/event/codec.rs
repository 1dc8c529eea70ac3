//! A serde enum as an event type and a payload.
//!
//! serde writes an enum as `{"StockReserved": {…}}`. A log wants the name in a column of its own, to filter and to
//! upcast by, and the payload alone beside it. The serializer below catches the name and lets the fields through;
//! the deserializer puts them together again, without an intermediate tree.

use std::fmt;

use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, VariantAccess, Visitor};
use serde::ser::{self, Impossible, Serialize};

use super::Event;

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The event's type: the variant's name.
    pub event_type: &'static str,
    /// The schema version it was written under.
    pub schema: u32,
    /// Its fields as JSON.
    pub payload: Vec<u8>,
}

/// An event that can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The type's serde implementation is not that of an enum, or it failed. The author of the type is at fault.
    #[error("the event can't be written: {0}")]
    Encode(String),
    /// What is stored doesn't fit the type: an upcaster is missing, or the data is damaged.
    #[error("an event of type {event_type} can't be read: {source}")]
    Decode {
        /// The stored type.
        event_type: String,
        /// What serde found.
        source: serde_json::Error,
    },
}

impl ser::Error for CodecError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Encode(message.to_string())
    }
}

/// Writes an event.
///
/// # Errors
/// [`CodecError::Encode`] when `E` is not an enum, or its serde implementation fails.
pub fn encode<E: Event>(event: &E) -> Result<Encoded, CodecError> {
    let mut payload = Vec::with_capacity(128);
    let event_type = event.serialize(NameAndPayload { payload: &mut payload })?;
    Ok(Encoded { event_type, schema: E::schema_version(event_type), payload })
}

/// Reads an event that was written under the current schema version. Whether it was, only [`upcast`](crate::upcast) asks.
///
/// # Errors
/// [`CodecError::Decode`] when type or payload don't fit.
pub(crate) fn decode<E: Event>(event_type: &str, payload: &[u8]) -> Result<E, CodecError> {
    E::deserialize(Stored { event_type, payload })
        .map_err(|source| CodecError::Decode { event_type: event_type.to_owned(), source })
}

struct NameAndPayload<'a> {
    payload: &'a mut Vec<u8>,
}

const NOT_AN_ENUM: &str = "events are an enum whose variants are the types of event";

macro_rules! refuse {
    ($($method:ident($($argument:ty),*);)*) => {
        $(fn $method(self $(, _: $argument)*) -> Result<&'static str, CodecError> {
            Err(CodecError::Encode(NOT_AN_ENUM.to_owned()))
        })*
    };
}

impl<'a> ser::Serializer for NameAndPayload<'a> {
    type Ok = &'static str;
    type Error = CodecError;
    type SerializeSeq = Impossible<&'static str, CodecError>;
    type SerializeTuple = Impossible<&'static str, CodecError>;
    type SerializeTupleStruct = Impossible<&'static str, CodecError>;
    type SerializeTupleVariant = Impossible<&'static str, CodecError>;
    type SerializeMap = Impossible<&'static str, CodecError>;
    type SerializeStruct = Impossible<&'static str, CodecError>;
    type SerializeStructVariant = FieldBuffer<'a>;

    refuse! {
        serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64);
        serialize_f32(f32); serialize_f64(f64); serialize_char(char); serialize_str(&str);
        serialize_bytes(&[u8]); serialize_none(); serialize_unit(); serialize_unit_struct(&'static str);
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<&'static str, CodecError> {
        Err(CodecError::Encode(NOT_AN_ENUM.to_owned()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<&'static str, CodecError> {
        Err(CodecError::Encode(NOT_AN_ENUM.to_owned()))
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<&'static str, CodecError> {
        self.payload.extend_from_slice(b"null");
        Ok(variant)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<&'static str, CodecError> {
        serde_json::to_writer(self.payload, value).map_err(ser::Error::custom)?;
        Ok(variant)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<FieldBuffer<'a>, CodecError> {
        self.payload.push(b'{');
        Ok(FieldBuffer { event_type: variant, payload: self.payload, first: true })
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, CodecError> {
        Err(CodecError::Encode(NOT_AN_ENUM.to_owned()))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, CodecError> {
        Err(CodecError::Encode(NOT_AN_ENUM.to_owned()))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, CodecError> {
        Err(CodecError::Encode(NOT_AN_ENUM.to_owned()))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, CodecError> {
        Err(CodecError::Encode("name the fields of an event, or give it one value".to_owned()))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, CodecError> {
        Err(CodecError::Encode(NOT_AN_ENUM.to_owned()))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, CodecError> {
        Err(CodecError::Encode(NOT_AN_ENUM.to_owned()))
    }
}

/// The fields of a struct variant, written one by one as a JSON object.
struct FieldBuffer<'a> {
    event_type: &'static str,
    payload: &'a mut Vec<u8>,
    first: bool,
}

impl ser::SerializeStructVariant for FieldBuffer<'_> {
    type Ok = &'static str;
    type Error = CodecError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), CodecError> {
        if !std::mem::take(&mut self.first) {
            self.payload.push(b',');
        }
        serde_json::to_writer(&mut *self.payload, key).map_err(ser::Error::custom)?;
        self.payload.push(b':');
        serde_json::to_writer(&mut *self.payload, value).map_err(ser::Error::custom)
    }

    fn end(self) -> Result<&'static str, CodecError> {
        self.payload.push(b'}');
        Ok(self.event_type)
    }
}

struct Stored<'a> {
    event_type: &'a str,
    payload: &'a [u8],
}

impl<'de> serde::Deserializer<'de> for Stored<'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Stored<'de> {
    type Error = serde_json::Error;
    type Variant = Payload<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Payload<'de>), Self::Error> {
        let name: serde::de::value::StrDeserializer<'_, serde_json::Error> =
            self.event_type.into_deserializer();
        Ok((seed.deserialize(name)?, Payload(self.payload)))
    }
}

struct Payload<'de>(&'de [u8]);

impl<'de> VariantAccess<'de> for Payload<'de> {
    type Error = serde_json::Error;

    fn unit_variant(self) -> Result<(), Self::Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Self::Error> {
        let mut json = serde_json::Deserializer::from_slice(self.0);
        let value = seed.deserialize(&mut json)?;
        json.end()?;
        Ok(value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Self::Error> {
        let mut json = serde_json::Deserializer::from_slice(self.0);
        serde::Deserializer::deserialize_tuple(&mut json, len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let mut json = serde_json::Deserializer::from_slice(self.0);
        let value = serde::Deserializer::deserialize_struct(&mut json, "event", fields, visitor)?;
        json.end()?;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Sample {
        Opened { by: String, note: Option<String> },
        Renamed(String),
        Closed,
    }
    impl Event for Sample {}

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct NoEnum {
        field: u8,
    }
    impl Event for NoEnum {}

    #[test]
    fn each_shape_of_variant_is_written_and_read_back() {
        for (event, name, payload) in [
            (Sample::Opened { by: "a\"b".into(), note: None }, "Opened", r#"{"by":"a\"b","note":null}"#),
            (Sample::Renamed("x".into()), "Renamed", r#""x""#),
            (Sample::Closed, "Closed", "null"),
        ] {
            let encoded = encode(&event).unwrap();
            assert_eq!(encoded.event_type, name);
            assert_eq!(String::from_utf8(encoded.payload.clone()).unwrap(), payload);
            assert_eq!(decode::<Sample>(name, &encoded.payload).unwrap(), event);
        }
    }

    #[test]
    fn an_unknown_type_is_named() {
        let error = decode::<Sample>("Exploded", b"{}").unwrap_err();
        assert!(error.to_string().contains("Exploded"), "{error}");
    }

    #[test]
    fn damaged_payloads_are_refused() {
        for payload in [&b"{"[..], b"{}", b"{\"by\":1,\"note\":null}", b"{\"by\":\"a\",\"note\":null} x"] {
            assert!(decode::<Sample>("Opened", payload).is_err());
        }
    }

    #[test]
    fn what_is_no_enum_is_refused_when_written() {
        assert!(encode(&NoEnum { field: 1 }).unwrap_err().to_string().contains("enum"));
    }
}
