//! The key pair that signs requests.

use std::fmt;

use crate::id::AccessKey;
use crate::secret::Secret;

/// An access key, its secret, and for temporary ones the token that goes with them.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) access_key: AccessKey,
    pub(crate) secret_key: Secret,
    /// Sent base64-encoded, as the Go, Java and Python SDKs do. The PHP SDK sends it raw; which of
    /// them the service wants has not been tried against it.
    pub(crate) security_token: Option<Secret>,
}

/// A secret that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidSecret;

impl fmt::Display for InvalidSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it holds a control character, perhaps a line break, or is not Unicode")
    }
}

impl Secret {
    /// Takes what a key or a token may be: the line break that a file brings along is the usual
    /// reason for a signature that nobody can explain.
    pub(crate) fn parse(text: String) -> Result<Self, InvalidSecret> {
        if text.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            return Err(InvalidSecret);
        }
        Ok(Self::from(text))
    }
}
