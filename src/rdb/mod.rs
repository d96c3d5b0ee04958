//! Is this a whole RDB file, and what is in it? Found out while its bytes pass by, without a second read.
//!
//! Two checks run over the same bytes, in pieces of any size and in constant memory:
//!
//! * the **checksum** ([`checksum`]): the CRC-64 of everything, which the last eight bytes of a file make
//!   zero where they are right;
//! * the **walk** ([`walk`]) over the structure, which sees every key and skips every value.
//!
//! Neither is enough. A checksum says nothing of a file that has none, and a file followed by another has a
//! right one; a walk sees no damage inside a value. [`Reader::finish`] puts both together. What neither
//! sees: whether values decode, whether a key comes twice, and whether a module understands its data.
//!
//! A type, an opcode or a version that is not known here is no damage. The walk ends there, and the
//! checksum decides alone.
//!
//! The parts: [`magic`] for the first nine bytes, [`encoding`] for numbers and strings, [`layout`] for the
//! grammar, [`contents`] for what is told of a file, [`trailing`] for bytes after its end, [`foreign`] for
//! files that are no RDB files, [`verdict`] for the words, [`advice`] for what to do.

mod advice;
mod checksum;
mod contents;
mod encoding;
mod foreign;
mod layout;
mod magic;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
#[cfg(any(test, fuzzing))]
mod sample;
mod trailing;
mod verdict;
mod walk;

pub(crate) use self::advice::Advice;
use self::checksum::{END, Sum};
pub(crate) use self::contents::{Checksum, Contents, Database};
use self::foreign::{Foreign, HEAD_LENGTH};
use self::magic::Magic;
use self::trailing::{Kind, Trailing};
pub(crate) use self::verdict::Verdict;
use self::verdict::{Corruption, Cut, Fault, Inside, NotUnderstood, Unchecked, Why};
use self::walk::{Stop, Unknown, Walk};

/// The last bytes that are kept: the end opcode and the checksum.
const TAIL_LENGTH: usize = 1 + checksum::LENGTH;

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
    /// The walk after the magic, once that is there and is one.
    walk: Option<(Magic, Walk)>,
    /// What the checksum after the end opcode says, and the byte that follows it. Bytes from there on are
    /// `trailing`.
    front: Option<(Sum, u64)>,
    trailing: Trailing,
    /// The last bytes while a second file is searched for: too few to tell whether a magic begins there.
    /// `crc` and `tail` are without them.
    held: Vec<u8>,
    second: Option<Second>,
}

/// A magic in the middle of bytes that are not understood, behind what a file ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Second {
    at: u64,
    /// Whether it stands behind a right checksum. Else it stands behind an end without one, which may as
    /// well be a value, if the checksum of the whole is right.
    is_certain: bool,
}

/// What is known of a file once all its bytes have passed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) verdict: Verdict,
    /// `None` where the file does not begin as an RDB file does.
    pub(crate) contents: Option<Contents>,
}

/// What a file is by its first bytes, before the others are there.
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
    /// So many bytes are enough to tell.
    pub(crate) const ENOUGH: usize = HEAD_LENGTH;

    /// What a file is of which these are the first bytes.
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

    /// The first byte at which a second file may begin that the walk does not come to: the walk has ended
    /// without an end, or an end that it comes to may be none in a newer version.
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
        let (taken, held) = rest.split_at(rest.len().saturating_sub(magic::LENGTH - 1));
        self.take_part(taken);
        self.held = held.to_vec();
    }

    /// Takes the bytes that were held back.
    fn release(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.take_part(&held);
    }

    /// Whether the bytes so far end as a file does: `Some(true)` where that is a right checksum.
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

    /// What the checksum says of the bytes so far, the last eight of which are it.
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
        // Where bytes follow the end, it is the checksum before them that was written for the file.
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

    fn judge(&self, sum: Sum) -> Verdict {
        if self.length == 0 {
            return Verdict::Corrupt(Corruption::Empty);
        }
        let Some((magic, walk)) = &self.walk else {
            return self.judge_foreign();
        };
        // A bit that is flipped in the version may make it one that has no checksum, or is newer.
        if !matches!(sum, Sum::Right)
            && (!magic.has_checksum() || magic.is_newer())
            && let Some(damage) = self.damage_to_magic()
        {
            return Verdict::Corrupt(Corruption::Magic(Some(damage)));
        }
        let (not_understood, wrong) = match self.structure(*magic, walk, sum) {
            Structure::Whole => (None, None),
            Structure::NotUnderstood(note) => (Some(note), None),
            Structure::Wrong(wrong) => (None, Some(wrong)),
        };
        match (sum, not_understood, wrong) {
            (Sum::None, _, Some(Corruption::Ends(inside, _))) => Verdict::Incomplete(Cut::Inside(inside)),
            (_, _, Some(wrong)) => Verdict::Corrupt(wrong),
            (Sum::Wrong { written, computed }, ..) => Verdict::Corrupt(Corruption::Checksum { written, computed }),
            (Sum::Right, Some(note), None) if !self.has_end(*magic) => Verdict::Corrupt(Corruption::NoEnd(note)),
            (Sum::None, Some(note), None) if !self.has_end(*magic) => Verdict::Incomplete(Cut::NoEnd(note)),
            (Sum::Right, note, None) => Verdict::Ok(note),
            (Sum::None, not_understood, None) => Verdict::Unverified(Unchecked {
                old_version: (!magic.has_checksum()).then_some(magic.version),
                not_understood,
            }),
        }
    }

    /// What the walk says of the file.
    fn structure(&self, magic: Magic, walk: &Walk, sum: Sum) -> Structure {
        let at = walk.position();
        let newer = Why::NewerVersion(magic.version, magic.newest());
        let not_understood = |at, why| Structure::NotUnderstood(NotUnderstood { at, why });
        let found = match (walk.stop(), self.front) {
            (_, Some((_, end))) if self.trailing.kind() == Kind::RdbFile => {
                return Structure::Wrong(Corruption::SecondFile(end));
            }
            _ if self.second.is_some_and(|second| second.is_certain || sum != Sum::Right) => {
                let at = self.second.map_or(0, |second| second.at);
                return Structure::Wrong(Corruption::SecondFile(at));
            }
            // Without a right checksum, bytes that look like text are damage.
            (
                Some(Stop::Unknown(Unknown::Item {
                    byte,
                    key_end: Some(key_end),
                })),
                _,
            ) if sum != Sum::Right => {
                // A key that the file has no room for is none.
                let at = if key_end <= self.length { key_end } else { at };
                Corruption::Breaks {
                    at,
                    left: self.length - at,
                    why: Fault::Type(byte),
                    sum,
                }
            }
            (Some(Stop::Unknown(unknown)), _) => {
                return not_understood(Some(at), Why::Unknown(unknown));
            }
            (Some(Stop::End), Some((_, end))) if end == self.length && magic.is_newer() => {
                return not_understood(None, newer);
            }
            (Some(Stop::End), Some((_, end))) if end == self.length => return Structure::Whole,
            (Some(Stop::End), Some((front, end))) => Corruption::Follows {
                end,
                front,
                whole: sum,
                trailing: self.trailing.clone(),
            },
            (Some(Stop::End), None) => Corruption::Ends(Inside::Checksum(at), sum),
            (Some(Stop::Broken(why)), _) => Corruption::Breaks {
                at,
                left: self.length - at,
                why: Fault::Form(why),
                sum,
            },
            (None, _) => {
                let inside = match walk.inside() {
                    Some((name, start)) => Inside::Item(name, start),
                    None => Inside::Nothing(at),
                };
                Corruption::Ends(inside, sum)
            }
        };
        // A newer version may have changed what is taken for damage here, but not where a file ends whose
        // checksum is right there.
        let is_certain = matches!(found, Corruption::Follows { front: Sum::Right, .. });
        if magic.is_newer() && !is_certain {
            return not_understood(Some(at), newer);
        }
        Structure::Wrong(found)
    }

    /// Whether the file's last bytes are an end opcode and what belongs after it.
    fn has_end(&self, magic: Magic) -> bool {
        let [before_checksum, written @ ..] = self.tail;
        let last = written[checksum::LENGTH - 1];
        // The CRC is zero after a right checksum, and stays zero while zeros follow.
        if magic.has_checksum() && self.crc == 0 && written == [0; checksum::LENGTH] {
            return false;
        }
        END == if magic.has_checksum() { before_checksum } else { last }
    }

    /// The damage to the magic after whose repair the checksum is right.
    fn damage_to_magic(&self) -> Option<checksum::Damage> {
        let [end, written @ ..] = self.tail;
        let has_checksum = end == END && written != [0; checksum::LENGTH];
        has_checksum.then(|| checksum::find_damage(&self.magic_bytes(), self.length, self.crc))?
    }

    /// Judges a file that does not begin with a magic.
    fn judge_foreign(&self) -> Verdict {
        let is_long = self.length >= magic::LENGTH as u64;
        if let Some(damage) = self.damage_to_magic().filter(|_| is_long) {
            return Verdict::Corrupt(Corruption::Magic(Some(damage)));
        }
        let is_near = |bit: usize| {
            let mut bytes = self.magic_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            Magic::parse(&bytes).is_some()
        };
        if is_long && (0..8 * magic::LENGTH).any(is_near) {
            return Verdict::Corrupt(Corruption::Magic(None));
        }
        let kept = usize::try_from(self.length).map_or(HEAD_LENGTH, |length| length.min(HEAD_LENGTH));
        Verdict::NotRdb(match self.zeros {
            zeros if zeros == self.length => Foreign::Zeros,
            zeros if zeros >= magic::LENGTH as u64 => Foreign::ZerosFirst {
                count: zeros,
                ends_like_rdb: self.tail[0] == END,
            },
            _ => Foreign::of(&self.head[..kept]),
        })
    }
}

/// What a walk says of a file.
enum Structure {
    /// It ends where the file ends.
    Whole,
    NotUnderstood(NotUnderstood),
    Wrong(Corruption),
}

/// How many of `bytes`, which begin at byte `start` of the file, stand before byte `end`.
fn count_before(end: u64, start: u64, bytes: &[u8]) -> usize {
    usize::try_from(end.saturating_sub(start)).map_or(bytes.len(), |before| before.min(bytes.len()))
}

#[cfg(test)]
mod tests;
