//! A backup that was not found, or one without links, in the user's words.

use super::{Kind, Report, api};
use crate::backups::Error;

pub(super) fn report(error: &Error) -> Report {
    let (request_id, hint) = match error {
        Error::Api(error) => return api::report(error),
        Error::NoneSucceeded {
            running,
            failed,
            request_id,
            ..
        } => {
            let hint = match (running, failed) {
                (0, 0) => "make one with 'jdredis backup create'; JD Cloud keeps a backup for 7 days",
                (0, _) => "'jdredis backup list' shows the failed ones; make a new one with 'jdredis backup create'",
                _ => "wait until it has finished: 'jdredis backup list' shows its status",
            };
            (request_id, hint)
        }
        Error::NoLinks { request_id } => (
            request_id,
            "the backup may still be running, may have failed, or may be gone: JD Cloud keeps one for 7 days",
        ),
        Error::NoInternalLink { request_id, .. } => (request_id, "leave --internal out to get the public links"),
    };
    Report::with_hint(Kind::NotFound, error.to_string(), hint).request_id(request_id.as_ref())
}
