//! Compares the keys of a server with those that the reader of RDB files counted.

use std::collections::BTreeMap;

use crate::rdb::Database;

/// The keys that a server says it left out or dropped.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Dropped {
    /// Those whose time has passed; `None` where the server does not tell.
    pub(super) expired: Option<u64>,
    /// Those whose values have no elements.
    pub(super) empty: u64,
    /// Whether it also dropped hashes whose fields have expired, and does not tell how many.
    pub(super) has_expired_fields: bool,
}

/// Compares the keys, and returns how many of the file are not in the server because they have expired.
///
/// # Errors
/// How the keys differ, in words.
pub(super) fn compare(file: &[Database], server: &[Database], dropped: Dropped) -> Result<u64, String> {
    let mut counts: BTreeMap<u64, [(u64, u64); 2]> = BTreeMap::new();
    for (side, databases) in [file, server].into_iter().enumerate() {
        for database in databases {
            counts.entry(database.db).or_default()[side] = (database.keys, database.expires);
        }
    }
    // An empty value or a hash without fields that was left out may be a key that never expires.
    let is_exact = dropped.empty == 0 && !dropped.has_expired_fields;
    let mut missing = 0_u64;
    let mut may_expire = 0_u64;
    for (db, [(keys, expires), (found, found_expires)]) in counts {
        let differ = || {
            format!(
                "database {db} has {found} keys in the server and {keys} in the file, of which {expires} may expire"
            )
        };
        let persistent = keys.saturating_sub(expires);
        if found > keys || is_exact && found.saturating_sub(found_expires) != persistent {
            return Err(differ());
        }
        missing = missing.saturating_add(keys - found);
        may_expire = may_expire.saturating_add(expires);
    }
    let explained = match dropped.expired {
        _ if dropped.has_expired_fields => true,
        Some(expired) => missing == expired.saturating_add(dropped.empty),
        None => missing <= may_expire.saturating_add(dropped.empty),
    };
    match explained {
        true => Ok(missing.saturating_sub(dropped.empty)),
        false => {
            let expired = dropped.expired.unwrap_or_default();
            let empty = dropped.empty;
            Err(format!(
                "{missing} keys of the file are not in the server, which left out {expired} that have expired and {empty} \
                 that are empty"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(db: u64, keys: u64, expires: u64) -> Database {
        Database { db, keys, expires }
    }

    fn told(expired: u64) -> Dropped {
        Dropped {
            expired: Some(expired),
            ..Dropped::default()
        }
    }

    #[test]
    fn all_keys_or_all_but_the_expired_ones_are_there() {
        let file = [of(0, 10, 3), of(7, 0, 0), of(200, 2, 2)];
        assert_eq!(compare(&file, &[of(0, 10, 3), of(200, 2, 2)], told(0)), Ok(0));
        assert_eq!(compare(&file, &[of(0, 8, 1)], told(4)), Ok(4));
        assert_eq!(compare(&file, &[of(0, 8, 1)], Dropped::default()), Ok(4));
        assert_eq!(compare(&[], &[], told(0)), Ok(0));
    }

    #[test]
    fn a_key_too_few_too_many_or_in_another_database_differs() {
        let file = [of(0, 10, 3), of(1, 5, 0)];
        for (server, expired) in [
            // One that never expires is missing, whatever is said of expired ones.
            (vec![of(0, 9, 3), of(1, 5, 0)], 1),
            (vec![of(0, 11, 3), of(1, 5, 0)], 0),
            (vec![of(0, 11, 3), of(1, 4, 0)], 0),
            (vec![of(0, 10, 3)], 5),
            (vec![of(0, 10, 3), of(1, 5, 0), of(2, 1, 0)], 0),
            // Fewer than the server says it dropped.
            (vec![of(0, 8, 1), of(1, 5, 0)], 1),
            (vec![of(0, 8, 1), of(1, 5, 0)], 3),
        ] {
            assert!(compare(&file, &server, told(expired)).is_err(), "{server:?}");
        }
    }

    #[test]
    fn empty_values_are_left_out_and_told() {
        let file = [of(0, 9, 0)];
        let dropped = Dropped {
            expired: Some(0),
            empty: 9,
            ..Dropped::default()
        };
        assert_eq!(compare(&file, &[], dropped), Ok(0));
        assert!(compare(&file, &[], Dropped { empty: 8, ..dropped }).is_err());
        let old = Dropped {
            expired: None,
            ..dropped
        };
        assert_eq!(compare(&file, &[], old), Ok(0));
    }
}
