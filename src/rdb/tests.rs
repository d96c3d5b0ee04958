//! The tests of the reader: the table of verdicts, row by row, and the files that a reader must tell apart.
//! They stay in one file of more than 400 lines, because all of them build on the same few files and helpers.

use super::sample::{File, of_every_kind, slow_crc64};
use super::*;

/// The findings on a file that comes in pieces of this many bytes.
fn read_in_pieces(file: &[u8], size: usize) -> Findings {
    let mut reader = Reader::new();
    file.chunks(size).for_each(|piece| reader.update(piece));
    reader.finish()
}

/// The findings on a file, after a check that they do not depend on the pieces that it comes in.
fn read(file: &[u8]) -> Findings {
    let findings = read_in_pieces(file, 65_536);
    for size in [1, 7] {
        assert_eq!(read_in_pieces(file, size), findings, "in pieces of {size}");
    }
    findings
}

/// A state as it is printed, and the reason.
fn verdict(file: &[u8]) -> (&'static str, String) {
    let verdict = read(file).verdict;
    let state = match verdict {
        Verdict::Ok(_) => "ok",
        Verdict::Unverified(_) => "unverified",
        Verdict::Corrupt(_) => "corrupt",
        Verdict::Incomplete(_) => "incomplete",
        Verdict::NotRdb(_) => "not-rdb",
    };
    (state, verdict.reason().unwrap_or_default())
}

fn is_good(file: &[u8]) -> bool {
    let verdict = read_in_pieces(file, 65_536).verdict;
    matches!(verdict, Verdict::Ok(_) | Verdict::Unverified(_))
}

/// The contents with a checksum after them, whatever they are.
fn with_right_checksum(mut contents: Vec<u8>) -> Vec<u8> {
    let checksum = slow_crc64(&contents);
    contents.extend(checksum.to_le_bytes());
    contents
}

fn small(magic: &[u8; 9]) -> File {
    File::new(magic).database(0).string(b"key", b"value")
}

#[test]
fn right_checksum_and_whole_structure_is_ok() {
    for magic in [b"REDIS0005", b"REDIS0012", b"VALKEY080"] {
        assert_eq!(verdict(&of_every_kind(magic).finish()), ("ok", String::new()));
        assert_eq!(verdict(&File::new(magic).finish()), ("ok", String::new()));
    }
}

#[test]
fn right_checksum_and_a_structure_that_ends_earlier_is_corrupt() {
    let file = small(b"REDIS0009").raw(&[END; 100]).bytes();
    assert_eq!(
        verdict(&with_right_checksum(file)),
        (
            "corrupt",
            "the checksum is right, but the structure ends at byte 31; 99 bytes follow (unrecognized data)".to_owned()
        )
    );
}

#[test]
fn right_checksum_and_contents_that_break_is_corrupt() {
    let broken = small(b"REDIS0009").key(0, b"k").raw(&[0xc9, 1, 2, END]).bytes();
    let reason = "the checksum is right, but the structure breaks at byte 25 (an invalid string encoding); \
                  12 bytes are left";
    assert_eq!(verdict(&with_right_checksum(broken)), ("corrupt", reason.to_owned()));
    let past_the_end = small(b"REDIS0009").key(0, b"k").raw(&[0x40, 200, END]).bytes();
    let reason = "the checksum is right, but the file ends inside a string that begins at byte 22";
    assert_eq!(
        verdict(&with_right_checksum(past_the_end)),
        ("corrupt", reason.to_owned())
    );
}

#[test]
fn right_checksum_and_a_structure_that_is_not_understood_is_ok_with_a_note() {
    let file = small(b"REDIS0012").raw(&[107, 1, 2, 3]).finish();
    let reason = "the checksum is right; not understood from byte 22 on (unknown type or opcode 107)";
    assert_eq!(verdict(&file), ("ok", reason.to_owned()));
    let contents = read(&file).contents.unwrap();
    assert_eq!((contents.databases, contents.modules), (None, None));

    let newer = small(b"REDIS0099").finish();
    let reason = "the checksum is right; RDB version 99 is newer than 12, the newest that is known";
    assert_eq!(verdict(&newer), ("ok", reason.to_owned()));
    let newer = small(b"REDIS0099").key(0, b"k").raw(&[0xc9, 1, 2]).finish();
    let reason = "the checksum is right; not understood from byte 25 on (RDB version 99 is newer than 12, the newest \
                  that is known)";
    assert_eq!(verdict(&newer), ("ok", reason.to_owned()));
    let newer = small(b"REDIS0099").finish_unchecked();
    let reason = "written without a checksum; structure whole to the last byte, contents unchecked; RDB version 99 is \
                  newer than 12, the newest that is known";
    assert_eq!(verdict(&newer), ("unverified", reason.to_owned()));
    let newer = small(b"REDIS0013")
        .raw(&[243, 1, 0, 0, 0, 1, 0])
        .string(b"k", b"v")
        .finish();
    let reason = "the checksum is right; RDB version 13 is newer than 12, the newest that is known";
    assert_eq!(verdict(&newer), ("ok", reason.to_owned()));
    // These types are those of the other server, or of none.
    for (magic, kind) in [
        (b"VALKEY080", 23),
        (b"VALKEY080", 24),
        (b"VALKEY080", 25),
        (b"REDIS0012", 243),
        (b"REDIS0012", 26),
    ] {
        let file = small(magic).raw(&[kind, 1, 2, 3]).finish();
        let at = file.len() - 13;
        let reason = format!("the checksum is right; not understood from byte {at} on (unknown type or opcode {kind})");
        assert_eq!(verdict(&file), ("ok", reason));
    }
    let module = small(b"REDIS0012").key(7, b"m").number(1 << 60).raw(&[9, 9]).finish();
    assert_eq!(verdict(&module).0, "ok");
}

#[test]
fn right_checksum_and_no_end_opcode_before_it_is_corrupt() {
    let file = with_right_checksum(small(b"REDIS0012").raw(&[107, 1, 2, 3]).bytes());
    let reason = "no end opcode where an RDB file has it; not understood from byte 22 on (unknown type or opcode 107)";
    assert_eq!(verdict(&file), ("corrupt", reason.to_owned()));
}

#[test]
fn wrong_checksum_is_corrupt_whatever_the_structure() {
    let whole = small(b"REDIS0009").finish();
    let (written, computed) = (0x1122_3344_5566_7788_u64, slow_crc64(&whole[..whole.len() - 8]));
    let mut changed = whole.clone();
    let end = whole.len() - 8;
    changed[end..].copy_from_slice(&written.to_le_bytes());
    let reason = format!("the checksum written is {written:016x}, that of the bytes {computed:016x}");
    assert_eq!(verdict(&changed), ("corrupt", reason));

    let reason = "ends inside a string that begins at byte 11";
    assert_eq!(verdict(&whole[..20]), ("corrupt", reason.to_owned()));
    let reason = "ends inside the checksum that begins at byte 23";
    assert_eq!(verdict(&whole[..26]), ("corrupt", reason.to_owned()));
    let reason = "ends inside the contents: no end opcode at byte 11";
    assert_eq!(verdict(&whole[..11]), ("corrupt", reason.to_owned()));

    let mut broken = whole.clone();
    broken[16] = 0xc9;
    let reason = "the structure breaks at byte 16 (an invalid string encoding); 15 bytes are left";
    assert_eq!(verdict(&broken), ("corrupt", reason.to_owned()));
    let mut early = whole.clone();
    early[11] = END;
    let reason = "the structure ends at byte 20; 11 bytes follow (unrecognized data)";
    assert_eq!(verdict(&early), ("corrupt", reason.to_owned()));
    let mut unknown = whole;
    unknown[11] = 107;
    assert!(verdict(&unknown).1.starts_with("the checksum written is "));
}

#[test]
fn no_checksum_and_a_whole_structure_is_unverified() {
    let reason = "written without a checksum; structure whole to the last byte, contents unchecked";
    assert_eq!(
        verdict(&of_every_kind(b"REDIS0011").finish_unchecked()),
        ("unverified", reason.to_owned())
    );
    let reason = "RDB version 3 has no checksum; structure whole to the last byte, contents unchecked";
    assert_eq!(
        verdict(&small(b"REDIS0003").finish_bare()),
        ("unverified", reason.to_owned())
    );
}

#[test]
fn no_checksum_and_bytes_that_follow_is_corrupt() {
    for (file, end) in [
        (small(b"REDIS0009").finish_unchecked(), 31),
        (small(b"REDIS0003").finish_bare(), 23),
    ] {
        let reason = format!("structure whole up to byte {end}; 1 byte follows (a newline)");
        assert_eq!(verdict(&[&file[..], b"\n"].concat()), ("corrupt", reason));
        let reason = format!("structure whole up to byte {end}; 20 bytes follow (zeros)");
        assert_eq!(verdict(&[&file[..], &[0; 20]].concat()), ("corrupt", reason));
    }
}

#[test]
fn no_checksum_and_bytes_that_end_first_is_incomplete() {
    // The cut is inside a value, directly after bytes with which a file without a checksum ends.
    let file = small(b"REDIS0009").key(5, b"zset").raw(&[2]).text(&[END]).raw(&[0; 8]);
    let reason = "ends inside a sorted set that begins at byte 22";
    assert_eq!(verdict(&file.bytes()), ("incomplete", reason.to_owned()));
    let file = small(b"REDIS0003").string(b"other", &[END; 9]).bytes();
    let reason = "ends inside a string that begins at byte 22";
    assert_eq!(verdict(&file[..file.len() - 1]), ("incomplete", reason.to_owned()));
}

#[test]
fn no_checksum_and_a_structure_that_breaks_is_corrupt() {
    let file = small(b"REDIS0009")
        .key(18, b"list")
        .raw(&[1, 3])
        .text(b"x")
        .finish_unchecked();
    let reason = "the structure breaks at byte 29 (an invalid container of a list's node); 12 bytes are left";
    assert_eq!(verdict(&file), ("corrupt", reason.to_owned()));
    let file = small(b"REDIS0009").database(1 << 40).finish_unchecked();
    assert!(verdict(&file).1.contains("a database number that is too high"));
    // The walk has come into a text: the letter is no type, and the bytes after it are no key.
    let text = b"v817395 f599 v873852 and so on, for more bytes than a key can have that begins with an 8";
    let file = small(b"REDIS0009").raw(text).finish_unchecked();
    let reason = "the structure breaks at byte 80 (a value of unknown type 118); 39 bytes are left";
    assert_eq!(verdict(&file), ("corrupt", reason.to_owned()));
    let file = small(b"REDIS0009").raw(text).finish();
    assert_eq!(verdict(&file).0, "ok");
    for text in [
        // Spaces and punctuation are text, too, and so are words with lengths between them.
        &b" the quick brown fox jumps over the lazy dog"[..],
        b"x 1\x02, 2\x04; 3: {}\x07, and so on up to the length of a key",
        b"7300 of them, (more) and more and more and more and more and more and more",
    ] {
        let file = small(b"REDIS0009").raw(text).raw(&[0; 60]).finish_unchecked();
        assert_eq!(verdict(&file).0, "corrupt", "{}", text.escape_ascii());
    }
}

#[test]
fn an_unknown_type_before_a_key_of_any_length_is_no_damage() {
    for kind in (26..=242).filter(|kind| *kind != 6) {
        for length in [0, 3, 31, 32, 40, 63, 64, 200, 300] {
            let key = b"session:0123456789abcdef:".repeat(12);
            let file = small(b"REDIS0011")
                .key(kind, &key[..length])
                .text(b"a value")
                .string(b"k", &[b'v'; 100])
                .finish_unchecked();
            assert_eq!(verdict(&file).0, "unverified", "type {kind}, a key of {length}");
        }
    }
    // A byte that no text has is a type before a long key, and one that a text has is a type before a short key.
    for (kind, key) in [(26, &[b'k'; 600][..]), (230, &[b'k'; 600]), (b'A', b"\x01\x02\x03")] {
        let file = small(b"REDIS0011")
            .key(kind, key)
            .text(b"a value")
            .string(b"k", &[b'v'; 100]);
        assert_eq!(verdict(&file.finish_unchecked()).0, "unverified", "type {kind}");
    }
}

#[test]
fn no_checksum_and_a_structure_that_is_not_understood_is_unverified_only_with_an_end_opcode() {
    let note = "not understood from byte 22 on (unknown type or opcode 107)";
    let file = small(b"REDIS0011").raw(&[107, 1, 2, 3]).finish_unchecked();
    let reason = format!("written without a checksum; {note}");
    assert_eq!(verdict(&file), ("unverified", reason));
    let reason = format!("no end opcode where an RDB file has it; {note}");
    assert_eq!(verdict(&[&file[..], &[0]].concat()), ("incomplete", reason.clone()));
    let file = small(b"REDIS0003").raw(&[107, 1, END]);
    assert_eq!(verdict(&file.clone().bytes()).0, "unverified");
    assert_eq!(verdict(&file.raw(&[1]).bytes()), ("incomplete", reason));
}

#[test]
fn a_second_file_after_the_first_is_found() {
    let files = [
        File::new(b"REDIS0009").finish(),
        of_every_kind(b"REDIS0012").finish(),
        of_every_kind(b"VALKEY080").finish(),
        small(b"REDIS0009").finish_unchecked(),
        small(b"REDIS0002").finish_bare(),
    ];
    for first in &files {
        for second in &files {
            let joined = [&first[..], second].concat();
            let reason = format!("a second RDB file begins at byte {}", first.len());
            assert_eq!(verdict(&joined), ("corrupt", reason));
        }
    }
    // If the first file is not understood, its checksum tells where it ends.
    let first = small(b"REDIS0012").raw(b"\x6b REDIS VALKEY R").finish();
    assert_eq!(verdict(&first).0, "ok");
    let reason = format!("a second RDB file begins at byte {}", first.len());
    for second in [&first, &files[1], &files[3]] {
        assert_eq!(verdict(&[&first[..], second].concat()), ("corrupt", reason.clone()));
    }
}

#[test]
fn a_second_file_is_found_behind_one_that_is_not_understood() {
    let kinds = |magic: &[u8; 9]| {
        let unknown = small(magic).raw(b"\x6b REDIS0011 VALKEY R");
        let changed = small(magic).key(0, b"k").raw(&[0xc9, 1, 2]);
        let too_long = small(magic).key(0, b"k").raw(&[0x7f, 0xff]);
        [small(magic), unknown, changed, too_long]
    };
    let magics = [
        b"REDIS0003",
        b"REDIS0012",
        b"REDIS0013",
        b"REDIS0099",
        b"VALKEY080",
        b"VALKEY900",
    ];
    let files: Vec<_> = magics
        .into_iter()
        .flat_map(kinds)
        .flat_map(|file| {
            [
                file.clone().finish(),
                file.clone().finish_unchecked(),
                file.finish_bare(),
            ]
        })
        .filter(|file| is_good(file))
        .collect();
    assert_eq!(files.len(), 2 + 2 * 2 + 2 * 4 + 2 * 4 + 2 * 2 + 2 * 4);
    for first in &files {
        for second in &files {
            let joined = [&first[..], second].concat();
            let reason = format!("a second RDB file begins at byte {}", first.len());
            assert_eq!(verdict(&joined), ("corrupt", reason), "{}", first.escape_ascii());
        }
    }
    // A value under a right checksum may hold anything.
    let value = [&[END][..], &[0; 8], b"REDIS0011"].concat();
    for magic in [b"REDIS0012", b"REDIS0013"] {
        let file = small(magic).raw(b"\x6b").raw(&value).string(b"k", &value);
        assert_eq!(verdict(&file.finish()).0, "ok");
    }
    let file = small(b"REDIS0012").string(b"k", &value).raw(b"\x6b");
    assert_eq!(verdict(&file.finish_unchecked()).0, "unverified");
    let value_without_zeros = [&[END][..], b"REDIS0011"].concat();
    let file = small(b"REDIS0012").raw(b"\x6b").string(b"k", &value_without_zeros);
    assert_eq!(verdict(&file.finish_unchecked()).0, "unverified");
    // What looks like a second file in a value does not hide the one that follows.
    let first = small(b"REDIS0012").raw(b"\x6b").raw(&value).string(b"k", b"v").finish();
    let reason = format!("a second RDB file begins at byte {}", first.len());
    assert_eq!(
        verdict(&[&first[..], &small(b"REDIS0012").finish()].concat()),
        ("corrupt", reason)
    );
}

#[test]
fn zeros_after_a_checksum_are_not_taken_for_a_checksum_that_was_not_computed() {
    // The file is not understood, and the last byte of its checksum equals the end opcode.
    let file = (0_u32..)
        .map(|salt| small(b"REDIS0009").raw(&[107]).raw(&salt.to_le_bytes()).finish())
        .find(|file| file.last() == Some(&END))
        .unwrap();
    assert_eq!(verdict(&file).0, "ok");
    assert_eq!(verdict(&[&file[..], &[0; 8]].concat()).0, "incomplete");
}

#[test]
fn bytes_after_a_whole_file_are_named_and_the_advice_is_to_cut_them_off() {
    let file = small(b"REDIS0011").finish();
    let mark = [b'a'; 40];
    let marked = [&file[..], &mark].concat();
    let reason = "whole and right up to byte 31; 40 bytes follow (a replication end mark)";
    assert_eq!(verdict(&marked), ("corrupt", reason.to_owned()));
    let findings = read(&marked);
    assert_eq!(findings.verdict.advice(), Some(Advice::CutOff { end: 31 }));
    assert_eq!(findings.contents.unwrap().checksum, Checksum::Right);
    let joined = read(&[&file[..], &file].concat());
    assert_eq!(joined.verdict.advice(), Some(Advice::Split { at: 31 }));
    assert_eq!(read(&file[..20]).verdict.advice(), Some(Advice::FetchAgain));
}

#[test]
fn files_that_are_no_rdb_files_are_told_from_damaged_ones() {
    assert_eq!(verdict(b""), ("corrupt", "empty".to_owned()));
    assert_eq!(
        verdict(&[0; 3]),
        ("not-rdb", "not an RDB file: every byte is zero".to_owned())
    );
    assert_eq!(verdict(&[0; 70_000]).0, "not-rdb");
    let reason = "not an RDB file: only the first 4 bytes of one are there";
    assert_eq!(verdict(b"REDI"), ("not-rdb", reason.to_owned()));
    assert_eq!(verdict(b"not one at all").0, "not-rdb");
    let packed = read(b"\x1f\x8b\x08\0 and so on").verdict;
    assert_eq!(packed.advice(), Some(Advice::Unpack("gunzip -c")));

    let whole = of_every_kind(b"REDIS0011").finish();
    let mut file = whole.clone();
    file[..100].fill(0);
    let reason = "damaged beginning: the first 100 bytes are zeros, and it ends as an RDB file does";
    assert_eq!(verdict(&file), ("not-rdb", reason.to_owned()));
    let mut file = whole.clone();
    file[..9].copy_from_slice(b"junk junk");
    let reason = "damaged beginning: with REDIS0011 as its first bytes, the checksum is right";
    assert_eq!(verdict(&file), ("corrupt", reason.to_owned()));
    let reason = "damaged beginning: with REDIS0011 before its first byte, the checksum is right";
    assert_eq!(verdict(&whole[9..]), ("corrupt", reason.to_owned()));
    let mut file = small(b"REDIS0011").finish_unchecked();
    file[2] ^= 0x20;
    let reason = "damaged beginning: one bit away from that of an RDB file";
    assert_eq!(verdict(&file), ("corrupt", reason.to_owned()));
    assert_eq!(read(&file).contents, None);
}

#[test]
fn a_file_with_a_checksum_and_a_flipped_bit_is_never_good() {
    let files = [
        of_every_kind(b"REDIS0012").finish(),
        // A type that is not understood, a checksum that ends with the end opcode.
        (0_u32..)
            .map(|salt| small(b"REDIS0009").raw(&[107]).raw(&salt.to_le_bytes()).finish())
            .find(|file| file.last() == Some(&END))
            .unwrap(),
    ];
    for whole in files {
        assert!(is_good(&whole));
        for bit in 0..whole.len() * 8 {
            let mut file = whole.clone();
            file[bit / 8] ^= 1 << (bit % 8);
            let state = read_in_pieces(&file, 65_536).verdict;
            assert!(
                matches!(state, Verdict::Corrupt(_)),
                "bit {} of byte {}: {state:?}",
                bit % 8,
                bit / 8
            );
        }
    }
}

#[test]
fn the_beginning_of_a_file_is_never_good() {
    for whole in [
        of_every_kind(b"REDIS0012").finish(),
        of_every_kind(b"VALKEY080").finish(),
        of_every_kind(b"REDIS0012").finish_unchecked(),
        small(b"REDIS0003").finish_bare(),
    ] {
        for length in 0..whole.len() {
            assert!(!is_good(&whole[..length]), "{length} of {}", whole.len());
        }
    }
}

#[test]
fn a_reader_may_change_threads() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&Reader::new());
}

#[test]
fn the_contents_are_reported() {
    let contents = read(&of_every_kind(b"REDIS0012").finish()).contents.unwrap();
    let json = serde_json::to_value(&contents).unwrap();
    let expected = serde_json::json!({
        "version": 12,
        "redisVersion": "7.2.4",
        "createdAt": "2023-11-14T22:13:20Z",
        "usedMemory": 4096,
        "checksum": "right",
        "databases": [{"db": 0, "keys": 20, "expires": 2}, {"db": 15, "keys": 8, "expires": 0}],
        "functions": 1,
        "modules": ["EjRWeJq83"],
    });
    assert_eq!(json.to_string(), expected.to_string());
    let unchecked = read(&small(b"REDIS0011").finish_unchecked()).contents.unwrap();
    assert_eq!(unchecked.checksum, Checksum::None);
    assert_eq!((unchecked.redis_version, unchecked.created_at), (None, None));
    let only_fifth = File::new(b"REDIS0011").database(5).string(b"k", b"v").finish();
    let json = serde_json::to_value(read(&only_fifth).contents.unwrap()).unwrap();
    assert_eq!(
        json["databases"],
        serde_json::json!([{"db": 5, "keys": 1, "expires": 0}])
    );
    let negative = small(b"REDIS0011").raw(b"\xfa\x08used-mem\xc0\xff").finish();
    assert_eq!(read(&negative).contents.unwrap().used_memory, None);
    let cut = read(&small(b"REDIS0011").finish()[..20]).contents.unwrap();
    assert_eq!((cut.checksum, cut.databases), (Checksum::Wrong, None));
}
