//! The contents of an RDB file, as far as a walk over it sees them: its writer, its time, its keys by
//! database.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::walk::Seen;
use crate::values::when::as_rfc3339;

/// The most databases that are counted, so that no file can take much memory; with more, `databases` is `None`. A
/// server has as many databases as its configuration says, 16 as a rule.
const MOST_DATABASES: usize = 65_536;
/// The most types of modules that are named, for the same reason; others are left out.
const MOST_MODULES: usize = 1024;
/// The characters of a module type's name, of which its number holds nine. Source: Redis's `module.c`.
const MODULE_CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The contents of an RDB file. Serialized, they are the object `rdb` that `backup verify` and
/// `backup download` print for each file as JSON; the names of its keys are part of the program's
/// interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contents {
    /// The version of the format: the number after `REDIS` or `VALKEY`.
    pub(crate) version: u16,
    /// The version of the server that wrote the file, such as `7.2.4`; Valkey's own number for a file of
    /// Valkey. Versions of the format before 7 do not have it.
    pub(crate) redis_version: Option<String>,
    /// When the server began to write the file.
    #[serde(serialize_with = "as_rfc3339")]
    pub(crate) created_at: Option<OffsetDateTime>,
    /// How many bytes of memory the server used at that time.
    pub(crate) used_memory: Option<u64>,
    pub(crate) checksum: Checksum,
    /// The databases that the file names or has keys of, in ascending order of their numbers. `None` if the structure
    /// was not walked to its end, so that not all keys were seen; this holds for the next two as well.
    pub(crate) databases: Option<Vec<Database>>,
    /// How many libraries of functions there are.
    pub(crate) functions: Option<u64>,
    /// The names of the modules' types, such as `ReJSON-RL`, in ascending order.
    pub(crate) modules: Option<Vec<String>>,
}

/// Whether the checksum of a file matches its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Checksum {
    Right,
    Wrong,
    /// The server did not compute it, or the version of the format has none.
    None,
}

/// The keys of one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Database {
    /// Its number, from 0.
    pub(crate) db: u64,
    pub(crate) keys: u64,
    /// How many of the keys have a time after which they expire, past or not.
    pub(crate) expires: u64,
}

impl Contents {
    /// The keys of all databases, where they are known.
    pub(crate) fn keys(&self) -> Option<u64> {
        let databases = self.databases.as_ref()?;
        Some(databases.iter().map(|database| database.keys).sum())
    }
}

/// The counts and notes of a walk.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// The keys since the last opcode that names a database, and the expiring ones among them.
    keys: u64,
    expires: u64,
    /// Whether the next key is one that expires.
    next_expires: bool,
    /// The number of that database; the first keys of a file belong to database 0 if it names none.
    database: u64,
    /// The keys of each database and the expiring ones among them, without those that are still being counted.
    databases: BTreeMap<u64, (u64, u64)>,
    /// Whether there were more databases than [`MOST_DATABASES`] allows.
    is_overfull: bool,
    pub(super) functions: u64,
    modules: BTreeSet<u64>,
    /// The auxiliary field whose value comes next.
    aux: Option<Aux>,
    redis_version: Option<String>,
    valkey_version: Option<String>,
    created_at: Option<OffsetDateTime>,
    used_memory: Option<u64>,
}

/// The auxiliary fields that are reported.
#[derive(Debug, Clone, Copy)]
enum Aux {
    RedisVersion,
    ValkeyVersion,
    CreationTime,
    UsedMemory,
}

impl Counts {
    /// Counts a key of the current database.
    pub(super) fn add_key(&mut self) {
        self.keys += 1;
        self.expires += u64::from(self.next_expires);
        self.next_expires = false;
    }

    /// Notes that the next key has a time after which it expires.
    pub(super) fn next_expires(&mut self) {
        self.next_expires = true;
    }

    /// Makes this database the current one.
    pub(super) fn select(&mut self, number: u64) {
        self.put_away();
        self.database = number;
        // It is named even if no key follows.
        if self.databases.len() < MOST_DATABASES {
            self.databases.entry(number).or_default();
        }
    }

    /// Adds the running counts to those of their database.
    fn put_away(&mut self) {
        let (keys, expires) = (self.keys, self.expires);
        (self.keys, self.expires) = (0, 0);
        if let Some(counts) = self.databases.get_mut(&self.database) {
            counts.0 += keys;
            counts.1 += expires;
        } else if self.databases.len() >= MOST_DATABASES {
            self.is_overfull = true;
        } else if keys > 0 {
            self.databases.insert(self.database, (keys, expires));
        }
    }

    /// Notes the type of a module by its number: nine characters of 6 bits, and a version of 10.
    pub(super) fn add_module(&mut self, number: u64) {
        if self.modules.len() < MOST_MODULES {
            self.modules.insert(number >> 10);
        }
    }

    /// Notes the name of the auxiliary field whose value comes next.
    pub(super) fn aux_name(&mut self, name: Seen<'_>) {
        self.aux = match name {
            Seen::Plain(b"redis-ver") => Some(Aux::RedisVersion),
            Seen::Plain(b"valkey-ver") => Some(Aux::ValkeyVersion),
            Seen::Plain(b"ctime") => Some(Aux::CreationTime),
            Seen::Plain(b"used-mem") => Some(Aux::UsedMemory),
            _ => None,
        };
    }

    /// Notes the value of a field, unless there was one of that name before.
    pub(super) fn aux_value(&mut self, value: Seen<'_>) {
        let text = || match value {
            Seen::Plain(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Seen::Integer(value) => Some(value.to_string()),
            Seen::Other => None,
        };
        let number = || match value {
            Seen::Plain(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
            Seen::Integer(value) => Some(value),
            Seen::Other => None,
        };
        match self.aux.take() {
            Some(Aux::RedisVersion) => self.redis_version = self.redis_version.take().or_else(text),
            Some(Aux::ValkeyVersion) => self.valkey_version = self.valkey_version.take().or_else(text),
            Some(Aux::CreationTime) => {
                let moment = || OffsetDateTime::from_unix_timestamp(number()?).ok();
                self.created_at = self.created_at.or_else(moment);
            }
            Some(Aux::UsedMemory) => {
                self.used_memory = self.used_memory.or_else(|| number()?.try_into().ok());
            }
            None => {}
        }
    }

    /// The contents of the file. `is_whole` says whether the walk came to the end opcode.
    pub(super) fn into_contents(mut self, version: u16, checksum: Checksum, is_whole: bool) -> Contents {
        self.put_away();
        let databases = || {
            let databases = self.databases.iter();
            let databases = databases.map(|(&db, &(keys, expires))| Database { db, keys, expires });
            databases.collect()
        };
        let modules = || {
            let mut names: Vec<String> = self.modules.iter().map(|number| module_name(*number)).collect();
            names.sort_unstable();
            names
        };
        Contents {
            version,
            created_at: self.created_at,
            used_memory: self.used_memory,
            checksum,
            databases: (is_whole && !self.is_overfull).then(databases),
            functions: is_whole.then_some(self.functions),
            modules: is_whole.then(modules),
            redis_version: self.valkey_version.or(self.redis_version),
        }
    }
}

/// The name in the upper 54 bits of a module type's number.
fn module_name(number: u64) -> String {
    let characters = (0..9).rev().map(|place| number >> (6 * place) & 0x3f);
    let characters = characters.map(|index| char::from(MODULE_CHARACTERS[index as usize]));
    characters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::when::rfc3339;

    fn contents(counts: Counts) -> Contents {
        counts.into_contents(9, Checksum::Right, true)
    }

    #[test]
    fn keys_are_counted_by_database() {
        let mut counts = Counts::default();
        counts.add_key();
        for (database, keys) in [(3, 2), (0, 1), (7, 0), (3, 1)] {
            counts.select(database);
            for _ in 0..keys {
                counts.next_expires();
                counts.add_key();
            }
        }
        let contents = contents(counts);
        assert_eq!(contents.keys(), Some(5));
        let of = |db, keys, expires| Database { db, keys, expires };
        assert_eq!(contents.databases, Some(vec![of(0, 2, 1), of(3, 3, 3), of(7, 0, 0)]));
    }

    #[test]
    fn no_file_takes_much_memory() {
        let mut counts = Counts::default();
        for number in 0..200_000 {
            counts.select(number);
            counts.add_key();
            counts.add_module(number << 10);
        }
        assert!(counts.databases.len() <= MOST_DATABASES && counts.modules.len() <= MOST_MODULES);
        assert_eq!(contents(counts).databases, None);
    }

    #[test]
    fn auxiliary_fields_are_read_in_any_form() {
        let mut counts = Counts::default();
        for (name, value) in [
            (&b"redis-ver"[..], Seen::Plain(b"8.1.0")),
            (b"valkey-ver", Seen::Plain(b"9.0.0")),
            (b"ctime", Seen::Integer(1_700_000_000)),
            (b"ctime", Seen::Integer(1)),
            (b"used-mem", Seen::Plain(b"12345678901")),
            (b"repl-id", Seen::Plain(b"x")),
            (b"lua", Seen::Other),
        ] {
            counts.aux_name(Seen::Plain(name));
            counts.aux_value(value);
        }
        let contents = contents(counts);
        assert_eq!(contents.redis_version.as_deref(), Some("9.0.0"));
        assert_eq!(
            contents.created_at.map(rfc3339).as_deref(),
            Some("2023-11-14T22:13:20Z")
        );
        assert_eq!(contents.used_memory, Some(12_345_678_901));
    }

    #[test]
    fn the_serialized_form_is_the_documented_one() {
        let mut counts = Counts::default();
        counts.select(0);
        counts.add_key();
        // The number of ReJSON's type in its version 3, as files of that module hold it.
        counts.add_module(0x44_9e_89_cd_03_44_b4_03);
        let json = serde_json::to_string(&contents(counts)).unwrap();
        assert!(json.starts_with(r#"{"version":9,"redisVersion":null,"createdAt":null,"usedMemory":null,"checksum":"right","databases":[{"db":0,"keys":1,"expires":0}],"functions":0,"modules":[""#), "{json}");
    }
}
