//! The verdict on a file that was read to its end, from its checksum and its structure together.

use super::Reader;
use super::checksum::{self, END, Sum};
use super::foreign::{Foreign, HEAD_LENGTH};
use super::magic::{self, Magic};
use super::trailing::TrailingKind;
use super::verdict::{Corruption, Cut, Fault, Inside, NotUnderstood, Unchecked, Verdict, Why};
use super::walk::{Stop, Unknown, Walk};

impl Reader {
    /// The verdict on the file; `sum` is the result of its last checksum.
    pub(super) fn judge(&self, sum: Sum) -> Verdict {
        if self.length == 0 {
            return Verdict::Corrupt(Corruption::Empty);
        }
        let Some((magic, walk)) = &self.walk else {
            return self.judge_foreign();
        };
        // A flipped bit may turn the version into one without a checksum, or into a newer one.
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

    /// The structure of the file as the walk found it.
    fn structure(&self, magic: Magic, walk: &Walk, sum: Sum) -> Structure {
        let at = walk.position();
        let newer = Why::NewerVersion(magic.version, magic.newest());
        let not_understood = |at, why| Structure::NotUnderstood(NotUnderstood { at, why });
        if let Some((_, end)) = self.front
            && self.trailing.kind() == TrailingKind::RdbFile
        {
            return Structure::Wrong(Corruption::SecondFile(end));
        }
        if let Some(second) = self.second
            && (second.is_certain || sum != Sum::Right)
        {
            return Structure::Wrong(Corruption::SecondFile(second.at));
        }
        let found = match (walk.stop(), self.front) {
            // Without a right checksum, bytes that look like text are damage.
            (
                Some(Stop::Unknown(Unknown::Item {
                    byte,
                    key_end: Some(key_end),
                })),
                _,
            ) if sum != Sum::Right => {
                // If the key would end after the file does, the bytes are no key.
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
        // A newer version may have changed the structure, so damage is not certain. It is certain where
        // bytes follow a right checksum: the file ended there.
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

    /// The damage to the magic, found by the repair that makes the checksum right.
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

/// The structure of a file as a walk found it.
enum Structure {
    /// It ends where the file ends.
    Whole,
    /// From some byte on it is not known here, which is no damage.
    NotUnderstood(NotUnderstood),
    /// It shows damage.
    Wrong(Corruption),
}
