//! How a command ends that has reported on files: one rule for `download` and `verify`.

use super::{FileReport, FileState};
use crate::error::{Kind, Report};
use crate::terminal::notes::Notes;
use crate::values::id::BaseId;

/// What a command did with the files. Decides what is advised.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Task<'a> {
    /// It fetched them; they belong to this backup.
    Download(&'a BaseId),
    /// It read what was there.
    Verify,
}

impl Task<'_> {
    fn summary(self, bad: usize, all: usize) -> String {
        match (self, bad, all) {
            (Self::Download(_), 1, 1) => "the file is not whole".to_owned(),
            (Self::Download(_), bad, all) => format!("{bad} of {all} files are not whole"),
            (Self::Verify, bad, all) => format!("{bad} of {all} files cannot be relied on"),
        }
    }

    fn hint(self, bad: &[&FileReport]) -> String {
        match self {
            // The ID, since by then another backup may be the latest.
            Self::Download(base_id) => {
                let anew = match bad.iter().any(|report| report.state() == FileState::Corrupt) {
                    true => ", and fetches what is corrupt anew",
                    false => "",
                };
                format!("fix the cause above, then run this again with --base-id {base_id}; it resumes{anew}")
            }
            Self::Verify => {
                "where a file cannot be read, check its name and who may read it; fetch a damaged one again, \
                             best with 'jdredis backup download'"
                    .to_owned()
            }
        }
    }
}

/// Warns of each file that is unverified, and fails with exit code 7 where a file is not good.
///
/// # Errors
/// A summary, a line for each file that is not good, and what to do.
pub(crate) fn judge(reports: &[FileReport], task: Task<'_>, notes: &Notes<'_>) -> anyhow::Result<()> {
    for report in reports {
        if report.state() == FileState::Unverified {
            let reason = report.reason().unwrap_or_default();
            notes.warn(format_args!("{} is unverified: {reason}", report.path().display()));
        }
    }
    let bad: Vec<&FileReport> = reports.iter().filter(|report| !report.state().is_good()).collect();
    if bad.is_empty() {
        return Ok(());
    }
    let lines = bad.iter().map(|report| report.complaint()).collect();
    Err(
        Report::with_hint(Kind::Integrity, task.summary(bad.len(), reports.len()), task.hint(&bad))
            .details(lines)
            .into(),
    )
}
