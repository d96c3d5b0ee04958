//! `backup verify --load` with a real redis-server.

use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::Value;

use super::{Place, TYPES, database, key, rdb, text, without_server};

/// How many keys `data/types.rdb` has, also those that have expired by now.
const TYPES_KEYS: u64 = 11;

/// The same, with a time in milliseconds after which it expires.
fn expiring(name: &str, at: u64) -> Vec<u8> {
    [b"\xfc", &at.to_le_bytes()[..], &key(name)].concat()
}

fn aux(name: &str, value: &str) -> Vec<u8> {
    [b"\xfa", &text(name)[..], &text(value)].concat()
}

/// The number of a module's type: nine characters of 6 bits, and a version of 10. Source: Redis's `module.c`.
fn module(name: &str, version: u64) -> Vec<u8> {
    const CHARACTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let number = name
        .chars()
        .fold(0, |number, c| number << 6 | CHARACTERS.find(c).unwrap() as u64);
    [b"\x81", &(number << 10 | version).to_be_bytes()[..]].concat()
}

/// A string of `length` times the same letter as LZF writes it: 3 bytes for 264.
fn repeated(name: &str, length: u32) -> Vec<u8> {
    let mut compressed = vec![0, b'x'];
    let mut done = 1;
    while done < length {
        let count = (length - done).min(264);
        compressed.extend([0xe0, u8::try_from(count - 9).unwrap(), 0]);
        done += count;
    }
    let long = |number: usize| [b"\x80", &u32::try_from(number).unwrap().to_be_bytes()[..]].concat();
    let lengths = [long(compressed.len()), long(length as usize)].concat();
    [b"\0", &text(name)[..], b"\xc3", &lengths, &compressed].concat()
}

#[test]
fn a_real_server_tells_apart_what_can_be_loaded_and_why_not() {
    if without_server() {
        return;
    }
    let place = Place::new();
    let far = 32_503_680_000_000; // the year 3000
    let module_aux = [
        &b"\xf7"[..],
        &module("ReJSON-RL", 3),
        b"\x02\x02\x05",
        &text("x"),
        b"\0",
    ]
    .concat();
    let several: Vec<u8> = [0, 3, 15]
        .iter()
        .flat_map(|db| [database(*db), key("a")].concat())
        .collect();
    let expiring = [expiring("past", 1), expiring("later", far), key("always")].concat();
    // A listpack with a wrong length inside.
    let broken = [&b"\x10"[..], &text("h"), b"\x0b\x0b\0\0\0\x02\0\x81a\x02\0\xff"].concat();
    let line = "a\n7:M 30 Nov 2026 20:00:44.444 # no matching module";
    let cases: [(&str, Vec<u8>, &str, &str); 12] = [
        ("types", TYPES.to_vec(), "loaded", ""),
        ("several", rdb(9, &[&several]), "loaded", ""),
        ("db200", rdb(9, &[&database(200), &key("a")]), "loaded", ""),
        (
            "expiring",
            rdb(9, &[&database(0), &expiring]),
            "loaded",
            "1 keys are left out",
        ),
        ("empty", rdb(9, &[]), "loaded", ""),
        (
            "damaged",
            rdb(10, &[&database(0), &broken]),
            "damaged",
            "integrity check failed",
        ),
        (
            "twice",
            rdb(9, &[&database(0), &key("a"), &key("a")]),
            "damaged",
            "RDB has duplicated key 'a' in DB 0",
        ),
        (
            "twice-with-words",
            rdb(9, &[&database(0), &key(line), &key(line)]),
            "damaged",
            "RDB has duplicated key 'a",
        ),
        (
            "newer",
            rdb(99, &[&database(0), &key("a")]),
            "server-too-old",
            "Can't handle RDB format version 99",
        ),
        (
            "module",
            rdb(9, &[&module_aux]),
            "module-missing",
            "no matching module 'ReJSON-RL'",
        ),
        (
            "large",
            rdb(9, &[&aux("used-mem", "109951162777600"), &database(0), &key("a")]),
            "too-little-memory",
            "used 100 TiB",
        ),
        ("corrupt", TYPES[..TYPES.len() - 1].to_vec(), "", ""),
    ];
    for (name, content, ..) in &cases {
        place.file(name, content);
    }
    let before = fs::metadata(place.path("types")).unwrap();
    let names: Vec<&str> = cases.iter().map(|(name, ..)| *name).collect();
    let (results, outcome) = place.results(&names);
    assert_eq!(outcome.code, Some(7), "{outcome:#?}");
    for ((name, load), (.., result, reason)) in results.iter().zip(&cases) {
        if result.is_empty() {
            // What the program finds itself needs no server.
            assert_eq!(load, &Value::Null, "{name}");
            continue;
        }
        assert_eq!(load["result"], *result, "{name}: {load}");
        assert!(
            load["reason"].as_str().unwrap_or_default().contains(reason),
            "{name}: {load}"
        );
    }
    let of = |name: &str| &results.iter().find(|(file, _)| file == name).unwrap().1;
    let keys = |name: &str| -> Vec<(u64, u64)> {
        let databases = of(name)["databases"].as_array().unwrap().iter();
        databases
            .map(|database| (database["db"].as_u64().unwrap(), database["keys"].as_u64().unwrap()))
            .collect()
    };
    assert_eq!(keys("db200"), [(200, 1)]);
    assert_eq!(keys("several"), [(0, 1), (3, 1), (15, 1)]);
    assert_eq!(
        (keys("expiring"), &of("expiring")["expired"]),
        (vec![(0, 2)], &Value::from(1))
    );
    assert_eq!(keys("empty"), []);
    let types: u64 = keys("types").iter().map(|(_, keys)| keys).sum();
    assert_eq!(types + of("types")["expired"].as_u64().unwrap(), TYPES_KEYS);
    assert!(of("types")["server"].as_str().unwrap().starts_with("Redis "));
    assert!(of("types")["usedMemory"].as_u64().unwrap() > 0);
    let after = fs::metadata(place.path("types")).unwrap();
    let state = |of: &fs::Metadata| (of.ino(), of.nlink(), of.ctime(), of.ctime_nsec(), of.len());
    assert_eq!(state(&after), state(&before), "the file is as it was");
}

#[test]
fn what_is_about_this_machine_ends_with_1_and_a_row_a_file_has_the_result() {
    if without_server() {
        return;
    }
    let place = Place::new();
    place.file("types", TYPES);
    place.file("newer", &rdb(99, &[]));
    let outcome = place.load(&["types", "newer"]).run();
    let table = outcome.data_before_failure(
        1,
        &["1 of 2 files were not loaded", "Can't handle RDB format version 99"],
    );
    let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        header,
        [
            "STATE", "BYTES", "RESULT", "KEYS", "MEMORY", "SECONDS", "FILE", "REASON"
        ]
    );
    let plain = place.load(&["-qq", "-o", "plain", "types", "newer"]).run();
    assert_eq!(plain.data_with(1), "loaded types\nserver-too-old newer\n");
    assert_eq!(place.load(&["-q", "types"]).run().data(), "");
    place.is_tidy();
}

#[test]
fn a_file_that_takes_more_memory_than_it_says_is_told_from_a_damaged_one() {
    if without_server() {
        return;
    }
    let place = Place::new();
    let keys: Vec<u8> = (0..100)
        .flat_map(|number| repeated(&number.to_string(), 1 << 20))
        .collect();
    place.file("large", &rdb(9, &[&database(0), &keys]));
    let limited = ["sh", "-c", "ulimit -v 100000; exec \"$@\"", "sh"];
    let large = place.path("large");
    let large = large.to_str().unwrap();
    let outcome = place.load(&["-qq", "-o", "plain", large]).through(&limited).run();
    assert_eq!(
        outcome.data_with(1),
        format!("too-little-memory {large}\n"),
        "{outcome:#?}"
    );
    assert_eq!(
        place.load(&["-qq", "-o", "plain", "large"]).run().data_with(0),
        "loaded large\n"
    );
    place.is_tidy();
}

#[test]
fn a_server_of_another_name_or_an_older_one_loads_as_well() {
    if without_server() {
        return;
    }
    let place = Place::new();
    place.file("types", TYPES);
    fs::create_dir(place.path("bin")).unwrap();
    place.script(
        "bin/valkey-server",
        "exec /usr/bin/env PATH=/usr/local/bin:/usr/bin:/bin redis-server \"$@\"",
    );
    let bin = place.path("bin");
    let outcome = place
        .load(&["-qq", "-o", "plain", "types"])
        .env("PATH", bin.to_str().unwrap())
        .run();
    assert_eq!(outcome.data(), "loaded types\n");
    // Before 6.2 a directive was not known.
    let old = place.script(
        "old",
        "if grep -q sanitize \"$1\"; then echo \">>> 'sanitize-dump-payload yes'\nBad directive or wrong number of arguments\"; exit 1; fi\n\
         exec redis-server \"$@\"",
    );
    let outcome = place
        .load(&["-qq", "-o", "plain", "types", "--redis-server", &old])
        .run();
    assert_eq!(outcome.data(), "loaded types\n");
    place.is_tidy();
}
