//! The rows in which the machine that the program runs on is at fault.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::row::{ALL, Cmd, Row};
use super::stage::Stage;

pub(super) fn machine() -> Vec<Row> {
    const CLOCK: &str = "this machine's clock is ";
    const AHEAD: &str = "ahead of the service's";
    const BEHIND: &str = " behind the service's";
    vec![
        Row::stage("stdout closed", |stage| {
            stage.stdout = Some(|| {
                let (reader, writer) = io::pipe().unwrap();
                drop(reader);
                writer.into()
            });
        }),
        Row::stage("stdout full", |stage| {
            stage.stdout = Some(|| File::options().write(true).open("/dev/full").unwrap().into());
        })
        .with(&ALL, |ending| {
            ending.exit = 1;
            ending.says = vec!["the output could not be written", "No space left", "a full disk"];
        })
        .with(&[Cmd::Create], |ending| ending.says.push(", which was started: "))
        // Not every system has /dev/full.
        .only(if Path::new("/dev/full").exists() { &ALL } else { &[] }),
        Row::stage("HOME unset", |stage| stage.home = None),
        Row::stage("HOME does not exist, and no keys elsewhere", |stage| {
            stage.home = Some(stage.path("nowhere"));
            stage.without_keys();
        })
        .fails(
            4,
            &[
                "no keys to sign with were found",
                "does not exist",
                "set JDCLOUD_ACCESS_KEY",
            ],
        )
        .before_any_request(),
        Row::stage("HOME unreadable", |stage| stage.home_mode(0o000)),
        Row::stage("HOME is no folder", Stage::home_is_a_file),
        Row::stage("HOME unreadable, and no keys elsewhere", |stage| {
            stage.home_is_a_file();
            stage.without_keys();
        })
        .fails(4, &["cannot be read", "a file that this user can read"])
        .before_any_request(),
        Row::stage("HOME read-only", |stage| stage.home_mode(0o500)),
        Row::stage("the folder for the files cannot be made", |stage| {
            fs::write(stage.path("files"), "").unwrap()
        })
        .hits(&[Cmd::Download], 1, &["--dir"])
        .only(&[Cmd::Download]),
        Row::stage("clock an hour ahead", |stage| stage.clock_ahead(3600))
            .fails(4, &["sign result is not same", CLOCK, AHEAD, "NTP"]),
        Row::stage("clock an hour behind", |stage| stage.clock_ahead(-3600))
            .fails(4, &["sign result is not same", CLOCK, BEHIND, "NTP"]),
        Row::stage("clock a day ahead", |stage| stage.clock_ahead(86_400))
            .fails(4, &["sign result is not same", CLOCK, AHEAD, "NTP"]),
        Row::stage("clock a day behind", |stage| stage.clock_ahead(-86_400))
            .fails(4, &["sign result is not same", CLOCK, BEHIND, "NTP"]),
    ]
}
