//! A secret that cannot print itself.

use std::fmt;

use zeroize::Zeroizing;

/// Text that must never be shown: a secret key, a security token.
///
/// It has no `Display`, its `Debug` says nothing, and its memory is zeroed when it is dropped.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself, for the code that signs or sends it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// The longest secret, in bytes. A token is sent in a header, and servers limit the length of headers.
const MAX_SECRET: usize = 8192;

/// Why a text cannot be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidSecret;

impl fmt::Display for InvalidSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it is longer than {MAX_SECRET} bytes, holds a control character such as a line break, or is not Unicode"
        )
    }
}

impl Secret {
    /// Refuses a text that cannot be a key or a token. A line break that was copied along from a file is a
    /// common cause of refused signatures.
    pub(crate) fn parse(text: Zeroizing<String>) -> Result<Self, InvalidSecret> {
        if text.len() > MAX_SECRET || text.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            return Err(InvalidSecret);
        }
        Ok(Self(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::parse(Zeroizing::new("hunter2".to_owned()));
        assert_eq!(format!("{secret:?}"), "Ok([secret])");
    }

    /// A test cannot see zeroed memory without unsafe code, so it checks that the type implements zeroing.
    #[test]
    fn a_secret_is_zeroed_when_it_is_dropped() {
        fn of(Secret(text): &Secret) -> &impl ZeroizeOnDrop {
            text
        }
        let secret = Secret::parse(Zeroizing::new("hunter2".to_owned())).unwrap();
        of(&secret);
    }
}
