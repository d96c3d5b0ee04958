//! The functions that the fuzz targets in `tests/fuzz` call, and the inputs that the tests of the same
//! properties share.
//!
//! Each property stands beside the parser that it is about, in a file `properties.rs`, and panics where it
//! does not hold. This module is public only in a build for fuzzing or for tests. The fuzz targets search for inputs
//! at random; the tests try the same inputs every time.

pub use crate::api::properties::answer;
pub use crate::config::properties::profile;
pub use crate::http::properties::proxy;
pub use crate::rdb::properties::rdb;
pub use crate::transfer::properties::{file_names, xml_error};
pub use crate::values::link::properties::link;

/// The query of a link in a test, which must not be seen anywhere.
pub(crate) const SECRET_QUERY: &str = "X-Amz-Signature=5ec2e7";

#[cfg(test)]
pub(crate) mod inputs {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    /// A configuration with a fixed seed: random inputs are for the fuzz targets, which keep what they find.
    pub(crate) fn config() -> ProptestConfig {
        ProptestConfig {
            cases: 300,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(20_210_714),
            ..ProptestConfig::default()
        }
    }

    /// Text made of pieces of each grammar, of characters that act on a terminal, combine, are wide or have
    /// no width, and of paths that lead elsewhere.
    pub(crate) fn hostile_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            "[ -~]{1,6}",
            prop::sample::select(PIECES).prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    const PIECES: &[&str] = &[
        "\u{1b}[2J",
        "\u{9b}0m",
        "\u{202e}",
        "\u{2066}",
        "\u{200f}",
        "\u{feff}",
        "\u{2028}",
        "\r\n",
        "\n",
        "\0",
        "\u{7f}",
        "../",
        "..\\",
        "/",
        "C:",
        ".",
        ".part",
        "中文",
        "e\u{301}\u{308}",
        "👩\u{200d}🚀",
        "\u{3000}",
        "%",
        "%%",
        "%(x)s",
        "%2F",
        "%1B",
        "[",
        "]\n",
        "=",
        ";",
        "#",
        "http://h/",
        "https://",
        "?X-Amz-Date=20210714T075241Z",
        "&X-Amz-Expires=",
        "3600",
        "<Code>",
        "</Code>",
        "<Message>",
        "</Message>",
        "\nsecret_key =",
        "[default]\n",
    ];
}
