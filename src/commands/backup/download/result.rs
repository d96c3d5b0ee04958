//! What a download prints on standard output, and its error where the backup lacks files.

use serde::Serialize;

use super::Download;
use super::watch::Fetched;
use crate::backups::SameObject;
use crate::error::{Kind, Report};
use crate::file::{FileReport, FileState};
use crate::output::{Format, json, plain, table};
use crate::terminal::human;
use crate::values::id::BaseId;

/// The reasons to think that the backup lacks files, in words: fewer links than shards, and several nodes with one
/// file.
pub(super) fn missing_files(links: usize, same: &[SameObject], shards: Option<u64>) -> Vec<String> {
    let fewer = shards
        .filter(|shards| (links as u64) < *shards)
        .map(|shards| format!("it has {shards} shards, and the service gives links to {links}"));
    fewer.into_iter().chain(same.iter().map(ToString::to_string)).collect()
}

/// The error of a backup of which files are missing.
pub(super) fn incomplete(missing: Vec<String>, base_id: &BaseId) -> Report {
    let hint = format!(
        "the service's links are wrong: look whether 'jdredis backup url --base-id {base_id}' gives others now, else \
         report the base ID to JD Cloud; the files that are here are what the links lead to"
    );
    Report::with_hint(Kind::Integrity, "the backup is not complete", hint).details(missing)
}

impl Download<'_> {
    /// The results for the files. With `-q`, a table has only the rows that a person must see.
    pub(super) fn render(&self, fetched: &Fetched) -> Vec<u8> {
        let reports = &fetched.reports;
        let is_quiet = self.context.notes.is_quiet();
        let rows = reports.iter().zip(&fetched.lengths);
        let rows = rows.filter(|(report, _)| !is_quiet || report.is_noteworthy());
        match self.context.format {
            Format::Table => table::render_rows(
                &["NODE", "STATE", "SIZE", "RESUMED FROM", "FILE"],
                rows.map(|(report, length)| {
                    let resumed = match report.resumed_from() {
                        0 => String::new(),
                        bytes => human::size(bytes),
                    };
                    [
                        report.node().to_owned(),
                        report.state().name().to_owned(),
                        human::size(report.bytes()) + &share(report, *length),
                        resumed,
                        report.path().display().to_string(),
                    ]
                }),
            ),
            Format::Json => json::render(&Document {
                region: self.settings.region.as_str(),
                instance: self.args.instance.id.as_str(),
                base_id: self.backup.base_id.as_str(),
                expected_shards: self.info().shards,
                files: reports,
            }),
            Format::Plain => {
                let good = reports.iter().filter(|report| report.state().is_good());
                plain::render(good.map(|report| report.path().as_os_str().as_encoded_bytes()))
            }
        }
    }
}

/// How much of a file is there that is not whole; empty for other files, and where its length is not known.
fn share(report: &FileReport, length: Option<u64>) -> String {
    length
        .filter(|length| report.state() == FileState::Incomplete && *length > 0)
        .map(|length| format!(" ({} %)", human::percent(report.bytes(), length)))
        .unwrap_or_default()
}

/// What `-o json` prints; its keys and their order are a contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    region: &'a str,
    instance: &'a str,
    base_id: &'a str,
    /// How many shards the backup has; null where the service does not tell.
    expected_shards: Option<u64>,
    /// One for each node that was asked for, in the service's order.
    files: &'a [FileReport],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_a_file_is_told_where_it_lacks_something() {
        let of = |state, length| share(&FileReport::new("a.rdb", 50, state, None), length);
        assert_eq!(of(FileState::Incomplete, Some(200)), " (25 %)");
        assert_eq!(of(FileState::Incomplete, Some(0)), "");
        assert_eq!(of(FileState::Incomplete, None), "");
        assert_eq!(of(FileState::Corrupt, Some(200)), "");
    }
}
