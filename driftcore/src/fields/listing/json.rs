//! The catalogue as JSON.

use serde_json::Value as Json;
use serde_json::json;

use super::words::argument;
use super::words::kind;
use super::words::values;
use crate::fields::Availability;
use crate::fields::CATALOGUE;

/// The catalogue as a JSON array, sorted by name: one object for each field with `name`, `type`,
/// `values` (`one`, `list`, `ancestors`, `ends`), `argument` (`none`, `optional_index`, `index`,
/// `optional_key`, `key`), `dotted`, `filter_only`, `transformable`, `available`, `needs` (null or
/// what is missing), `never` (null or why) and `description`.
pub fn catalogue_json() -> Json {
    let fields = CATALOGUE.iter().map(|field| {
        let (needs, never) = match field.availability {
            Availability::Always => (None, None),
            Availability::Needs(what) => (Some(what), None),
            Availability::Never(why) => (None, Some(why)),
        };
        json!({
            "name": field.name,
            "type": kind(field),
            "values": values(field),
            "argument": argument(field),
            "dotted": field.dotted,
            "filter_only": field.filter_only,
            "transformable": field.transformable,
            "available": field.availability.is_available(),
            "needs": needs,
            "never": never,
            "description": field.description,
        })
    });
    Json::Array(fields.collect())
}
