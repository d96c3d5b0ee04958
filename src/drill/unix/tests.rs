//! What a person is told of a file that is loaded, and how often a server is asked.

use super::*;
use crate::rdb::{Checksum, Contents};

fn contents(databases: Option<Vec<crate::rdb::Database>>) -> Contents {
    Contents {
        version: 9,
        redis_version: None,
        created_at: None,
        used_memory: None,
        checksum: Checksum::Right,
        databases,
        functions: None,
        modules: None,
    }
}

#[test]
fn there_is_a_remark_for_what_is_left_out_and_none_where_all_is_there() {
    let of = |databases, expired, empty| {
        let contents = contents(databases);
        let subject = Subject {
            path: "dump.rdb".as_ref(),
            bytes: 1,
            contents: &contents,
        };
        let dropped = Dropped {
            empty,
            ..Dropped::default()
        };
        remarks(subject, expired, dropped)
    };
    assert_eq!(of(Some(vec![]), 0, 0), None);
    let both = "3 keys are left out, whose time has passed; 2 keys are left out, whose values are empty";
    assert_eq!(of(Some(vec![]), 3, 2).as_deref(), Some(both));
    assert!(of(None, 0, 0).unwrap().ends_with("so they were not compared"));
}

#[test]
fn the_waits_grow_up_to_the_longest() {
    assert!(longer(FIRST_TICK) > FIRST_TICK);
    assert_eq!(longer(TICK), TICK);
}
