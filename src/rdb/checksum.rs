//! The CRC-64 that ends an RDB file, and the questions that its algebra answers without a second read.
//!
//! It is CRC-64/REDIS: the Jones polynomial, bits reflected, the register zero at the start and not
//! inverted at the end. It is therefore linear, and the CRC of a file and its own checksum after it is
//! zero. Source: Redis's `crc64.c`.

use crc_fast::{CrcAlgorithm, Digest};

use super::magic::{self, Magic};

/// How many bytes the checksum takes, little-endian.
pub(super) const LENGTH: usize = 8;
/// The opcode that stands before it.
pub(super) const END: u8 = 0xff;

/// The polynomial with its bits reflected.
const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
/// The polynomials 1 and x^8 in the reflected notation, in which the highest bit stands for x^0.
const ONE: u64 = 1 << 63;
const BYTE: u64 = 1 << 55;

/// The CRC after `bytes`, where that of all before them is `crc`.
///
/// Each piece gets a new digest. The algorithm is then a constant all through the digest's life, and the
/// compiler leaves out the tables of the other algorithms, half a megabyte.
pub(super) fn update(crc: u64, bytes: &[u8]) -> u64 {
    let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc64Redis, crc);
    digest.update(bytes);
    digest.finalize()
}

/// The result of comparing the last eight bytes of a file with all bytes before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sum {
    Right,
    Wrong {
        written: u64,
        computed: u64,
    },
    /// They are zero: the server did not compute it, or the version has none.
    None,
}

impl Sum {
    /// Judges bytes whose CRC is `crc` and whose last eight are the checksum `written`.
    pub(super) fn of(crc: u64, written: [u8; LENGTH]) -> Self {
        let written = u64::from_le_bytes(written);
        if crc == 0 && written != 0 {
            return Self::Right;
        }
        let computed = before_last_eight(crc) ^ written;
        // If the checksum has a single bit set, one flipped bit makes it zero. Such a file must not pass
        // for one whose checksum was not computed.
        if written == 0 && !computed.is_power_of_two() {
            return Self::None;
        }
        Self::Wrong { written, computed }
    }
}

/// Runs the register back over eight bytes of zero. The register before the last eight bytes is this
/// and those bytes, combined by exclusive or.
fn before_last_eight(crc: u64) -> u64 {
    (0..8 * LENGTH).fold(crc, |crc, _| {
        // The polynomial's highest bit is set, so this bit tells whether it was applied.
        if crc & ONE == 0 {
            crc << 1
        } else {
            (crc ^ POLYNOMIAL) << 1 | 1
        }
    })
}

/// The product of two polynomials in the reflected notation, modulo the CRC's.
fn multiply(a: u64, mut b: u64) -> u64 {
    let mut product = 0;
    for bit in (0..64).rev() {
        if a >> bit & 1 == 1 {
            product ^= b;
        }
        b = if b & 1 == 1 { b >> 1 ^ POLYNOMIAL } else { b >> 1 };
    }
    product
}

/// The factor by which a CRC is multiplied when this many bytes of zero follow.
fn zeros(mut bytes: u64) -> u64 {
    let (mut factor, mut square) = (ONE, BYTE);
    while bytes > 0 {
        if bytes & 1 == 1 {
            factor = multiply(square, factor);
        }
        square = multiply(square, square);
        bytes >>= 1;
    }
    factor
}

/// How a file's magic is damaged, where its checksum fits once the damage is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// One bit of this byte, counted from 0, is flipped.
    Bit { byte: usize },
    /// The first nine bytes are not these.
    Replaced([u8; magic::LENGTH]),
    /// The file lacks this many of the first of these nine bytes.
    Missing([u8; magic::LENGTH], usize),
}

/// Finds the damage to the magic of a file of `length` bytes that begins with `head`, ends with a
/// checksum and whose CRC is `crc`: the one change after which the CRC of the whole is zero.
pub(super) fn find_damage(head: &[u8; magic::LENGTH], length: u64, crc: u64) -> Option<Damage> {
    let factor = zeros(length.checked_sub(magic::LENGTH as u64)?);
    let is_right_with = |wanted: [u8; magic::LENGTH]| {
        let mut change = *head;
        for (byte, wanted) in change.iter_mut().zip(wanted) {
            *byte ^= wanted;
        }
        multiply(factor, update(0, &change)) == crc
    };
    let bit = (0..8 * magic::LENGTH).find_map(|bit| {
        let mut wanted = *head;
        wanted[bit / 8] ^= 1 << (bit % 8);
        let has_checksum = Magic::parse(&wanted).is_some_and(Magic::has_checksum);
        (has_checksum && is_right_with(wanted)).then_some(Damage::Bit { byte: bit / 8 })
    });
    let replaced = || {
        let mut candidates = Magic::candidates().map(Magic::bytes);
        candidates.find(|magic| is_right_with(*magic)).map(Damage::Replaced)
    };
    let missing = || {
        let after = multiply(factor, zeros(magic::LENGTH as u64));
        let lengths =
            (1..=magic::LENGTH).flat_map(|length| Magic::candidates().map(move |magic| (magic.bytes(), length)));
        let mut candidates = lengths.filter(|(magic, length)| head.starts_with(&magic[*length..]));
        let found = candidates.find(|(magic, length)| multiply(after, update(0, &magic[..*length])) == crc);
        found.map(|(magic, length)| Damage::Missing(magic, length))
    };
    bit.or_else(replaced).or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rdb::sample::slow_crc64;

    #[test]
    fn the_slow_checksum_is_the_published_one() {
        // The check value that Redis's crc64.c gives.
        assert_eq!(slow_crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn the_checksum_of_pieces_is_that_of_the_whole() {
        let bytes: Vec<u8> = (0..5000_u32).map(|i| ((i * i) >> 3) as u8).collect();
        for at in [0, 1, 7, 4096, 5000] {
            let (first, second) = bytes.split_at(at);
            assert_eq!(update(update(0, first), second), slow_crc64(&bytes), "{at}");
        }
    }

    #[test]
    fn a_checksum_is_right_wrong_or_none() {
        let contents = b"some contents";
        let computed = slow_crc64(contents);
        let of = |written: u64| {
            let bytes = written.to_le_bytes();
            Sum::of(update(slow_crc64(contents), &bytes), bytes)
        };
        assert_eq!(of(computed), Sum::Right);
        assert_eq!(of(0), Sum::None);
        for written in [1, computed ^ 1, u64::MAX] {
            assert_eq!(of(written), Sum::Wrong { written, computed });
        }
    }

    #[test]
    fn a_checksum_of_one_bit_that_is_flipped_is_wrong() {
        // Contents whose CRC is a single bit: any eight bytes can be chosen so that it is.
        let wanted = 1_u64 << 17;
        let contents = before_last_eight(wanted).to_le_bytes();
        assert_eq!(slow_crc64(&contents), wanted);
        let crc = update(wanted, &[0; 8]);
        assert_eq!(
            Sum::of(crc, [0; 8]),
            Sum::Wrong {
                written: 0,
                computed: wanted
            }
        );
    }

    #[test]
    fn every_damage_to_the_magic_is_found() {
        let whole = crate::rdb::sample::File::new(b"REDIS0011").string(b"k", b"v").finish();
        let find = |file: &[u8]| find_damage(&file[..9].try_into().unwrap(), file.len() as u64, slow_crc64(file));
        for bit in 0..72 {
            let mut file = whole.clone();
            file[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(find(&file), Some(Damage::Bit { byte: bit / 8 }), "{bit}");
        }
        let mut file = whole.clone();
        file[..9].fill(0);
        assert_eq!(find(&file), Some(Damage::Replaced(*b"REDIS0011")));
        for length in 1..=9 {
            assert_eq!(find(&whole[length..]), Some(Damage::Missing(*b"REDIS0011", length)));
        }
        let mut file = whole;
        file[..11].fill(0);
        assert_eq!(find(&file), None);
    }
}
