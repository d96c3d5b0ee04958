//! The memory between ureq and a connection.
//!
//! ureq's own buffers are filled with zeros byte by byte, which takes a fourteenth of a short run's work. Here both
//! directions share one block. glibc takes a block of 128 KiB or more from the system, which zeroes each page when
//! it is first used.

use ureq::unversioned::transport::Buffers;

/// The input that was not taken yet, and room for output.
#[derive(Debug)]
pub(super) struct Buffer {
    /// The room for input, followed by the room for output.
    block: Vec<u8>,
    /// The length of the room for input, in bytes.
    input: usize,
    /// The input that was not taken yet is at `taken..filled`.
    taken: usize,
    filled: usize,
    /// Whether the last reader of the input took any of it. If it took none, it needs more input.
    was_of_use: bool,
}

impl Buffer {
    /// A buffer with room for this many bytes in each direction.
    pub(super) fn new(input: usize, output: usize) -> Self {
        Self {
            block: vec![0; input + output],
            input,
            taken: 0,
            filled: 0,
            was_of_use: false,
        }
    }

    /// Moves the bytes that were not taken to the beginning, so that all free room is behind it.
    fn make_room(&mut self) {
        if self.taken > 0 {
            self.block.copy_within(self.taken..self.filled, 0);
            self.filled -= self.taken;
            self.taken = 0;
        }
    }

    /// Whether there is input of which the last reader took none.
    pub(super) fn is_incomplete(&self) -> bool {
        !self.was_of_use && self.taken < self.filled
    }
}

impl Buffers for Buffer {
    fn output(&mut self) -> &mut [u8] {
        &mut self.block[self.input..]
    }

    fn input(&self) -> &[u8] {
        &self.block[self.taken..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.make_room();
        &mut self.block[self.filled..self.input]
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
    }

    fn input_consume(&mut self, amount: usize) {
        self.was_of_use = amount > 0;
        self.taken += amount;
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.make_room();
        let (input, output) = self.block.split_at_mut(self.input);
        (&mut input[self.filled..], output)
    }

    fn can_use_input(&self) -> bool {
        self.was_of_use && self.taken < self.filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_that_was_not_taken_stays_in_order() {
        let mut buffer = Buffer::new(4, 1);
        buffer.input_append_buf().copy_from_slice(b"abcd");
        buffer.input_appended(4);
        assert!(!buffer.can_use_input(), "nothing was looked at yet");
        assert!(buffer.is_incomplete());
        buffer.input_consume(3);
        assert_eq!(buffer.input(), b"d");
        assert!(buffer.can_use_input());
        assert!(!buffer.is_incomplete());
        let room = buffer.input_append_buf();
        assert_eq!(room.len(), 3);
        room[0] = b'e';
        buffer.input_appended(1);
        assert_eq!(buffer.input(), b"de");
        buffer.input_consume(0);
        assert!(!buffer.can_use_input(), "more has to come first");
        assert!(buffer.is_incomplete());
        buffer.input_consume(2);
        assert!(!buffer.can_use_input(), "all of it was taken");
        assert_eq!(buffer.input_append_buf().len(), 4);
        buffer.input_consume(0);
        assert!(!buffer.is_incomplete(), "there is no input at all");
    }
}
