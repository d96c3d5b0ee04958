//! A walk over the structure of an RDB file, fed in pieces of any size.
//!
//! It is an interpreter of the table in [`layout`]. A step takes one part of an item: a type, a number, the
//! beginning of a string. The contents of a string are skipped by a counter, so that a
//! value of any size costs no memory. Only a step whose bytes are cut by the end of a piece is finished in
//! a small buffer; all others read from the piece itself.

use super::contents::Counts;
use super::encoding::{self, Form, Unread};
use super::layout::{self, DEEPEST, Item, Op, Role};
use super::magic::{self, Magic};
use super::unknown::unknown_item;

/// The end opcode.
const END: u8 = 0xff;
/// The longest name or value of an auxiliary field that is read, in bytes; longer ones are skipped as other strings
/// are.
const LONGEST_SEEN: u64 = 64;
/// No step needs more bytes to be taken than this. For an unknown type or opcode, [`unknown_item`] looks at one byte
/// less at most: itself, a key's length of 2 bytes, 63 bytes of a key and 16 after it.
const LONGEST_STEP: usize = encoding::LONGEST_HEAD + LONGEST_SEEN as usize;
/// Redis keeps the number of a database in a signed integer of 32 bits.
const HIGHEST_DATABASE: u64 = i32::MAX as u64;

/// How a walk ended before the bytes did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// At the end opcode, which was taken.
    End,
    /// No server writes such bytes; the reason in words.
    Broken(&'static str),
    /// The next type, opcode or module value is not known here.
    Unknown(Unknown),
}

/// A reason why a walk stops without finding damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// A type or an opcode that is not in the table. `key_end` is given where the byte looks like part of a
    /// text instead: it is the first byte after the string that would be the key.
    Item { byte: u8, key_end: Option<u64> },
    /// A number before a module's value that no module of today writes.
    ModuleValue(u64),
}

/// Why a step cannot be taken.
pub(super) enum Halt {
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
    /// How many more times these parts come after this time.
    again: u64,
}

/// A walk and where it stands.
pub(super) struct Walk {
    magic: Magic,
    /// How many bytes of the file were walked, without those in `kept`.
    position: u64,
    /// How many bytes of a string's contents are still to be skipped.
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

    /// How the walk ended, if it did. A walk that still waits for the bytes after an unknown type or opcode
    /// counts as stopped there, since the file may have no more bytes.
    pub(super) fn stop(&self) -> Option<Stop> {
        let byte = self.kept[0];
        let unknown = Unknown::Item { byte, key_end: None };
        let is_waiting = self.depth == 0 && self.kept_length > 0;
        self.stop.or(is_waiting.then_some(Stop::Unknown(unknown)))
    }

    /// The position of the walk: after the end opcode, or at the first byte of the step that could not be
    /// taken.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The item that the walk is inside of, and the byte at which the item begins.
    pub(super) fn inside(&self) -> Option<(&'static str, u64)> {
        (self.depth > 0 || self.skip > 0).then_some((self.item, self.item_start))
    }

    /// The counts of the walk.
    pub(super) fn into_counts(self) -> Counts {
        self.counts
    }

    /// Takes steps as far as the bytes go. Returns how many bytes were taken.
    fn run(&mut self, bytes: &[u8]) -> usize {
        let start = self.position;
        let mut at = 0;
        loop {
            if self.skip > 0 {
                let left = bytes.len() - at;
                // The cast is exact: at most `left`, which is a `usize`.
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
                    // The end opcode is part of the file, so it is taken.
                    at += usize::from(stop == Stop::End);
                    self.stop = Some(stop);
                    break;
                }
            }
        }
        self.position = start + at as u64;
        at
    }

    /// Takes the next step. Returns how many bytes it took, without those that are to be skipped.
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
                // 253 to 255 stand for NaN and the two infinities.
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

    /// Takes a string whole if it is short enough to be looked at, and otherwise as any other.
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

    /// Goes on to the next part of the top frame. After its last part, the frame begins again, or is
    /// removed; then the frame below goes on after the part that began this one.
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
    /// A string that is not looked at: it is too long, or compressed, as only long ones are.
    Other,
}

fn broken(why: &'static str) -> Halt {
    Halt::Stop(Stop::Broken(why))
}
