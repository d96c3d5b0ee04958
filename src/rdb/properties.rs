//! What must hold of the verdict on any file.

use super::{Checker, Verdict};

/// The bytes before which an RDB file has no contents.
const MAGIC: &[u8; 9] = b"REDIS0011";

/// The verdict on a file does not depend on the pieces it comes in; a whole one is good, and not one
/// that differs from it in a byte. The first bytes choose the pieces and the byte.
pub fn rdb(bytes: &[u8]) {
    let (choices, bytes) = bytes.split_at(bytes.len().min(4));
    let file = rdb_file(bytes);
    for file in [bytes, &file, &file[..file.len() - 1]] {
        assert_eq!(in_pieces(file, choices), in_pieces(file, &[]), "of the same bytes");
    }
    if !file.ends_with(&[0; 8]) {
        assert_eq!(in_pieces(&file, choices), Verdict::Ok);
    }
    let place = choices
        .iter()
        .fold(0, |place, choice| place << 8 | usize::from(*choice));
    let mut changed = file;
    let place = place % changed.len();
    changed[place] ^= choices.first().map_or(1, |choice| choice | 1);
    let verdict = in_pieces(&changed, choices);
    assert_ne!(verdict, Verdict::Ok, "byte {place} differs");
    // Without its magic it is another kind of file, and without a checksum there is none to be wrong.
    if place >= MAGIC.len() && !changed.ends_with(&[0; 8]) {
        assert!(
            matches!(verdict, Verdict::Corrupt(_)),
            "byte {place} differs: {verdict:?}"
        );
    }
}

/// The choices are lengths of pieces, over and over.
fn in_pieces(file: &[u8], choices: &[u8]) -> Verdict {
    let mut checker = Checker::new();
    let mut rest = file;
    for length in choices.iter().cycle() {
        // A piece of one byte at the least, or a file of many bytes takes for ever.
        let length = usize::from(*length).max(1);
        let Some((piece, after)) = rest.split_at_checked(length) else {
            break;
        };
        checker.update(piece);
        rest = after;
    }
    checker.update(rest);
    checker.finish()
}

/// A whole RDB file of these contents.
fn rdb_file(contents: &[u8]) -> Vec<u8> {
    let mut file = [MAGIC, contents, &[0xff]].concat();
    let checksum = slow_crc64(&file);
    file.extend(checksum.to_le_bytes());
    file
}

/// CRC-64/REDIS from its definition: the Jones polynomial, reflected, no inversion.
pub(crate) fn slow_crc64(bytes: &[u8]) -> u64 {
    const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ u64::from(byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzzing::inputs::config;

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn rdb_files(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            rdb(&bytes);
            rdb(&rdb_file(&bytes));
        }
    }
}
