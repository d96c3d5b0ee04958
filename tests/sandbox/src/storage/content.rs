//! What objects consist of: RDB files of any size and other bytes, both known at any offset
//! without being kept, so that a large object costs no memory and a range of it no time.

use std::borrow::Cow;
use std::sync::Arc;

use ring::digest::{Context, SHA256};

use super::checksum::{Zeros, crc64};
use crate::encoding::hex;

/// The least size of an RDB file here: that of one with a single entry, and some.
pub(crate) const LEAST_RDB: u64 = 128;
/// How many bytes the entries take, all but the last.
const ENTRY: usize = 64 * 1024;
/// What comes before an entry's value: its type, its key and the value's length.
const ENTRY_HEAD: usize = 23;
/// What comes after the last entry: the end's opcode and the checksum.
const END: usize = 9;
/// How much is looked at in one go.
const CHUNK: usize = 256 * 1024;

/// What an object's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An RDB file as Redis 5 writes it: every object's own, unless altered.
    Rdb,
    /// The same with zeros for a checksum, as Redis writes it where checksums are switched off.
    RdbWithoutChecksum,
    /// A file with the magic of Valkey 9, and else an RDB file.
    Valkey,
    /// Bytes that are no RDB file.
    Noise,
}

/// The bytes of an object.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    bytes: Bytes,
    length: u64,
    /// The offsets of bytes that have one bit changed.
    flipped: Vec<u64>,
}

#[derive(Debug, Clone)]
enum Bytes {
    Given(Arc<[u8]>),
    Rdb(Rdb),
    /// These bytes again and again.
    Noise(Vec<u8>),
}

impl Content {
    /// Content that differs with the seed.
    pub(crate) fn new(format: Format, length: u64, seed: u64) -> Self {
        let bytes = match format {
            Format::Rdb => Bytes::Rdb(Rdb::new(b"REDIS0009", length, seed)),
            Format::Valkey => Bytes::Rdb(Rdb::new(b"VALKEY080", length, seed)),
            Format::RdbWithoutChecksum => Bytes::Rdb(Rdb::new(b"REDIS0009", length, seed).without_checksum()),
            Format::Noise => {
                let mut bytes = noise(seed, ENTRY);
                // No format begins with this byte. A random one is a brace or a bracket now and then, as JSON has.
                bytes[0] = 0x80;
                Bytes::Noise(bytes)
            }
        };
        Self {
            bytes,
            length,
            flipped: Vec::new(),
        }
    }

    pub(crate) fn given(bytes: Arc<[u8]>) -> Self {
        Self {
            length: bytes.len() as u64,
            bytes: Bytes::Given(bytes),
            flipped: Vec::new(),
        }
    }

    /// Ends it early.
    pub(crate) fn truncate(&mut self, length: u64) {
        self.length = self.length.min(length);
    }

    /// Changes a bit of the byte at each offset.
    pub(crate) fn flip(&mut self, offsets: &[u64]) {
        self.flipped.extend_from_slice(offsets);
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Copies what starts at an offset; as much as `target` takes must be there.
    pub(crate) fn copy(&self, offset: u64, target: &mut [u8]) {
        let mut done = 0;
        while done < target.len() {
            let at = offset + done as u64;
            let piece = match &self.bytes {
                Bytes::Given(bytes) => Cow::Borrowed(&bytes[position(at)..]),
                Bytes::Rdb(rdb) => rdb.piece(at),
                Bytes::Noise(bytes) => Cow::Borrowed(&bytes[position(at % bytes.len() as u64)..]),
            };
            let count = piece.len().min(target.len() - done);
            target[done..done + count].copy_from_slice(&piece[..count]);
            done += count;
        }
        for flipped in &self.flipped {
            let byte = flipped.checked_sub(offset).and_then(|at| target.get_mut(position(at)));
            if let Some(byte) = byte {
                *byte ^= 1;
            }
        }
    }

    /// All of it.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; position(self.length)];
        self.copy(0, &mut bytes);
        bytes
    }

    /// Its SHA-256 in lower-case hexadecimal.
    pub(crate) fn sha256_hex(&self) -> String {
        let mut digest = Context::new(&SHA256);
        let mut buffer = vec![0; CHUNK];
        let mut offset = 0;
        while offset < self.length {
            let count = position(self.length - offset).min(CHUNK);
            self.copy(offset, &mut buffer[..count]);
            digest.update(&buffer[..count]);
            offset += count as u64;
        }
        hex(digest.finish().as_ref())
    }
}

/// An offset or a length as a position in memory.
fn position(offset: u64) -> usize {
    usize::try_from(offset).expect("an object is no larger than what can be addressed")
}

/// An RDB file of string entries whose values are all the same and whose keys are all different.
#[derive(Debug, Clone)]
struct Rdb {
    start: Vec<u8>,
    /// As much as the longest value takes.
    noise: Vec<u8>,
    /// How many entries there are beside the last.
    entries: u64,
    /// The length of the last entry's value, if there is a last entry.
    last: Option<usize>,
    end: [u8; END],
}

impl Rdb {
    fn new(magic: &[u8], length: u64, seed: u64) -> Self {
        assert!(length >= LEAST_RDB, "an RDB file has at least {LEAST_RDB} bytes");
        let start = [magic, b"\xfa\x09redis-ver\x065.0.14\xfa\x0aredis-bits\xc0\x40\xfe\x00"].concat();
        let room = length - (start.len() + END) as u64;
        let (mut entries, mut rest) = (room / ENTRY as u64, position(room % ENTRY as u64));
        if (1..ENTRY_HEAD).contains(&rest) {
            entries -= 1;
            rest += ENTRY;
        }
        let mut rdb = Self {
            start,
            noise: noise(seed, ENTRY),
            entries,
            last: rest.checked_sub(ENTRY_HEAD),
            end: [0; END],
        };
        rdb.end[0] = 0xff;
        let checksum = rdb.checksum();
        rdb.end[1..].copy_from_slice(&checksum.to_le_bytes());
        rdb
    }

    fn without_checksum(mut self) -> Self {
        self.end[1..].fill(0);
        self
    }

    /// The value of every entry but the last.
    fn value(&self) -> &[u8] {
        &self.noise[..ENTRY - ENTRY_HEAD]
    }

    /// Some bytes from an offset on, at least one.
    fn piece(&self, offset: u64) -> Cow<'_, [u8]> {
        let Some(offset) = offset.checked_sub(self.start.len() as u64) else {
            return Cow::Borrowed(&self.start[position(offset)..]);
        };
        let number = offset / ENTRY as u64;
        if number < self.entries {
            return piece_of_entry(number, self.value(), position(offset % ENTRY as u64));
        }
        let within = position(offset - self.entries * ENTRY as u64);
        match self.last {
            Some(length) if within < ENTRY_HEAD + length => piece_of_entry(self.entries, &self.noise[..length], within),
            last => Cow::Borrowed(&self.end[within - last.map_or(0, |length| ENTRY_HEAD + length)..]),
        }
    }

    /// The checksum of all but itself.
    fn checksum(&self) -> u64 {
        let after_head = Zeros::new(ENTRY_HEAD);
        let with_entries = |crc, numbers: std::ops::Range<u64>, value: &[u8]| {
            let after_value = Zeros::new(value.len());
            let value_crc = crc64(value);
            numbers.fold(crc, |crc, number| {
                let with_head = after_head.after(crc) ^ crc64(&entry_head(number, value.len()));
                after_value.after(with_head) ^ value_crc
            })
        };
        let mut crc = with_entries(crc64(&self.start), 0..self.entries, self.value());
        if let Some(length) = self.last {
            crc = with_entries(crc, self.entries..self.entries + 1, &self.noise[..length]);
        }
        Zeros::new(1).after(crc) ^ crc64(&self.end[..1])
    }
}

fn piece_of_entry(number: u64, value: &[u8], within: usize) -> Cow<'_, [u8]> {
    match within.checked_sub(ENTRY_HEAD) {
        Some(within) => Cow::Borrowed(&value[within..]),
        None => Cow::Owned(entry_head(number, value.len())[within..].to_vec()),
    }
}

/// A string entry up to its value: type 0, a key of 16 bytes, and a length of 32 bits.
fn entry_head(number: u64, value_length: usize) -> [u8; ENTRY_HEAD] {
    let mut head = [0; ENTRY_HEAD];
    head[1] = 16;
    head[2..18].copy_from_slice(format!("key:{number:012x}").as_bytes());
    head[18] = 0x80;
    let length = u32::try_from(value_length).expect("a value is shorter than an entry");
    head[19..].copy_from_slice(&length.to_be_bytes());
    head
}

/// Bytes without a pattern (xorshift64*), the same for the same seed.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Sizes around every turn in how a file is made up.
    fn lengths() -> impl Iterator<Item = u64> {
        let turns = [0, 1, 2].map(|entries| 53 + entries * ENTRY as u64);
        let around = turns.into_iter().flat_map(|turn| turn.saturating_sub(30)..turn + 60);
        around.filter(|length| *length >= LEAST_RDB).chain([300_000])
    }

    /// Reads an RDB file of string entries to its end; the keys.
    fn keys(file: &[u8]) -> Vec<&[u8]> {
        let mut rest = &file[9..];
        let mut keys = Vec::new();
        let take = |rest: &mut &[u8], count: usize| -> Vec<u8> {
            let (taken, left) = rest.split_at(count);
            *rest = left;
            taken.to_vec()
        };
        loop {
            match take(&mut rest, 1)[0] {
                0xfa => {
                    let name = usize::from(take(&mut rest, 1)[0]);
                    take(&mut rest, name);
                    let value = take(&mut rest, 1)[0];
                    take(&mut rest, if value == 0xc0 { 1 } else { usize::from(value) });
                }
                0xfe => assert_eq!(take(&mut rest, 1), [0]),
                0 => {
                    assert_eq!(take(&mut rest, 1), [16]);
                    let (key, left) = rest.split_at(16);
                    keys.push(key);
                    rest = left;
                    assert_eq!(take(&mut rest, 1), [0x80]);
                    let length = take(&mut rest, 4).try_into().expect("four bytes were taken");
                    take(&mut rest, u32::from_be_bytes(length) as usize);
                }
                opcode => {
                    assert_eq!((opcode, rest.len()), (0xff, 8));
                    return keys;
                }
            }
        }
    }

    #[test]
    fn files_of_every_size_are_whole() {
        for length in lengths() {
            let file = Content::new(Format::Rdb, length, 7).to_vec();
            assert_eq!(file.len() as u64, length);
            assert!(file.starts_with(b"REDIS0009"));
            let (all, checksum) = file.split_at(file.len() - 8);
            assert_eq!(checksum, crc64(all).to_le_bytes(), "{length}");
            let keys = keys(&file);
            assert!(!keys.is_empty());
            assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len(), "{length}");
        }
    }

    #[test]
    fn any_range_is_that_of_the_whole() {
        for format in [Format::Rdb, Format::Noise] {
            let mut content = Content::new(format, 200_000, 7);
            content.flip(&[0, 65_600, 199_999]);
            let whole = content.to_vec();
            for offset in (0..200_000).step_by(997) {
                for count in [1, 24, 70_000] {
                    let mut range = vec![0; count.min(200_000 - offset)];
                    content.copy(offset as u64, &mut range);
                    assert!(range == whole[offset..offset + range.len()], "{offset} {count}");
                }
            }
        }
    }

    #[test]
    fn formats_and_changes_are_as_told() {
        let of = |format| Content::new(format, 1000, 7).to_vec();
        let rdb = of(Format::Rdb);
        let unchecked = of(Format::RdbWithoutChecksum);
        assert_eq!(unchecked[..992], rdb[..992]);
        assert_eq!(unchecked[992..], [0; 8]);
        let valkey = of(Format::Valkey);
        assert!(valkey.starts_with(b"VALKEY080"));
        assert_eq!(valkey[992..], crc64(&valkey[..992]).to_le_bytes());
        assert!(!of(Format::Noise).starts_with(b"REDIS"));
        assert_ne!(Content::new(Format::Rdb, 1000, 9).to_vec(), rdb);

        let mut changed = Content::new(Format::Rdb, 1000, 7);
        changed.flip(&[500]);
        changed.truncate(900);
        let (bytes, expected) = (changed.to_vec(), &rdb[..900]);
        let differing: Vec<_> = (0..900).filter(|at| bytes[*at] != expected[*at]).collect();
        assert_eq!((bytes.len(), differing), (900, vec![500]));
        assert_eq!(changed.sha256_hex(), crate::encoding::sha256_hex(&bytes));
        assert_eq!(Content::given(bytes.clone().into()).to_vec(), bytes);
    }
}
