//! Properties that hold for the verdict on every file.

use super::sample::File;
use super::{Findings, Reader, Verdict};

/// The verdict on a file does not depend on the pieces that it comes in. A sound file is good. A beginning
/// of it is not good, nor is the file with one bit flipped, nor the file joined with another.
///
/// The first bytes of the input choose the pieces and the places, the others the contents.
pub fn rdb(input: &[u8]) {
    let (choices, input) = input.split_at(input.len().min(4));
    any_bytes(input, choices);
    any_bytes(&in_tokens(input), choices);
    let file = sound_file(input);
    let whole = in_pieces(&file, choices);
    assert_eq!(whole, in_pieces(&file, &[]), "of the same bytes");
    assert_eq!(whole.verdict, Verdict::Ok(None));

    let place = choices
        .iter()
        .fold(0, |place, choice| place << 8 | usize::from(*choice));
    let cut = &file[..place % file.len()];
    assert!(!is_good(&in_pieces(cut, choices)), "the first {} bytes", cut.len());
    let mut flipped = file.clone();
    let bit = place % (8 * file.len());
    flipped[bit / 8] ^= 1 << (bit % 8);
    assert!(!is_good(&in_pieces(&flipped, choices)), "bit {bit} is flipped");
    any_bytes(&flipped, choices);
    for second in [file.clone(), sound_file(choices)] {
        let joined = [&file[..], &second].concat();
        assert!(!is_good(&in_pieces(&joined, choices)), "joined at {}", file.len());
    }

    // For a file without a checksum, only the structure can tell.
    let unchecked = contents(input).finish_unchecked();
    assert!(is_good(&in_pieces(&unchecked, choices)));
    let cut = &unchecked[..place % unchecked.len()];
    assert!(!is_good(&in_pieces(cut, choices)), "the first {} bytes", cut.len());
    let joined = [&unchecked[..], &file].concat();
    assert!(!is_good(&in_pieces(&joined, choices)), "joined at {}", unchecked.len());
}

/// Any bytes are read, alone and after a magic, with the same result in any pieces.
fn any_bytes(bytes: &[u8], choices: &[u8]) {
    for magic in [&b""[..], b"REDIS0003", b"REDIS0012", b"REDIS0013", b"VALKEY080"] {
        let file = [magic, bytes].concat();
        assert_eq!(in_pieces(&file, choices), in_pieces(&file, &[]), "of the same bytes");
    }
}

/// Bytes that are full of what a reader searches for: magics and parts of them, ends, unknown types, text.
fn in_tokens(input: &[u8]) -> Vec<u8> {
    const TOKENS: [&[u8]; 16] = [
        b"REDIS0011",
        b"VALKEY080",
        b"REDIS0013",
        b"REDI",
        b"R",
        b"V",
        b"\xff",
        b"\xff\0\0\0\0\0\0\0\0",
        b"\0\0\0\0\0\0\0\0",
        b"\0\x01k\x01v",
        b"\xfe\0",
        b"\x6b",
        b"\xc9",
        b"x1",
        b" and some more text, without an end",
        b"\x01",
    ];
    input
        .iter()
        .flat_map(|byte| TOKENS[usize::from(byte % 16)])
        .copied()
        .collect()
}

fn is_good(findings: &Findings) -> bool {
    matches!(findings.verdict, Verdict::Ok(_) | Verdict::Unverified(_))
}

/// The choices are lengths of pieces, over and over.
fn in_pieces(file: &[u8], choices: &[u8]) -> Findings {
    let mut reader = Reader::new();
    let mut rest = file;
    for length in choices.iter().cycle() {
        // Each piece has at least one byte; with empty pieces the loop would not end.
        let length = usize::from(*length).max(1);
        let Some((piece, after)) = rest.split_at_checked(length) else {
            break;
        };
        reader.update(piece);
        rest = after;
    }
    reader.update(rest);
    reader.finish()
}

/// A whole file with contents that the input chooses and a right checksum.
fn sound_file(input: &[u8]) -> Vec<u8> {
    let file = contents(input).finish();
    // A checksum that happens to be zero counts as not computed.
    if file.ends_with(&[0; 8]) {
        return contents(&[input, b"x"].concat()).finish();
    }
    file
}

/// Keys and other items, of kinds and with values that the input chooses.
fn contents(input: &[u8]) -> File {
    let mut file = File::new(if input.first().is_some_and(|byte| byte % 4 == 0) {
        b"VALKEY080"
    } else {
        b"REDIS0012"
    });
    for piece in input.chunks(11) {
        let (kind, value) = (piece[0], &piece[1..]);
        let id = [kind; 16];
        file = match kind % 16 {
            0 => file.database(kind.into()),
            1 => file.aux(b"redis-ver", value),
            2 => file.raw(&[252]).raw(&[kind; 8]),
            3 => file.raw(&[248]).number(u64::from(kind) << (kind % 60)),
            4 => file.raw(&[245]).text(value),
            5 => file.raw(&[247, 5, 2, 1, 5]).text(value).raw(&[0]),
            6 => file.key(1, value).raw(&[2]).text(value).text(value),
            7 => file.key(4, value).raw(&[1]).text(value).text(value),
            8 => file.key(5, value).raw(&[1]).text(value).raw(&[kind; 8]),
            9 => file.key(18, value).raw(&[1, 2, 1, kind]),
            10 => file.key(7, value).raw(&[1, 2, kind & 0x3f, 0]),
            11 => file.key(15, value).raw(&[1]).text(&id).text(value).raw(&[1, 2, 3, 0]),
            12 => file.key(9, value).raw(&[0xc2, 1, 2, 3, 4]),
            13 => file.key(3, value).raw(&[1]).text(value).raw(&[255]),
            _ => file.string(value, &value.repeat(usize::from(kind))),
        };
    }
    file
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
        }
    }
}
