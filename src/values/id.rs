//! The identifiers that a request is built from. They are parsed once, so that none of them can change the
//! path, the query or the scope of a request.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// The longest identifier that is accepted, in characters. The service documents no length.
const MAX_LENGTH: usize = 128;

/// Why a text is not an identifier: the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InvalidId {
    rule: &'static str,
    max_length: usize,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, at most {} characters", self.rule, self.max_length)
    }
}

impl std::error::Error for InvalidId {}

/// Takes a text whose first byte `first` and `allowed` accept, and whose others `allowed` accepts. `rule` says so in
/// words.
fn parse(
    text: &str,
    rule: &'static str,
    first: fn(u8) -> bool,
    allowed: fn(u8) -> bool,
    max_length: usize,
) -> Result<String, InvalidId> {
    let bytes = text.as_bytes();
    let starts_well = bytes.first().is_some_and(|&b| allowed(b) && first(b));
    if starts_well && bytes.len() <= max_length && bytes.iter().all(|&b| allowed(b)) {
        Ok(text.to_owned())
    } else {
        Err(InvalidId { rule, max_length })
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $rule:literal, $allowed:expr) => {
        identifier!($(#[$doc])* $name, $rule, |byte| byte.is_ascii_alphanumeric(), $allowed, MAX_LENGTH);
    };
    ($(#[$doc:meta])* $name:ident, $rule:literal, $first:expr, $allowed:expr, $max_length:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub(crate) struct $name(String);

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl $name {
            /// The text.
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse(text, $rule, $first, $allowed, $max_length).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn region_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

identifier!(
    /// A cache-Redis instance, the service's `cacheInstanceId`.
    InstanceId,
    "an instance ID is letters, digits, '-' and '_', a letter or digit first",
    id_byte
);

identifier!(
    /// A backup task, the service's `baseId`. One backup has one base ID and a file for every shard.
    BaseId,
    "a base ID is letters, digits, '-' and '_', a letter or digit first",
    id_byte
);

identifier!(
    /// The name of a backup that is made on request, the service's `fileName`.
    BackupName,
    "a backup's name is letters, digits and '_'",
    name_byte,
    name_byte,
    32
);

identifier!(
    /// A region, the service's `regionId`. An unknown one is accepted if it is well-formed, since JD Cloud
    /// opens regions without a release of this program.
    Region,
    "a region is lower-case letters, digits and '-', such as cn-north-1",
    region_byte
);

identifier!(
    /// The name of a key pair. It is no secret: every `Authorization` header holds it as plain text.
    AccessKey,
    "an access key is letters, digits, '-' and '_', a letter or digit first",
    id_byte
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_change_a_request_is_refused() {
        for text in ["redis-1234", "1234", "A_b-9", &"x".repeat(128)] {
            assert_eq!(text.parse::<InstanceId>().map(|id| id.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "",
            "-x",
            "_x",
            "a/b",
            "..",
            "a%2Fb",
            "a b",
            "a\n",
            "ä",
            "a?b",
            "a:b",
            &"x".repeat(129),
        ] {
            assert!(text.parse::<InstanceId>().is_err(), "{text:?}");
            assert!(text.parse::<BaseId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_access_key_fits_into_a_header() {
        assert!("JDC_0123ABCD".parse::<AccessKey>().is_ok());
        for text in ["AK\n", "A/K", "A,K", "ключ"] {
            assert!(text.parse::<AccessKey>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_unknown_region_is_accepted_if_it_is_well_formed() {
        for (region, _) in crate::values::vocabulary::REGIONS {
            assert!(region.parse::<Region>().is_ok());
        }
        assert!("eu-west-7".parse::<Region>().is_ok());
        for text in ["CN-NORTH-1", "cn_north_1", "-cn", "cn/north"] {
            assert!(text.parse::<Region>().is_err(), "{text:?}");
        }
    }
}
