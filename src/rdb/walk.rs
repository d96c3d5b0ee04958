//! A walk over the structure of an RDB file, fed in pieces of any size.
//!
//! It is an interpreter of the table in [`layout`]. A step takes one part of an item: a
//! type, a number, the beginning of a string. The contents of a string are skipped by a counter, so that a
//! value of any size costs no memory. Only a step whose bytes are cut by the end of a piece is finished in
//! a small buffer; all others read from the piece itself.

use super::contents::Counts;
use super::encoding::{self, Form, Unread};
use super::layout::{self, DEEPEST, Item, Op, Role};
use super::magic::{self, Magic};

/// The end opcode.
const END: u8 = 0xff;
/// The longest string that is looked at whole: the names and values of the auxiliary fields that are told.
const LONGEST_SEEN: u64 = 64;
/// No step needs more bytes to be taken than this.
const LONGEST_STEP: usize = encoding::LONGEST_HEAD + LONGEST_SEEN as usize;
/// Redis keeps the number of a database in a signed integer of 32 bits.
const HIGHEST_DATABASE: u64 = i32::MAX as u64;

/// How a walk ended before the bytes did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Behind the end opcode.
    End,
    /// These bytes are no RDB file's, in words.
    Broken(&'static str),
    /// What follows is not known here.
    Unknown(Unknown),
}

/// What makes a walk stop without anything being wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// A type or an opcode that is not in the table. `key_end` is given where this rather looks like a byte of
    /// some text: the first byte after the string that would be the key.
    Item { byte: u8, key_end: Option<u64> },
    /// A number before a module's value that no module of today writes.
    ModuleValue(u64),
}

/// Why a step cannot be taken.
enum Halt {
    /// Its bytes are not all there yet.
    Short,
    Stop(Stop),
}

impl From<Unread> for Halt {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Short => Self::Short,
            Unread::Invalid(why) => Self::Stop(Stop::Broken(why)),
        }
    }
}

/// Parts of an item, as far as they are walked.
#[derive(Debug, Clone, Copy)]
struct Frame {
    ops: &'static [Op],
    next: usize,
    /// How many times they come again.
    again: u64,
}

/// A walk and where it stands.
pub(super) struct Walk {
    magic: Magic,
    /// How many bytes of the file were walked, without those in `kept`.
    position: u64,
    /// Bytes of the file that are contents of a string and still to come.
    skip: u64,
    /// The bytes of a step that a piece's end has cut.
    kept: [u8; LONGEST_STEP],
    kept_length: usize,
    frames: [Frame; DEEPEST],
    depth: usize,
    /// The type or opcode that was begun last, and where.
    item: &'static str,
    item_start: u64,
    stop: Option<Stop>,
    counts: Counts,
}

impl Walk {
    /// A walk that starts after the magic.
    pub(super) fn new(magic: Magic) -> Self {
        let frame = Frame {
            ops: &[],
            next: 0,
            again: 0,
        };
        Self {
            magic,
            position: magic::LENGTH as u64,
            skip: 0,
            kept: [0; LONGEST_STEP],
            kept_length: 0,
            frames: [frame; DEEPEST],
            depth: 0,
            item: "",
            item_start: 0,
            stop: None,
            counts: Counts::default(),
        }
    }

    /// Takes the next bytes of the file. Once the walk has stopped, it takes no more.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while self.kept_length > 0 && self.stop.is_none() && !bytes.is_empty() {
            let kept = self.kept_length;
            let more = bytes.len().min(LONGEST_STEP - kept);
            self.kept[kept..kept + more].copy_from_slice(&bytes[..more]);
            let buffer = self.kept;
            match self.run(&buffer[..kept + more]).checked_sub(kept) {
                // The step is taken, and perhaps others after it.
                Some(taken) => {
                    self.kept_length = 0;
                    bytes = &bytes[taken..];
                }
                None => {
                    self.kept_length = kept + more;
                    bytes = &bytes[more..];
                }
            }
        }
        if self.stop.is_none() && !bytes.is_empty() {
            let taken = self.run(bytes);
            let rest = &bytes[taken..];
            if self.stop.is_none() {
                self.kept[..rest.len()].copy_from_slice(rest);
                self.kept_length = rest.len();
            }
        }
    }

    /// How it ended, if it did. Only for a type or opcode that is not known does it wait for more bytes that
    /// may not come.
    pub(super) fn stop(&self) -> Option<Stop> {
        let byte = self.kept[0];
        let unknown = Unknown::Item { byte, key_end: None };
        let is_waiting = self.depth == 0 && self.kept_length > 0;
        self.stop.or(is_waiting.then_some(Stop::Unknown(unknown)))
    }

    /// Where it stands: after the end opcode, or at the first byte of the step that could not be taken.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The item that it stands in the middle of, and where that begins.
    pub(super) fn inside(&self) -> Option<(&'static str, u64)> {
        (self.depth > 0 || self.skip > 0).then_some((self.item, self.item_start))
    }

    /// What was counted on the way.
    pub(super) fn into_counts(self) -> Counts {
        self.counts
    }

    /// Takes steps as far as the bytes go; how many bytes that were.
    fn run(&mut self, bytes: &[u8]) -> usize {
        let start = self.position;
        let mut at = 0;
        loop {
            if self.skip > 0 {
                let left = bytes.len() - at;
                // No more than are left, which is a size in memory.
                let skipped = self.skip.min(left as u64) as usize;
                at += skipped;
                self.skip -= skipped as u64;
                if self.skip > 0 {
                    break;
                }
            }
            match self.step(&bytes[at..], start + at as u64) {
                Ok(taken) => at += taken,
                Err(Halt::Short) => break,
                Err(Halt::Stop(stop)) => {
                    // Nothing is wrong with the end opcode, which is therefore taken.
                    at += usize::from(stop == Stop::End);
                    self.stop = Some(stop);
                    break;
                }
            }
        }
        self.position = start + at as u64;
        at
    }

    /// Takes the next step; how many bytes it took, without those that are to be skipped.
    fn step(&mut self, bytes: &[u8], position: u64) -> Result<usize, Halt> {
        let Some(top) = self.depth.checked_sub(1) else {
            return self.begin(bytes, position);
        };
        let frame = &self.frames[top];
        let taken = match frame.ops[frame.next] {
            Op::Text => self.text(bytes)?,
            Op::Node => {
                let text = encoding::text(bytes)?;
                if text.body == 0 {
                    return Err(broken("an empty node of a list"));
                }
                self.skip = text.body;
                text.head
            }
            Op::StreamId => {
                if *bytes.first().ok_or(Halt::Short)? != 16 {
                    return Err(broken("a stream ID that does not have 16 bytes"));
                }
                self.skip = 16;
                1
            }
            Op::Number => encoding::number(bytes)?.0,
            Op::Bytes(count) => {
                self.skip = count.into();
                0
            }
            Op::Score => {
                let length = *bytes.first().ok_or(Halt::Short)?;
                // 253 to 255 are no number and the infinities.
                self.skip = if length < 253 { length.into() } else { 0 };
                1
            }
            Op::Container => {
                let (taken, container) = encoding::number(bytes)?;
                if !matches!(container, 1 | 2) {
                    return Err(broken("an invalid container of a list's node"));
                }
                taken
            }
            Op::Each(ops) => {
                let (taken, count) = encoding::number(bytes)?;
                self.advance(top);
                if let Some(again) = count.checked_sub(1) {
                    self.push(ops, again);
                }
                return Ok(taken);
            }
            Op::ModuleType => {
                let (taken, number) = encoding::number(bytes)?;
                self.counts.add_module(number);
                taken
            }
            Op::When => {
                let (taken, number) = encoding::number(bytes)?;
                if number != 2 {
                    return Err(broken("a module's data that does not say when to load it"));
                }
                taken
            }
            Op::ModuleValues => {
                let (taken, number) = encoding::number(bytes)?;
                if number != 0 {
                    let unknown = Halt::Stop(Stop::Unknown(Unknown::ModuleValue(number)));
                    self.push(layout::module_value(number).ok_or(unknown)?, 0);
                    return Ok(taken);
                }
                taken
            }
            Op::Database => {
                let (taken, number) = encoding::number(bytes)?;
                if number > HIGHEST_DATABASE {
                    return Err(broken("a database number that is too high"));
                }
                self.counts.select(number);
                taken
            }
            Op::AuxName => {
                let (text, taken) = self.seen_text(bytes)?;
                self.counts.aux_name(text);
                taken
            }
            Op::AuxValue => {
                let (text, taken) = self.seen_text(bytes)?;
                self.counts.aux_value(text);
                taken
            }
        };
        self.advance(top);
        Ok(taken)
    }

    /// Takes a type or an opcode.
    fn begin(&mut self, bytes: &[u8], position: u64) -> Result<usize, Halt> {
        let byte = *bytes.first().ok_or(Halt::Short)?;
        if byte == END {
            return Err(Halt::Stop(Stop::End));
        }
        let Some(item): Option<&'static Item> = layout::item(byte, self.magic) else {
            return Err(unknown_item(byte, &bytes[1..], position + 1));
        };
        self.item = item.name;
        self.item_start = position;
        match item.role {
            Role::Key => self.counts.add_key(),
            Role::Expiry => self.counts.next_expires(),
            Role::Function => self.counts.functions += 1,
            Role::Other => {}
        }
        self.push(item.ops, 0);
        Ok(1)
    }

    /// Takes the beginning of a string, whose contents are then skipped.
    fn text(&mut self, bytes: &[u8]) -> Result<usize, Halt> {
        let text = encoding::text(bytes)?;
        self.skip = text.body;
        Ok(text.head)
    }

    /// Takes a string whole where it is short enough to be looked at, and else as any other.
    fn seen_text<'a>(&mut self, bytes: &'a [u8]) -> Result<(Seen<'a>, usize), Halt> {
        let text = encoding::text(bytes)?;
        if text.form == Form::Compressed || text.body > LONGEST_SEEN {
            self.skip = text.body;
            return Ok((Seen::Other, text.head));
        }
        let end = text.head + text.body as usize;
        let body = bytes.get(text.head..end).ok_or(Halt::Short)?;
        let seen = match text.form {
            Form::Plain => Seen::Plain(body),
            _ => Seen::Integer(body.iter().rev().fold(
                if body.last().is_some_and(|high| high & 0x80 != 0) {
                    -1
                } else {
                    0
                },
                |value, byte| value << 8 | i64::from(*byte),
            )),
        };
        Ok((seen, end))
    }

    fn push(&mut self, ops: &'static [Op], again: u64) {
        self.frames[self.depth] = Frame { ops, next: 0, again };
        self.depth += 1;
    }

    /// Goes on to the next part of a frame, which is the top one. Where it was the last, the frame begins
    /// again or is done; then the one below goes on where it stands, which is after the part that began it.
    fn advance(&mut self, top: usize) {
        let frame = &mut self.frames[top];
        frame.next += 1;
        if frame.next == frame.ops.len() {
            if let Some(again) = frame.again.checked_sub(1) {
                frame.again = again;
                frame.next = 0;
            } else {
                self.depth = top;
            }
        }
    }
}

/// A string that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen<'a> {
    Plain(&'a [u8]),
    Integer(i64),
    /// Too long to be told, or compressed, which only long ones are.
    Other,
}

/// A type or an opcode that is not known, by the bytes after it, which begin at byte `position`.
fn unknown_item(byte: u8, rest: &[u8], position: u64) -> Halt {
    let key_end = match encoding::text(rest) {
        Err(Unread::Short) => return Halt::Short,
        Err(Unread::Invalid(_)) => None,
        Ok(key) => match is_inside_text(byte, rest, key) {
            None => return Halt::Short,
            Some(is_inside) => is_inside.then(|| position + key.head as u64 + key.body),
        },
    };
    Halt::Stop(Stop::Unknown(Unknown::Item { byte, key_end }))
}

/// Whether an unknown type is rather a byte of some text, into which a wrong length has led the walk. `None`
/// where that takes more bytes.
///
/// A type of another vendor is followed by a key, and that by a value. The length of a key is a printable
/// byte only if the key has 32 bytes or more; it is then told from text by what it holds and by what
/// follows it. Bytes from 0x80 to 199 are treated the same: nobody is known to use them.
fn is_inside_text(byte: u8, rest: &[u8], key: encoding::Text) -> Option<bool> {
    /// Keys of this length and more have a first byte that is a letter from B on.
    const LONG: u64 = 512;
    /// Types that other vendors are known to use: Dragonfly, KeyDB, Redis Enterprise.
    const OF_VENDORS: [std::ops::RangeInclusive<u8>; 3] = [28..=35, 64..=64, 107..=107];
    const LONGEST_SHORT: u64 = 63;
    const FOLLOWING: usize = 16;

    let is_unassigned = matches!(byte, b' '..=b'~' | 0x80..200);
    if !is_unassigned || !rest.first().is_some_and(|next| (b' '..0x7f).contains(next)) {
        return Some(false);
    }
    if key.body >= LONG {
        return Some(true);
    }
    if OF_VENDORS.iter().any(|types| types.contains(&byte)) {
        return Some(false);
    }
    // At most LONGEST_SHORT, which is a size in memory.
    let seen = key.head + key.body.min(LONGEST_SHORT) as usize;
    if rest.get(key.head..seen)?.iter().any(u8::is_ascii_control) {
        return Some(true);
    }
    if key.body > LONGEST_SHORT {
        return Some(false);
    }
    let following = rest.get(seen..seen + FOLLOWING)?;
    Some(!following.iter().any(u8::is_ascii_control))
}

fn broken(why: &'static str) -> Halt {
    Halt::Stop(Stop::Broken(why))
}
