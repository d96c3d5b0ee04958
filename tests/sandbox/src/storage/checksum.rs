//! The CRC-64 at the end of an RDB file, also of content that is too long to go through byte by
//! byte: what is known of two pieces gives what they have together.

use crc::{CRC_64_REDIS, Crc, Table};

static REDIS: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_REDIS);

/// The CRC-64 of some bytes.
pub(crate) fn crc64(bytes: &[u8]) -> u64 {
    REDIS.checksum(bytes)
}

/// What so many further bytes of zero do to a CRC. This one starts at zero and ends without an
/// inversion, so it is linear: for pieces `a` and `b`, `crc64(ab)` is `crc64(a)` after as many
/// zeros as `b` is long, and then the exclusive or with `crc64(b)`.
#[derive(Debug, Clone)]
pub(crate) struct Zeros {
    /// What becomes of each single bit.
    images: [u64; 64],
}

impl Zeros {
    /// Prepares for so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let mut power = Self::bit();
        let mut all = Self::none();
        let mut bits = bytes * 8;
        while bits > 0 {
            if bits % 2 == 1 {
                all = all.then(&power);
            }
            power = power.then(&power);
            bits /= 2;
        }
        all
    }

    /// The CRC after the zeros.
    pub(crate) fn after(&self, crc: u64) -> u64 {
        let (mut rest, mut after) = (crc, 0);
        while rest != 0 {
            after ^= self.images[rest.trailing_zeros() as usize];
            rest &= rest - 1;
        }
        after
    }

    /// No zeros at all.
    fn none() -> Self {
        Self {
            images: std::array::from_fn(|bit| 1 << bit),
        }
    }

    /// A single bit of zero.
    fn bit() -> Self {
        let image = |bit: usize| match bit.checked_sub(1) {
            Some(lower) => 1 << lower,
            None => CRC_64_REDIS.poly.reverse_bits(),
        };
        Self {
            images: std::array::from_fn(image),
        }
    }

    fn then(&self, next: &Self) -> Self {
        Self {
            images: self.images.map(|image| next.after(image)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_checksum_of_the_whole() {
        // The check value that Redis's own crc64.c has.
        assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        let bytes: Vec<u8> = (0..1000_u32).map(|number| (number * 7 % 251) as u8).collect();
        for split in [0, 1, 2, 9, 500, 999, 1000] {
            let (start, end) = bytes.split_at(split);
            let together = Zeros::new(end.len()).after(crc64(start)) ^ crc64(end);
            assert_eq!(together, crc64(&bytes), "{split}");
        }
    }
}
