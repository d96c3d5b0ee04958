//! The answer to `INFO`: lines of `name:value`, in all versions of Redis and Valkey.

use crate::rdb::Database;

/// The answer's text.
pub(super) struct Info(pub(super) String);

impl Info {
    fn text(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    }

    fn number(&self, name: &str) -> Option<u64> {
        let text = self.text(name)?;
        // A percentage has a fraction, and an estimate may be negative.
        text.split('.').next()?.trim().parse().ok()
    }

    /// Whether a file is being loaded; `None` where the answer is none of Redis's or Valkey's.
    pub(super) fn is_loading(&self) -> Option<bool> {
        Some(self.number("loading")? == 1)
    }

    /// How many bytes of the file are loaded.
    pub(super) fn loaded_bytes(&self) -> Option<u64> {
        self.number("loading_loaded_bytes")
    }

    /// How much of the file is loaded, in percent.
    pub(super) fn percent(&self) -> Option<u8> {
        self.number("loading_loaded_perc")?.try_into().ok()
    }

    /// How long loading still takes, by the server's estimate; `None` where it has none.
    pub(super) fn seconds_left(&self) -> Option<u64> {
        self.number("loading_eta_seconds")
    }

    /// The memory that the server's data takes, in bytes.
    pub(super) fn used_memory(&self) -> Option<u64> {
        self.number("used_memory")
    }

    /// Which server: Valkey also gives a version of Redis, with which it is compatible.
    pub(super) fn server(&self) -> Option<String> {
        let valkey = self.text("valkey_version").map(|version| format!("Valkey {version}"));
        valkey.or_else(|| Some(format!("Redis {}", self.text("redis_version")?)))
    }

    /// How many keys were left out or dropped since their time has passed; `None` before Redis 7.0.
    pub(super) fn expired(&self) -> Option<u64> {
        let dropped = self.number("expired_keys")?;
        Some(self.number("rdb_last_load_keys_expired")?.saturating_add(dropped))
    }

    /// Whether fields of hashes have expired, which takes a hash away with its last field.
    pub(super) fn has_expired_fields(&self) -> bool {
        ["expired_subkeys", "expired_fields"]
            .iter()
            .any(|name| self.number(name).is_some_and(|count| count > 0))
    }

    /// The databases that have keys, by number: `db0:keys=167,expires=3,avg_ttl=0`.
    pub(super) fn databases(&self) -> Vec<Database> {
        let of = |line: &str| {
            let (number, rest) = line.strip_prefix("db")?.split_once(':')?;
            let value = |name: &str| {
                let mut parts = rest.split(',');
                parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
            };
            Some(Database {
                db: number.parse().ok()?,
                keys: value("keys")?,
                expires: value("expires")?,
            })
        };
        self.0.lines().filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_answer_is_read() {
        let text = "# Server\r\nredis_version:7.0.15\r\nloading:1\r\nloading_loaded_bytes:1024\r\n\
                    loading_loaded_perc:12.34\r\nloading_eta_seconds:-1\r\nused_memory:1046232\r\n\
                    rdb_last_load_keys_expired:10\r\nexpired_keys:2\r\n\r\n\
                    # Keyspace\r\ndb0:keys=167,expires=3,avg_ttl=0\r\ndb13:keys=1,expires=0,avg_ttl=0,subexpiry=0\r\n";
        let info = Info(text.to_owned());
        assert_eq!(info.is_loading(), Some(true));
        assert_eq!(info.loaded_bytes(), Some(1024));
        assert_eq!((info.percent(), info.seconds_left()), (Some(12), None));
        let guessed = Info(text.replace("seconds:-1", "seconds:7"));
        assert_eq!(guessed.seconds_left(), Some(7));
        assert_eq!(info.used_memory(), Some(1_046_232));
        assert_eq!(info.expired(), Some(12));
        assert_eq!(info.server().as_deref(), Some("Redis 7.0.15"));
        let of = |db, keys, expires| Database { db, keys, expires };
        assert_eq!(info.databases(), [of(0, 167, 3), of(13, 1, 0)]);
        assert_eq!(Info("OK".to_owned()).is_loading(), None);
        let valkey = Info("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n".to_owned());
        assert_eq!(valkey.server().as_deref(), Some("Valkey 8.0.1"));
        assert_eq!((valkey.expired(), valkey.is_loading()), (None, None));
    }

    #[test]
    fn expired_fields_are_told_by_redis_and_by_valkey() {
        for (text, has_expired) in [
            ("expired_keys:3\r\n", false),
            ("expired_subkeys:0\r\n", false),
            ("expired_subkeys:1\r\n", true),
            ("expired_fields:2\r\n", true),
        ] {
            assert_eq!(Info(text.to_owned()).has_expired_fields(), has_expired, "{text}");
        }
    }
}
