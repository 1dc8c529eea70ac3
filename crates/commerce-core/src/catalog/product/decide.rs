//! What a command changes about a product.

use std::collections::BTreeSet;

use super::{
    Attribute, ImageId, Listing, MAX_ATTRIBUTES, MAX_IMAGES, MAX_TAGS, NewImage, Pricing, ProductChange,
    ProductCommand, ProductDetails, ProductEvent, ProductRejection, ProductStatus, SeoOverrides, Tag,
};
use crate::catalog::Slug;
use crate::catalog::faults::Faults;
use crate::time::Timestamp;
use crate::value::{Money, Sku, Violation};

type Decision = Result<Vec<ProductEvent>, ProductRejection>;
/// The change to be recorded; `None` when everything is already as asked.
type Change = Result<Option<ProductChange>, ProductRejection>;

pub(super) fn create(
    sku: Sku,
    details: ProductDetails,
    price: Money,
    compare_at_price: Option<Money>,
    now: Timestamp,
) -> Decision {
    let (details, pricing) = match (details.checked(), Pricing::new(price, compare_at_price)) {
        (Ok(details), Ok(pricing)) => (details, pricing),
        (details, pricing) => {
            let faults = details.err().into_iter().chain(pricing.err()).flatten();
            return Err(ProductRejection::Invalid(faults.collect()));
        }
    };
    Ok(vec![ProductEvent::ProductCreated {
        slug: slug_of(&details, &sku),
        sku,
        details,
        price: pricing.price(),
        compare_at_price: pricing.compare_at_price(),
        created_at: now,
    }])
}

pub(super) fn change(listing: &Listing, command: ProductCommand, now: Timestamp) -> Decision {
    let name = command.name();
    let wrong_state = || ProductRejection::WrongState { status: listing.status(), command: name };
    if listing.status() == ProductStatus::Archived && command != ProductCommand::Archive {
        return Err(wrong_state());
    }
    let change = match command {
        ProductCommand::Create { .. } => return Err(ProductRejection::AlreadyExists),
        ProductCommand::ChangePrice { price, compare_at_price } => {
            return change_price(listing, price, compare_at_price, now);
        }
        ProductCommand::Publish => return Ok(publish(listing, now)),
        ProductCommand::Unpublish => return unpublish(listing, now).ok_or_else(wrong_state),
        ProductCommand::Archive => return Ok(archive(listing, now)),
        ProductCommand::Update { details } => update(listing, details),
        ProductCommand::AddImage(image) => add_image(listing, &image),
        ProductCommand::ChoosePrimaryImage { image_id } => choose_primary_image(listing, image_id),
        ProductCommand::RemoveImage { image_id } => remove_image(listing, image_id),
        ProductCommand::SetAttribute { key, value, display_name } => {
            set_attribute(listing, &key, &value, display_name.as_deref())
        }
        ProductCommand::RemoveAttribute { key } => remove_attribute(listing, &key),
        ProductCommand::AddTags { tags } => add_tags(listing, &tags),
        ProductCommand::RemoveTag { tag } => remove_tag(listing, &tag),
        ProductCommand::SetFeatured { featured } => Ok(set_featured(listing, featured)),
        ProductCommand::SetSeo { seo } => set_seo(listing, seo),
    };
    let updated = |change| ProductEvent::ProductUpdated { change, updated_at: now };
    Ok(change?.map(updated).into_iter().collect())
}

fn change_price(
    listing: &Listing,
    price: Money,
    compare_at_price: Option<Money>,
    now: Timestamp,
) -> Decision {
    let pricing = Pricing::new(price, compare_at_price)?;
    if pricing == listing.pricing() {
        return Ok(Vec::new());
    }
    Ok(vec![ProductEvent::PriceChanged {
        price,
        compare_at_price,
        previous_price: listing.pricing().price(),
        changed_at: now,
    }])
}

fn publish(listing: &Listing, now: Timestamp) -> Vec<ProductEvent> {
    match listing.status() {
        ProductStatus::Published => Vec::new(),
        _ => vec![ProductEvent::ProductPublished { published_at: now }],
    }
}

fn unpublish(listing: &Listing, now: Timestamp) -> Option<Vec<ProductEvent>> {
    match listing.status() {
        ProductStatus::Published => Some(vec![ProductEvent::ProductUnpublished { unpublished_at: now }]),
        ProductStatus::Unpublished => Some(Vec::new()),
        ProductStatus::Draft | ProductStatus::Archived => None,
    }
}

/// Whoever follows what is for sale needs to know of [`ProductEvent::ProductUnpublished`] alone.
fn archive(listing: &Listing, now: Timestamp) -> Vec<ProductEvent> {
    let unpublished = ProductEvent::ProductUnpublished { unpublished_at: now };
    let archived = ProductEvent::ProductArchived { archived_at: now };
    match listing.status() {
        ProductStatus::Archived => Vec::new(),
        ProductStatus::Published => vec![unpublished, archived],
        ProductStatus::Draft | ProductStatus::Unpublished => vec![archived],
    }
}

fn update(listing: &Listing, details: ProductDetails) -> Change {
    let details = details.checked()?;
    let slug = slug_of(&details, listing.sku());
    Ok((details != *listing.details()).then_some(ProductChange::Details { details, slug }))
}

fn add_image(listing: &Listing, new: &NewImage) -> Change {
    let gallery = listing.gallery();
    let image = new.checked(gallery)?;
    if let Some(known) = gallery.get(new.id) {
        let same = known.url() == image.url() && known.alt_text() == image.alt_text();
        return if same { Ok(None) } else { Err(ProductRejection::ImageExists { image_id: new.id }) };
    }
    if gallery.images().len() >= MAX_IMAGES {
        return Err(ProductRejection::TooManyImages { max: MAX_IMAGES });
    }
    let primary = new.primary || gallery.images().is_empty();
    Ok(Some(ProductChange::ImageAdded { image, primary }))
}

fn choose_primary_image(listing: &Listing, image_id: ImageId) -> Change {
    let gallery = listing.gallery();
    gallery.get(image_id).ok_or(ProductRejection::ImageNotFound { image_id })?;
    Ok((!gallery.is_primary(image_id)).then_some(ProductChange::PrimaryImageChosen { image_id }))
}

fn remove_image(listing: &Listing, image_id: ImageId) -> Change {
    let gallery = listing.gallery();
    gallery.get(image_id).ok_or(ProductRejection::ImageNotFound { image_id })?;
    Ok(Some(ProductChange::ImageRemoved { image_id, primary: gallery.primary_without(image_id) }))
}

fn set_attribute(listing: &Listing, key: &str, value: &str, display_name: Option<&str>) -> Change {
    let attribute = Attribute::new(key, value, display_name)?;
    match listing.attribute(attribute.key()) {
        Some(known) if *known == attribute => Ok(None),
        None if listing.attributes().len() >= MAX_ATTRIBUTES => {
            Err(ProductRejection::TooManyAttributes { max: MAX_ATTRIBUTES })
        }
        _ => Ok(Some(ProductChange::AttributeSet { attribute })),
    }
}

fn remove_attribute(listing: &Listing, key: &str) -> Change {
    let key = key.trim().to_owned();
    match listing.attribute(&key) {
        Some(_) => Ok(Some(ProductChange::AttributeRemoved { key })),
        None => Err(ProductRejection::AttributeNotFound { key }),
    }
}

fn add_tags(listing: &Listing, tags: &[String]) -> Change {
    if tags.is_empty() {
        return Err(Violation::new("/tags", "required", "must name at least one tag").into());
    }
    let mut faults = Faults::default();
    let asked: BTreeSet<Tag> = tags
        .iter()
        .enumerate()
        .filter_map(|(position, tag)| faults.keep(Tag::parse(&format!("/tags/{position}"), tag)))
        .collect();
    let asked = faults.finish(Some(asked))?;

    let new: Vec<Tag> = asked.difference(listing.tags()).cloned().collect();
    if listing.tags().len() + new.len() > MAX_TAGS {
        return Err(ProductRejection::TooManyTags { max: MAX_TAGS });
    }
    Ok((!new.is_empty()).then_some(ProductChange::TagsAdded { tags: new }))
}

fn remove_tag(listing: &Listing, tag: &str) -> Change {
    let tag = Tag::parse("/tag", tag)?;
    if listing.tags().contains(&tag) {
        Ok(Some(ProductChange::TagRemoved { tag }))
    } else {
        Err(ProductRejection::TagNotFound { tag })
    }
}

fn set_featured(listing: &Listing, featured: bool) -> Option<ProductChange> {
    (featured != listing.is_featured()).then_some(ProductChange::Featured { featured })
}

fn set_seo(listing: &Listing, seo: SeoOverrides) -> Change {
    let seo = seo.checked()?;
    Ok((seo != *listing.seo_overrides()).then_some(ProductChange::Seo { seo }))
}

fn slug_of(details: &ProductDetails, sku: &Sku) -> Slug {
    Slug::of_first(&[&details.name, sku.as_str()])
}
