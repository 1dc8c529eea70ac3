//! What holds of everything that a client sends, and is said nowhere else: objects have no other members than those that
//! are described, and no text contains U+0000.

use std::collections::BTreeSet;

use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, KnownFormat, SchemaFormat, SchemaType};
use utoipa::openapi::{Object, OpenApi, RefOr, Schema, Type};

const WITHOUT_NUL: &str = r"^[^\x00]*$";
const REFERENCE: &str = "#/components/schemas/";

/// Says so in the schemas of this operation, and answers the names of those that its body refers to.
pub(super) fn describe(operation: &mut Operation, named: &mut BTreeSet<String>) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            let in_address = matches!(parameter.parameter_in, ParameterIn::Path | ParameterIn::Query);
            if let (true, Some(schema)) = (in_address, &mut parameter.schema) {
                narrow(schema, &mut BTreeSet::new());
            }
        }
    }
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        if let RefOr::T(content) = content
            && let Some(schema) = &mut content.schema
        {
            narrow(schema, named);
        }
    }
}

/// Says so in the schemas with these names, and in those that they refer to.
pub(super) fn describe_named(api: &mut OpenApi, mut named: BTreeSet<String>) {
    let Some(components) = &mut api.components else { return };
    let mut done = BTreeSet::new();
    while let Some(name) = named.pop_first() {
        if done.insert(name.clone())
            && let Some(schema) = components.schemas.get_mut(&name)
        {
            narrow(schema, &mut named);
        }
    }
}

fn narrow(schema: &mut RefOr<Schema>, named: &mut BTreeSet<String>) {
    match schema {
        RefOr::Ref(reference) => {
            named.extend(reference.ref_location.strip_prefix(REFERENCE).map(str::to_owned));
        }
        RefOr::T(Schema::Object(object)) => narrow_object(object, named),
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                narrow(items, named);
            }
        }
        RefOr::T(Schema::OneOf(of)) => of.items.iter_mut().for_each(|item| narrow(item, named)),
        RefOr::T(Schema::AnyOf(of)) => of.items.iter_mut().for_each(|item| narrow(item, named)),
        // An object that is put together of several can't be closed one by one.
        RefOr::T(_) => {}
    }
}

fn narrow_object(object: &mut Object, named: &mut BTreeSet<String>) {
    object.properties.values_mut().for_each(|property| narrow(property, named));
    if !object.properties.is_empty() && object.additional_properties.is_none() {
        object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    }
    // An unsigned integer of 32 bits is called an int32 too, which ends at half of it.
    if object.minimum.is_some() && object.format == Some(SchemaFormat::KnownFormat(KnownFormat::Int32)) {
        object.format = None;
        object.maximum.get_or_insert(u32::MAX.into());
    }
    let of_its_own_form = match &object.format {
        None | Some(SchemaFormat::KnownFormat(KnownFormat::Password)) => object.enum_values.is_some(),
        Some(_) => true,
    };
    if is_text(&object.schema_type) && object.pattern.is_none() && !of_its_own_form {
        object.pattern = Some(WITHOUT_NUL.to_owned());
    }
}

fn is_text(of: &SchemaType) -> bool {
    match of {
        SchemaType::Type(only) => *only == Type::String,
        SchemaType::Array(several) => several.contains(&Type::String),
        SchemaType::AnyValue => false,
    }
}
