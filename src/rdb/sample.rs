//! A small writer of RDB files, for the tests and the fuzz target.

use super::checksum::END;

/// CRC-64/REDIS from its definition: the Jones polynomial, reflected, no inversion.
pub(super) fn slow_crc64(bytes: &[u8]) -> u64 {
    const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ u64::from(byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 }
        })
    })
}

/// A file in the making.
#[derive(Debug, Clone)]
pub(super) struct File(Vec<u8>);

impl File {
    pub(super) fn new(magic: &[u8; 9]) -> Self {
        Self(magic.to_vec())
    }

    /// Bytes as they are.
    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A number in the shortest of its forms.
    pub(super) fn number(self, number: u64) -> Self {
        match number {
            0..0x40 => self.raw(&[number as u8]),
            0x40..0x4000 => self.raw(&[0x40 | (number >> 8) as u8, number as u8]),
            0x4000..0x1_0000_0000 => self.raw(&[0x80]).raw(&(number as u32).to_be_bytes()),
            _ => self.raw(&[0x81]).raw(&number.to_be_bytes()),
        }
    }

    /// A plain string.
    pub(super) fn text(self, bytes: &[u8]) -> Self {
        self.number(bytes.len() as u64).raw(bytes)
    }

    /// A field of the header.
    pub(super) fn aux(self, name: &[u8], value: &[u8]) -> Self {
        self.raw(&[250]).text(name).text(value)
    }

    pub(super) fn database(self, number: u64) -> Self {
        self.raw(&[254]).number(number)
    }

    /// A key whose value is a string.
    pub(super) fn string(self, key: &[u8], value: &[u8]) -> Self {
        self.key(0, key).text(value)
    }

    /// A type and a key, whose value is to follow.
    pub(super) fn key(self, kind: u8, key: &[u8]) -> Self {
        self.raw(&[kind]).text(key)
    }

    /// The bytes so far.
    #[cfg(test)]
    pub(super) fn bytes(self) -> Vec<u8> {
        self.0
    }

    /// The whole file with its checksum.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut file = self.raw(&[END]).0;
        let checksum = slow_crc64(&file);
        file.extend(checksum.to_le_bytes());
        file
    }

    /// The whole file as a server writes it that computes no checksum.
    pub(super) fn finish_unchecked(self) -> Vec<u8> {
        self.raw(&[END]).raw(&[0; 8]).0
    }

    /// The whole file of a version without a checksum.
    #[cfg(test)]
    pub(super) fn finish_bare(self) -> Vec<u8> {
        self.raw(&[END]).0
    }
}

/// A file with an item of every kind that is known, in two databases.
#[cfg(test)]
pub(super) fn of_every_kind(magic: &[u8; 9]) -> File {
    let is_valkey = magic.starts_with(b"VALKEY");
    let id = [7; 16];
    let mut file = File::new(magic)
        .aux(b"redis-ver", b"7.2.4")
        .raw(b"\xfa\x05ctime\xc2\x00\xf1\x53\x65")
        .raw(b"\xfa\x08used-mem\xc1\x00\x10")
        .aux(b"a-field-of-a-name-that-nobody-has-heard-of", &[b'x'; 100])
        // A module's data before the keys: its type, when it is loaded, and a value of every kind.
        .raw(&[247])
        .number(0x1234_5678_9abc_dc01)
        .raw(&[2, 1])
        .raw(&[1, 5, 2, 6, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 5])
        .text(b"text")
        .raw(&[0])
        .raw(&[245])
        .text(b"#!lua name=library")
        .database(0)
        .raw(&[251, 5, 2])
        .raw(&[244, 3, 5, 2])
        .string(b"plain", b"value")
        .raw(&[252])
        .raw(&[1; 8])
        .raw(&[248])
        .number(70_000)
        .string(b"expires", &[b'v'; 300])
        .raw(&[253])
        .raw(&[1; 4])
        .raw(&[249, 9])
        .raw(b"\x00\xc0\x05\xc1\x05\x05")
        .raw(b"\x00\xc2\x05\x05\x05\x05\xc3\x03\x40\x64abc")
        .string(b"", b"");
    for kind in [1, 2] {
        file = file.key(kind, b"list or set").raw(&[2]).text(b"one").text(b"two");
    }
    file = file.key(3, b"old zset").raw(&[3]).text(b"a").raw(b"\x031.5");
    file = file.text(b"b").raw(&[254]).text(b"c").raw(&[253]);
    file = file.key(5, b"zset").raw(&[1]).text(b"a").raw(&[0; 8]);
    file = file.key(4, b"hash").raw(&[1]).text(b"field").text(b"value");
    file = file
        .key(7, b"module")
        .number(0x1234_5678_9abc_dc01)
        .raw(&[2, 6, 5])
        .text(b"x")
        .raw(&[0]);
    for kind in [9, 10, 11, 12, 13, 16, 17, 20] {
        file = file.key(kind, b"in one").text(b"encoded");
    }
    file = file.key(14, b"quicklist").raw(&[2]).text(b"ziplist").text(b"ziplist");
    file = file.database(15);
    file = file
        .key(18, b"quicklist 2")
        .raw(&[2, 1])
        .text(b"plain")
        .raw(&[2])
        .text(b"listpack");
    for kind in [15, 19, 21] {
        let more = kind > 15;
        file = file
            .key(kind, b"stream")
            .raw(&[1])
            .text(&id)
            .text(b"listpack")
            .raw(&[1, 2, 3]);
        file = file.raw(if more { &[4, 5, 6, 7, 8] } else { &[] });
        // Two groups, one with an entry that is pending for a consumer.
        file = file
            .raw(&[2])
            .text(b"group")
            .raw(&[1, 2])
            .raw(if more { &[3] } else { &[] });
        file = file.raw(&[1]).raw(&id).raw(&[0; 8]).raw(&[1]);
        file = file.raw(&[1]).text(b"consumer").raw(&[0; 8]);
        file = file.raw(if kind == 21 { &[0; 8] } else { &[] }).raw(&[1]).raw(&id);
        file = file
            .text(b"idle group")
            .raw(&[1, 2])
            .raw(if more { &[3] } else { &[] })
            .raw(&[0, 0]);
    }
    if is_valkey {
        file = file.raw(&[243]).text(b"job").raw(&[1, 2, 3]);
        return file
            .key(22, b"hash")
            .raw(&[1])
            .text(b"field")
            .text(b"value")
            .raw(&[9; 8]);
    }
    file = file.key(22, b"hash").raw(&[1, 9]).text(b"field").text(b"value");
    file = file.key(23, b"hash").text(b"listpack");
    file = file
        .key(24, b"hash")
        .raw(&[1; 8])
        .raw(&[1, 0])
        .text(b"field")
        .text(b"value");
    file.key(25, b"hash").raw(&[1; 8]).text(b"listpack")
}
