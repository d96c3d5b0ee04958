//! Checks whether a file is a whole RDB file, and reads what is in it, while its bytes pass by, without a
//! second read.
//!
//! Two checks run over the same bytes, in pieces of any size and in constant memory:
//!
//! * the **checksum** ([`checksum`]): the CRC-64 of all bytes of a file is zero if the last eight, its checksum, are
//!   right;
//! * the **walk** ([`walk`]) over the structure, which sees every key and skips every value.
//!
//! Neither check is enough alone. A file may have no checksum, and the CRC of two sound files in a row is also zero;
//! the walk sees no damage inside a value. [`Reader::finish`] combines both. Neither sees
//! whether values decode, whether a key comes twice, or whether a module understands its data.
//!
//! A type, an opcode or a version that is not known here does not count as damage. The walk stops at it, and the
//! checksum decides alone.
//!
//! The parts: [`magic`] for the first nine bytes, [`encoding`] for numbers and strings, [`layout`] for the
//! grammar, [`unknown`] for types that are not in it, [`contents`] for the report on a file's contents,
//! [`trailing`] for bytes after its end, [`foreign`] for files that are no RDB files, [`judge`] for the verdict
//! from both checks, [`verdict`] for its words, [`advice`] for what to do about the file.

mod advice;
mod checksum;
mod contents;
mod encoding;
mod foreign;
mod judge;
mod layout;
mod magic;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
#[cfg(any(test, fuzzing))]
mod sample;
mod trailing;
mod unknown;
mod verdict;
mod walk;

pub(crate) use self::advice::Advice;
use self::checksum::{END, Sum};
pub(crate) use self::contents::{Checksum, Contents, Database};
use self::foreign::{Foreign, HEAD_LENGTH};
use self::magic::Magic;
use self::trailing::Trailing;
pub(crate) use self::verdict::Verdict;
use self::walk::{Stop, Walk};

/// How many of the last bytes are kept: the end opcode and the checksum.
const TAIL_LENGTH: usize = 1 + checksum::LENGTH;
/// The most bytes of a magic that has begun and has not ended.
const MOST_BEGUN: usize = magic::LENGTH - 1;

/// Looks at a file's bytes as they pass by, in order.
pub(crate) struct Reader {
    /// The first bytes, as many as `length` says and at most [`HEAD_LENGTH`].
    head: [u8; HEAD_LENGTH],
    /// The last bytes; those before the file's first are zero.
    tail: [u8; TAIL_LENGTH],
    length: u64,
    /// The CRC of all bytes.
    crc: u64,
    /// How many bytes at the beginning are zero.
    zeros: u64,
    /// The walk over the bytes after the magic. `None` until the first nine bytes are there, and if they
    /// are no magic.
    walk: Option<(Magic, Walk)>,
    /// The result of the checksum after the end opcode that the walk found, and the position of the byte after it.
    /// The bytes from that position on go to `trailing`.
    front: Option<(Sum, u64)>,
    trailing: Trailing,
    /// The last bytes of a piece while a second file is searched for: a magic may begin in them and end in the next
    /// piece. `crc` and `tail` do not include them yet.
    held: Vec<u8>,
    second: Option<Second>,
}

/// A magic in the middle of bytes that are not understood, directly behind bytes that may end a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Second {
    at: u64,
    /// Whether it stands behind a right checksum. Otherwise it stands behind an end opcode without a checksum; if the
    /// checksum of the whole file is right, such an opcode and the magic may be part of a value.
    is_certain: bool,
}

/// The result of reading a file to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) verdict: Verdict,
    /// `None` where the file does not begin as an RDB file does.
    pub(crate) contents: Option<Contents>,
}

/// The kind of a file by its first bytes, before the others are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// An RDB file, or what may become one.
    Rdb,
    /// A text, such as an error page: what it is, in words.
    Text(String),
    /// Anything else: what it is, in words.
    Other(String),
}

impl Beginning {
    /// This many bytes are enough to tell.
    pub(crate) const ENOUGH: usize = HEAD_LENGTH;

    /// The kind of a file that begins with these bytes.
    pub(crate) fn of(head: &[u8]) -> Self {
        let head = &head[..head.len().min(HEAD_LENGTH)];
        let magic = head.first_chunk().and_then(Magic::parse);
        if magic.is_some() || head.is_empty() {
            return Self::Rdb;
        }
        match Foreign::of(head) {
            Foreign::CutMagic { .. } => Self::Rdb,
            text @ Foreign::Text(_) => Self::Text(text.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self {
            head: [0; HEAD_LENGTH],
            tail: [0; TAIL_LENGTH],
            length: 0,
            crc: 0,
            zeros: 0,
            walk: None,
            front: None,
            trailing: Trailing::new(),
            held: Vec::new(),
            second: None,
        }
    }

    /// Takes the next bytes of the file.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let before = self.length;
        self.keep_head(bytes);
        if self.zeros == before {
            self.zeros += bytes.iter().take_while(|byte| **byte == 0).count() as u64;
        }
        let magic_end = count_before(magic::LENGTH as u64, before, bytes);
        if before < magic::LENGTH as u64 && self.length + magic_end as u64 == magic::LENGTH as u64 {
            self.walk = Magic::parse(&self.magic_bytes()).map(|magic| (magic, Walk::new(magic)));
        }
        if let Some((_, walk)) = &mut self.walk {
            walk.feed(&bytes[magic_end..]);
        }
        self.take_sum(bytes);
        self.length += bytes.len() as u64;
    }

    /// Computes the CRC, and splits the bytes where the file ends by its structure.
    fn take_sum(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        if self.front.is_none()
            && let Some(end) = self.structure_end()
        {
            let at = count_before(end, self.length, bytes);
            if self.length + at as u64 == end {
                self.search_and_take(&bytes[..at], self.length);
                self.release();
                rest = &bytes[at..];
                self.front = Some((self.sum(), end));
            }
        }
        if self.front.is_some() {
            self.trailing.feed(rest);
        }
        self.search_and_take(rest, self.length + (bytes.len() - rest.len()) as u64);
    }

    /// The byte from which on a second file is searched for; `None` where the walk finds it. The walk does not find
    /// it if it has stopped at something unknown, or if the version is newer than those known here, so that what
    /// looks like the end opcode may be something else.
    fn unseen_from(&self) -> Option<u64> {
        let (magic, walk) = self.walk.as_ref()?;
        match walk.stop() {
            _ if magic.is_newer() => Some(magic::LENGTH as u64),
            Some(Stop::Unknown(_)) => Some(walk.position()),
            _ => None,
        }
    }

    /// Takes bytes that begin at byte `start` of the file, and searches them for a second file where that is
    /// needed: for a magic behind a right checksum, after which the CRC is zero, or behind an end without a
    /// checksum.
    fn search_and_take(&mut self, bytes: &[u8], start: u64) {
        let from = self
            .unseen_from()
            .filter(|_| self.second.is_none_or(|second| !second.is_certain));
        let Some(from) = from else {
            self.release();
            return self.take_part(bytes);
        };
        let mut position = start - self.held.len() as u64;
        let joined = [&std::mem::take(&mut self.held)[..], bytes].concat();
        let mut rest = &joined[..];
        while let Some(at) = magic::find(rest) {
            self.take_part(&rest[..at]);
            rest = &rest[at..];
            position += at as u64;
            if position >= from
                && let Some(is_certain) = self.is_after_end()
                && (is_certain || self.second.is_none())
            {
                let at = position;
                self.second = Some(Second { at, is_certain });
            }
            self.take_part(&rest[..1]);
            rest = &rest[1..];
            position += 1;
        }
        let (taken, held) = rest.split_at(rest.len().saturating_sub(MOST_BEGUN));
        self.take_part(taken);
        self.held = held.to_vec();
    }

    /// Takes the bytes that were held back.
    fn release(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.take_part(&held);
    }

    /// Whether the bytes so far end as a file does: `Some(true)` with a right checksum, `Some(false)` with
    /// an end opcode and no checksum.
    fn is_after_end(&self) -> Option<bool> {
        let (magic, _) = self.walk.as_ref()?;
        match self.tail {
            _ if self.crc == 0 => Some(true),
            [END, 0, 0, 0, 0, 0, 0, 0, 0] => Some(false),
            [.., END] if !magic.has_checksum() => Some(false),
            _ => None,
        }
    }

    fn take_part(&mut self, bytes: &[u8]) {
        self.crc = checksum::update(self.crc, bytes);
        match bytes.last_chunk() {
            Some(last) => self.tail = *last,
            None => {
                self.tail.rotate_left(bytes.len());
                self.tail[TAIL_LENGTH - bytes.len()..].copy_from_slice(bytes);
            }
        }
    }

    fn keep_head(&mut self, bytes: &[u8]) {
        let kept = usize::try_from(self.length).ok();
        if let Some(free) = kept.and_then(|kept| self.head.get_mut(kept..)) {
            let more = free.len().min(bytes.len());
            free[..more].copy_from_slice(&bytes[..more]);
        }
    }

    fn magic_bytes(&self) -> [u8; magic::LENGTH] {
        std::array::from_fn(|at| self.head[at])
    }

    /// The first byte after the file by its structure, once the walk has come to the end opcode.
    fn structure_end(&self) -> Option<u64> {
        let (magic, walk) = self.walk.as_ref()?;
        let checksum = if magic.has_checksum() { checksum::LENGTH } else { 0 };
        (walk.stop() == Some(Stop::End)).then(|| walk.position() + checksum as u64)
    }

    /// Compares the bytes so far with the checksum, which is the last eight of them.
    fn sum(&self) -> Sum {
        match &self.walk {
            Some((magic, _)) if !magic.has_checksum() => Sum::None,
            _ => {
                let [_, written @ ..] = self.tail;
                Sum::of(self.crc, written)
            }
        }
    }

    /// Judges the file, all of whose bytes have been taken.
    pub(crate) fn finish(mut self) -> Findings {
        self.release();
        let sum = self.sum();
        let verdict = self.judge(sum);
        // If bytes follow the end, the checksum before them is the one that was written for the file.
        let sum = match (sum, self.front) {
            (Sum::Right, _) | (_, None) => sum,
            (_, Some((front, _))) => front,
        };
        let contents = self.walk.map(|(magic, walk)| {
            let checksum = match sum {
                Sum::Right => Checksum::Right,
                Sum::Wrong { .. } => Checksum::Wrong,
                Sum::None => Checksum::None,
            };
            let is_whole = walk.stop() == Some(Stop::End);
            walk.into_counts().into_contents(magic.version, checksum, is_whole)
        });
        Findings { verdict, contents }
    }
}

/// How many of `bytes`, which begin at byte `start` of the file, stand before byte `end`.
fn count_before(end: u64, start: u64, bytes: &[u8]) -> usize {
    usize::try_from(end.saturating_sub(start)).map_or(bytes.len(), |before| before.min(bytes.len()))
}

#[cfg(test)]
mod tests;
