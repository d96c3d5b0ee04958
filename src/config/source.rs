//! The sources of settings: flag, variable, or file and key. Errors about a setting name its source.

use std::fmt;

use super::profile::Section;

/// The place in which a value was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A flag, with its dashes.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// A key of a profile.
    Key { key: &'static str, section: Section },
    /// The default, since no value was given.
    Default,
}

/// The form that reads well after "from": `JDREDIS_ENDPOINT`,
/// `endpoint in profile [default] of /home/me/.jdc/config`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::Key { key, section } => write!(f, "{key} in {section}"),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// The sources of a run's settings.
#[derive(Debug, Clone)]
pub(super) struct Sources {
    pub(super) region: Source,
    pub(super) endpoint: Source,
    /// In words, the profile's endpoint if it is left out because it is another product's.
    pub(super) left_out: Option<String>,
    pub(super) keys: KeySources,
}

/// The sources of the parts of a key pair. A security token is always the environment's.
#[derive(Debug, Clone)]
pub(super) struct KeySources {
    pub(super) access_key: Source,
    pub(super) secret_key: Source,
}

/// Facts about the settings of a call: their sources, and the oddities of the secrets.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The region itself, and its source.
    pub(crate) region: (String, Source),
    /// The endpoint as the program uses it, and its source.
    pub(crate) endpoint: (String, Source),
    /// In words, the profile's endpoint if it is left out because it is another product's.
    pub(crate) left_out: Option<String>,
    pub(crate) access_key: Source,
    /// The secret key, and the security token where there is one.
    pub(crate) secrets: Vec<SecretFacts>,
}

/// Facts about a secret that do not reveal it.
#[derive(Debug, Clone)]
pub(crate) struct SecretFacts {
    /// `secret key` or `security token`.
    pub(crate) name: &'static str,
    pub(crate) source: Source,
    /// Things that keys and tokens seldom have and that copying often adds, such as `has an inner space`.
    pub(crate) oddities: Vec<&'static str>,
}

impl SecretFacts {
    pub(super) fn of(name: &'static str, source: Source, secret: &str) -> Self {
        let oddities = [
            (secret.contains(['"', '\'', '`', '“', '”', '‘', '’']), "has quotes"),
            (secret.trim() != secret, "begins or ends with a space"),
            (secret.trim().contains(char::is_whitespace), "has an inner space"),
            (secret.contains('#'), "has a '#'"),
            (secret.ends_with('%'), "ends with '%'"),
            (!secret.is_ascii(), "has a character that is not ASCII"),
        ];
        Self {
            name,
            source,
            oddities: oddities
                .into_iter()
                .filter_map(|(is_so, fact)| is_so.then_some(fact))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_oddity_of_a_secret_is_told() {
        let facts = |secret| SecretFacts::of("secret key", Source::Default, secret).oddities;
        assert!(facts("0123456789ABCDEFabcdef+/=").is_empty());
        assert_eq!(facts("\"AB\""), ["has quotes"]);
        assert_eq!(facts("A B"), ["has an inner space"]);
        assert_eq!(facts(" AB"), ["begins or ends with a space"]);
        assert_eq!(facts("AB%"), ["ends with '%'"]);
        assert_eq!(facts("A%B"), [""; 0]);
        assert_eq!(
            facts("'A é#%"),
            [
                "has quotes",
                "has an inner space",
                "has a '#'",
                "ends with '%'",
                "has a character that is not ASCII"
            ]
        );
    }
}
