//! Variables that look like those of this program but are not read by it, as people set them for other tools or
//! from memory. An error about a missing key or region names them.

use super::REGION;
use super::credentials::{ACCESS_KEY, SECRET_KEY, SECURITY_TOKEN};
use crate::process::world::World;

/// The prefixes of variables for this cloud, as other tools have them or people remember them.
const PREFIXES: &[&str] = &[
    "JDCLOUD_",
    "JDC_",
    "JD_",
    "JDREDIS_",
    "JD_CLOUD_",
    "JCLOUD_",
    "JINGDONG_",
    "JDCLOUD_CLI_",
    "JDCLOUD_REDIS_",
    "JDCLOUD",
    "JDC",
];
/// Other tools' names for the parts of a key pair.
const KEY_NAMES: &[&str] = &[
    "ACCESS_KEY",
    "ACCESS_KEY_ID",
    "ACCESS_KEYID",
    "ACCESSKEY",
    "ACCESSKEYID",
    "ACCESSKEY_ID",
    "ACCESS_ID",
    "AK",
    "KEY",
    "KEY_ID",
    "API_KEY",
    "SECRET_KEY",
    "SECRET_KEY_ID",
    "SECRET_ACCESS_KEY",
    "SECRETACCESSKEY",
    "ACCESS_KEY_SECRET",
    "ACCESSKEY_SECRET",
    "ACCESSKEYSECRET",
    "ACCESS_SECRET",
    "ACCESS_SECRET_KEY",
    "SECRETKEY",
    "SECRET",
    "SECRET_ID",
    "SK",
    "API_SECRET",
    "KEY_SECRET",
    "SECURITY_TOKEN",
    "SESSION_TOKEN",
    "ACCESS_TOKEN",
    "TOKEN",
];
/// Other tools' names for the region.
const REGION_NAMES: &[&str] = &["REGION", "REGION_ID", "REGIONID", "DEFAULT_REGION", "REGION_NAME"];

/// The variables that are set and look like those of the keys that the program reads.
pub(crate) fn look_alike_keys(world: &World) -> Vec<String> {
    look_alikes(world, KEY_NAMES)
}

/// The variables that are set and look like that of the region that the program reads.
pub(super) fn look_alike_regions(world: &World) -> Vec<String> {
    look_alikes(world, REGION_NAMES)
}

/// The variables that are set and have one of these names behind a known prefix, except those that the program reads.
/// Each possible variable is looked up, since the environment is never listed: that would copy the secrets in it.
fn look_alikes(world: &World, names: &[&str]) -> Vec<String> {
    let read = [ACCESS_KEY, SECRET_KEY, SECURITY_TOKEN, REGION];
    let candidates = PREFIXES
        .iter()
        .flat_map(|prefix| names.iter().map(move |name| format!("{prefix}{name}")));
    candidates
        .flat_map(|name| [name.to_ascii_lowercase(), name])
        .filter(|name| !read.contains(&name.as_str()) && (world.env)(name).is_some_and(|value| !value.is_empty()))
        .collect()
}
