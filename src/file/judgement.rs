//! How `backup download` and `backup verify` end, by the states of their files: exit code, summary and hint.

use std::path::Path;

use super::advice::text;
use super::{FileReport, FileState};
use crate::error::{Kind, Report};
use crate::rdb::Advice;
use crate::terminal::notes::Notes;
use crate::values::id::BaseId;

/// What a command did with the files. The advice depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Task<'a> {
    /// It fetched the files of this backup.
    Download(&'a BaseId),
    /// It read existing files.
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
            // The hint names the ID and not `--latest`, since another backup may be the latest by then.
            Self::Download(base_id) => {
                let is_refetched = |state| matches!(state, FileState::Corrupt | FileState::NotRdb);
                let anew = match bad.iter().any(|report| is_refetched(report.state())) {
                    true => ", and fetches what is corrupt anew",
                    false => "",
                };
                let again =
                    format!("fix the cause above, then run this again with --base-id {base_id}; it resumes{anew}");
                // Such files are the same at the storage, so fetching them again would not help.
                let is_as_stored = |report: &FileReport| report.advice().is_some_and(Advice::is_of_stored_bytes);
                let again = (!bad.iter().all(|report| is_as_stored(report))).then_some(again);
                // `again` says already to fetch the file again.
                joined(again, advice(bad, |advice| advice != Advice::FetchAgain))
            }
            Self::Verify => {
                let is_unreadable = bad.iter().any(|report| report.state() == FileState::Unreadable);
                let check = "where a file cannot be read, check its name and who may read it";
                joined(is_unreadable.then(|| check.to_owned()), advice(bad, |_| true))
            }
        }
    }
}

fn joined(first: Option<String>, others: Vec<String>) -> String {
    first.into_iter().chain(others).collect::<Vec<_>>().join("; ")
}

/// The wanted advice on the files. Files with the same advice get it once.
fn advice(reports: &[&FileReport], is_wanted: impl Fn(Advice) -> bool) -> Vec<String> {
    let mut given: Vec<Advice> = Vec::new();
    let mut texts = Vec::new();
    for report in reports {
        if let Some(advice) = report.advice()
            && is_wanted(advice)
            && !given.iter().any(|other| advice.is_like(*other))
        {
            given.push(advice);
            texts.push(text(advice, &shell_word(report.path())));
        }
    }
    texts
}

/// The path quoted as one word of a shell command. Standard input has no path, so a placeholder stands for
/// it.
fn shell_word(path: &Path) -> String {
    let text = path.to_string_lossy();
    if text == "-" {
        return "FILE".to_owned();
    }
    let text = if text.starts_with('-') {
        format!("./{text}")
    } else {
        text.into_owned()
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+,:@%=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Warns about each unverified file, and notes what was remarked on one that is `ok`.
///
/// # Errors
/// If a file is not good: a [`Report`] with exit code 7, a summary, a line for each such file, and the advice.
pub(crate) fn judge(reports: &[FileReport], task: Task<'_>, notes: &Notes<'_>) -> anyhow::Result<()> {
    for report in reports {
        let path = report.path().display();
        match (report.state(), report.reason()) {
            (FileState::Unverified, reason) => {
                notes.warn(format_args!("{path} is unverified: {}", reason.unwrap_or_default()));
            }
            (FileState::Ok, Some(reason)) => notes.note(format_args!("{path}: {reason}")),
            _ => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_on_a_file_that_cannot_be_read_is_given_for_no_other() {
        let hint = |state| Task::Verify.hint(&[&FileReport::new("x", 0, state, None)]);
        assert!(hint(FileState::Unreadable).contains("who may read it"));
        assert_eq!(hint(FileState::Corrupt), "");
    }

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, word) in [
            ("backups/redis-1.rdb.gz", "backups/redis-1.rdb.gz"),
            ("my file", "'my file'"),
            ("it's", r"'it'\''s'"),
            ("$(reboot)", "'$(reboot)'"),
            ("备份", "'备份'"),
            ("-c", "./-c"),
            ("-", "FILE"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }
}
