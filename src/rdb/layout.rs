//! The grammar of an RDB file as a table: the parts that follow each type and each opcode.
//!
//! Source: `rdb.h` and `rdb.c` (`rdbSaveObject`, `rdbLoadObject`, `rdbLoadRio`) of Redis up to 8 and of
//! Valkey up to 9, and Redis's `keymeta.c`. Values that the format stores as one string (ziplists,
//! listpacks, intsets, zipmaps) are one string here too: their contents are never decoded.

use super::magic::{Family, Magic};

/// One part of what follows a type or an opcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// A string in any encoding: plain, an integer, or compressed.
    Text,
    /// A string that must not be empty: a node of a quicklist.
    Node,
    /// A plain string of 16 bytes: the ID that a stream's listpack begins with.
    StreamId,
    /// A number in the encoding of lengths.
    Number,
    /// This many bytes.
    Bytes(u8),
    /// A score as text, as sorted sets had them before version 8: a byte with its length, or one of three
    /// values that stand for NaN and the two infinities.
    Score,
    /// How a quicklist's node is stored: 1 (plain) or 2 (packed).
    Container,
    /// A number, and then these parts as many times.
    Each(&'static [Op]),
    /// The number of a module's type, which holds its name.
    ModuleType,
    /// The number 2, which says that an unsigned integer follows: the moment at which a module's data is loaded.
    When,
    /// A module's own data: values with a number before each that says what they are, up to a 0.
    ModuleValues,
    /// The database that the keys after it belong to.
    Database,
    /// The name of an auxiliary field.
    AuxName,
    /// The value of an auxiliary field.
    AuxValue,
}

use Op::{
    AuxName, AuxValue, Bytes, Container, Database, Each, ModuleType, ModuleValues, Node, Number, Score, StreamId, Text,
    When,
};

/// A type or an opcode: its name for messages, and the parts that follow it.
#[derive(Debug)]
pub(super) struct Item {
    /// With an article, such as `a hash`.
    pub(super) name: &'static str,
    /// How the counts treat it.
    pub(super) role: Role,
    pub(super) ops: &'static [Op],
}

/// How an item is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A key and its value.
    Key,
    /// The time after which the next key expires.
    Expiry,
    /// A library of functions.
    Function,
    Other,
}

/// The global pending entries of a consumer group: an ID, a time, a number of deliveries.
const PENDING: Op = Each(&[Bytes(16 + 8), Number]);
/// The IDs that are pending for one consumer.
const PENDING_IDS: Op = Each(&[Bytes(16)]);
const STREAM_NODES: Op = Each(&[StreamId, Text]);

/// Streams of Redis 5: length, last ID; groups with name and last ID; consumers with the time they were seen.
const STREAM: &[Op] = &[
    Text,
    STREAM_NODES,
    Number,
    Number,
    Number,
    Each(&[Text, Number, Number, PENDING, Each(&[Text, Bytes(8), PENDING_IDS])]),
];
/// Streams of Redis 7.0, with first ID, highest deleted ID and entries added; groups with entries read.
const STREAM_2: &[Op] = &[
    Text,
    STREAM_NODES,
    Number,
    Number,
    Number,
    Number,
    Number,
    Number,
    Number,
    Number,
    Each(&[
        Text,
        Number,
        Number,
        Number,
        PENDING,
        Each(&[Text, Bytes(8), PENDING_IDS]),
    ]),
];
/// Streams of Redis 7.2, with the time a consumer was active.
const STREAM_3: &[Op] = &[
    Text,
    STREAM_NODES,
    Number,
    Number,
    Number,
    Number,
    Number,
    Number,
    Number,
    Number,
    Each(&[
        Text,
        Number,
        Number,
        Number,
        PENDING,
        Each(&[Text, Bytes(8 + 8), PENDING_IDS]),
    ]),
];

const fn key(name: &'static str, ops: &'static [Op]) -> Item {
    let role = Role::Key;
    Item { name, role, ops }
}

const fn other(name: &'static str, ops: &'static [Op]) -> Item {
    let role = Role::Other;
    Item { name, role, ops }
}

static STRING: Item = key("a string", &[Text, Text]);
static LIST: Item = key("a list", &[Text, Each(&[Text])]);
static SET: Item = key("a set", &[Text, Each(&[Text])]);
static SORTED_SET: Item = key("a sorted set", &[Text, Each(&[Text, Score])]);
static HASH: Item = key("a hash", &[Text, Each(&[Text, Text])]);
static SORTED_SET_2: Item = key("a sorted set", &[Text, Each(&[Text, Bytes(8)])]);
static MODULE: Item = key("a module's value", &[Text, ModuleType, ModuleValues]);
static LIST_IN_ONE: Item = key("a list", &[Text, Text]);
static SET_IN_ONE: Item = key("a set", &[Text, Text]);
static SORTED_SET_IN_ONE: Item = key("a sorted set", &[Text, Text]);
static HASH_IN_ONE: Item = key("a hash", &[Text, Text]);
static QUICKLIST: Item = key("a list", &[Text, Each(&[Node])]);
static QUICKLIST_2: Item = key("a list", &[Text, Each(&[Container, Node])]);
static STREAM_1_ITEM: Item = key("a stream", STREAM);
static STREAM_2_ITEM: Item = key("a stream", STREAM_2);
static STREAM_3_ITEM: Item = key("a stream", STREAM_3);
// Hashes whose fields expire. Redis stores a time to live before a field, Valkey a time after its value. Only release
// candidates of Redis 7.4 write the form RC.
static HASH_WITH_TTL_RC: Item = key("a hash", &[Text, Each(&[Number, Text, Text])]);
static HASH_WITH_TTL: Item = key("a hash", &[Text, Bytes(8), Each(&[Number, Text, Text])]);
static HASH_WITH_TTL_IN_ONE: Item = key("a hash", &[Text, Bytes(8), Text]);
static HASH_WITH_EXPIRY: Item = key("a hash", &[Text, Each(&[Text, Text, Bytes(8)])]);

static KEY_METADATA: Item = other("a key's metadata", &[Each(&[Bytes(4), ModuleValues])]);
static SLOT_IMPORT: Item = other("a slot import", &[Text, Each(&[Number, Number])]);
static SLOT_INFO: Item = other("slot information", &[Number, Number, Number]);
static FUNCTION: Item = Item {
    name: "a function library",
    role: Role::Function,
    ops: &[Text],
};
static MODULE_AUX: Item = other("a module's data", &[ModuleType, When, Number, ModuleValues]);
static IDLE: Item = other("an idle time", &[Number]);
static FREQUENCY: Item = other("an access frequency", &[Bytes(1)]);
static AUX: Item = other("an auxiliary field", &[AuxName, AuxValue]);
static SIZES: Item = other("the sizes of a database", &[Number, Number]);
static EXPIRY_MS: Item = Item {
    name: "an expiry time",
    role: Role::Expiry,
    ops: &[Bytes(8)],
};
static EXPIRY_S: Item = Item {
    name: "an expiry time",
    role: Role::Expiry,
    ops: &[Bytes(4)],
};
static SELECT: Item = other("the number of a database", &[Database]);

/// The item of a byte that stands in the place of a type or an opcode. `None` if it is not known: newer
/// types, those of other vendors (KeyDB's 64, Redis Enterprise's 107), and those that only release
/// candidates wrote and no server reads (6 and 246). The end opcode has no item.
pub(super) fn item(byte: u8, magic: Magic) -> Option<&'static Item> {
    let is_redis = magic.family == Family::Redis;
    Some(match byte {
        0 => &STRING,
        1 => &LIST,
        2 => &SET,
        3 => &SORTED_SET,
        4 => &HASH,
        5 => &SORTED_SET_2,
        7 => &MODULE,
        9 | 13 | 16 => &HASH_IN_ONE,
        10 => &LIST_IN_ONE,
        11 | 20 => &SET_IN_ONE,
        12 | 17 => &SORTED_SET_IN_ONE,
        14 => &QUICKLIST,
        15 => &STREAM_1_ITEM,
        18 => &QUICKLIST_2,
        19 => &STREAM_2_ITEM,
        21 => &STREAM_3_ITEM,
        22 if is_redis => &HASH_WITH_TTL_RC,
        22 => &HASH_WITH_EXPIRY,
        23 if is_redis => &HASH_IN_ONE,
        24 if is_redis => &HASH_WITH_TTL,
        25 if is_redis => &HASH_WITH_TTL_IN_ONE,
        243 if !is_redis => &SLOT_IMPORT,
        243 if magic.is_newer() => &KEY_METADATA,
        244 => &SLOT_INFO,
        245 => &FUNCTION,
        247 => &MODULE_AUX,
        248 => &IDLE,
        249 => &FREQUENCY,
        250 => &AUX,
        251 => &SIZES,
        252 => &EXPIRY_MS,
        253 => &EXPIRY_S,
        254 => &SELECT,
        _ => return None,
    })
}

/// The form of a module's value by the number before it, other than the 0 that ends the values.
pub(super) fn module_value(number: u64) -> Option<&'static [Op]> {
    match number {
        1 | 2 => Some(&[Number]),
        3 => Some(&[Bytes(4)]),
        4 => Some(&[Bytes(8)]),
        5 => Some(&[Text]),
        _ => None,
    }
}

/// How deep the parts of an item may be nested: its own are at depth 1, and those of an [`Each`] or of a module's value
/// are one deeper.
pub(super) const DEEPEST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(ops: &[Op]) -> usize {
        let inner = ops.iter().map(|op| match op {
            Each(ops) => depth(ops),
            ModuleValues => 1,
            _ => 0,
        });
        1 + inner.max().unwrap_or_default()
    }

    #[test]
    fn no_item_is_deeper_than_the_walk_can_go() {
        for magic in [b"REDIS0012", b"REDIS0013", b"VALKEY080"] {
            let magic = Magic::parse(magic).unwrap();
            let items = (0..=u8::MAX).filter_map(|byte| item(byte, magic));
            assert!(items.map(|item| depth(item.ops)).max() <= Some(DEEPEST));
        }
    }

    #[test]
    fn every_part_that_repeats_takes_at_least_a_byte() {
        // A part of no bytes, repeated 2^64 times, would be walked for ever.
        fn check(ops: &[Op]) {
            assert!(!ops.is_empty());
            for op in ops {
                match op {
                    Each(ops) => check(ops),
                    Bytes(count) => assert!(*count > 0),
                    _ => {}
                }
            }
        }
        for magic in [b"REDIS0013", b"VALKEY080"] {
            let magic = Magic::parse(magic).unwrap();
            (0..=u8::MAX)
                .filter_map(|byte| item(byte, magic))
                .for_each(|item| check(item.ops));
        }
    }
}
