//! A secret that cannot print itself.

use std::fmt;

use zeroize::Zeroizing;

/// Text that must never be shown: a secret key, a security token.
///
/// It has no `Display`, its `Debug` says nothing, and its memory is zeroed when it is dropped.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself, for the one place that signs or sends it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// The longest secret, in bytes. A token travels in a header, and servers bound those.
const MAX_SECRET: usize = 8192;

/// A secret that cannot be one.
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
    /// Takes what a key or a token may be: the line break that a file brings along is the usual
    /// reason for a signature that nobody can explain.
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

    /// That memory was zeroed cannot be seen without unsafe code; that the type does it can.
    #[test]
    fn a_secret_is_zeroed_when_it_is_dropped() {
        fn of(Secret(text): &Secret) -> &impl ZeroizeOnDrop {
            text
        }
        let secret = Secret::parse(Zeroizing::new("hunter2".to_owned())).unwrap();
        of(&secret);
    }
}
