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

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let shown = format!("{:?}", Some(Secret::from("hunter2".to_owned())));
        assert_eq!(shown, "Some([secret])");
    }
}
