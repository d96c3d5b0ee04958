//! `jdredis backup policy …`: the schedule of automatic backups. `list` answers which instances of a region
//! have none, `show` prints one, and `set` changes one and looks whether the change took.
