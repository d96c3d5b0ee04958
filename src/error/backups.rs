//! The reports on a backup that was not found, or that has no links: message and advice.

use super::{Kind, Report, api};
use crate::api::excerpt;
use crate::backups::Error;

pub(super) fn report(error: &Error) -> Report {
    let (request_id, hint) = match error {
        Error::Api(error) => return api::report(error),
        Error::NoneSucceeded { others, request_id, .. } => {
            let hint = match (others.running, others.failed, others.undocumented.is_empty()) {
                (0, 0, true) => "make one with 'jdredis backup create'; JD Cloud keeps a backup for 7 days",
                (0, _, true) => {
                    "'jdredis backup list' shows the failed ones; make a new one with 'jdredis backup create'"
                }
                (0, _, false) => "'jdredis backup list' shows them; give the one to take with --base-id",
                _ => "wait until it has finished: 'jdredis backup list' shows its status",
            };
            (request_id, hint)
        }
        Error::UnreadStarts { backups, request_id } => {
            let details = backups.iter().map(|(id, text)| match text.as_str() {
                "" => format!("backup {id}: its start is no text"),
                text => format!("backup {id}: \"{}\"", excerpt(text)),
            });
            return Report::with_hint(
                Kind::Service,
                error.to_string(),
                "give the one to take with --base-id: 'jdredis backup list' shows what is known of each; and please send what \
                 'jdredis doctor' prints",
            )
            .details(details.collect())
            .request_id(request_id.as_ref());
        }
        Error::NoLinks { request_id } => (
            request_id,
            "the backup may still be running, may have failed, or may be gone: JD Cloud keeps one for 7 days",
        ),
        Error::NoInternalLink { request_id, .. } => (request_id, "leave --internal out to get the public links"),
    };
    Report::with_hint(Kind::NotFound, error.to_string(), hint).request_id(request_id.as_ref())
}
