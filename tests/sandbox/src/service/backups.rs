//! describeBackups, describeBackupInfo and createBackup.

use serde_json::{Value, json};
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::catalog::{Backup, Place, rfc3339};
use crate::difference::Difference;
use crate::http::Request;
use crate::script::HttpReply;

use super::Call;
use super::answers::{Outcome, failure, invalid_argument, listing, not_found, uuid, without_nulls};
use super::paging::Page;

/// The form of `startTime` and `endTime`. The documentation names none; taking no offset but `Z` is a guess.
const BOUND: &[FormatItem<'static>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
/// The only `backupType` to make a backup with: by hand.
const MANUAL: u64 = 1;
const FILE_NAME_LIMIT: usize = 32;

pub(super) fn describe(call: &mut Call<'_>, place: Place<'_>) -> Outcome {
    let page = Page::of(call.request)?;
    let wanted = Wanted::of(call)?;
    let (shown, count) = if wanted.is_everything() {
        let count = call.catalog.count(place);
        let on_page = |position| call.catalog.get(place, position);
        (page.positions(count).filter_map(on_page).collect(), count)
    } else {
        let mut found: Vec<Backup> = call.catalog.all(place).filter(|backup| wanted.has(backup)).collect();
        let count = found.len();
        (found.drain(page.positions(count)).collect(), count)
    };
    let shown: Vec<Backup> = shown;
    call.catalog.note_shown(&shown);
    let backups: Vec<Value> = shown
        .iter()
        .map(|backup| fields(backup, place, call.object_size))
        .collect();
    Ok(listing("backups", backups, count))
}

/// One backup, its fields side by side with the request's, and what is known of its instance.
pub(super) fn describe_one(call: &mut Call<'_>, place: Place<'_>, base_id: &str) -> Outcome {
    let id = &place.instance.id;
    let found = call.catalog.all(place).find(|backup| backup.base_id == base_id);
    let backup = found.ok_or_else(|| not_found(&format!("backup {base_id} of cacheInstance {id} not found")))?;
    let mut answer = fields(&backup, place, call.object_size);
    let details = place.instance.details.as_ref();
    answer["extension"] = without_nulls(json!({
        "redisVersion": details.map(|details| details.version),
        "cacheInstanceType": details.map(|details| details.kind),
    }));
    Ok(answer)
}

/// Which backups a request asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    base_id: Option<String>,
    from: Option<OffsetDateTime>,
    to: Option<OffsetDateTime>,
}

impl Wanted {
    fn of(call: &Call<'_>) -> Result<Self, HttpReply> {
        let request = call.request;
        let (from, to) = match call.difference {
            Some(Difference::TimesIgnored) => (None, None),
            Some(Difference::TimesRefused) if request.parameter("startTime").is_some() => {
                return Err(invalid_argument("startTime is not a time"));
            }
            _ => (bound(request, "startTime")?, bound(request, "endTime")?),
        };
        Ok(Self {
            base_id: request.parameter("baseId"),
            from,
            to,
        })
    }

    fn is_everything(&self) -> bool {
        self.base_id.is_none() && self.from.is_none() && self.to.is_none()
    }

    /// A backup of an unknown time is in no span of time.
    fn has(&self, backup: &Backup) -> bool {
        let started = |fits: &dyn Fn(OffsetDateTime) -> bool| backup.started.is_some_and(fits);
        self.base_id.as_ref().is_none_or(|base_id| *base_id == backup.base_id)
            && self.from.is_none_or(|from| started(&|time| time >= from))
            && self.to.is_none_or(|to| started(&|time| time <= to))
    }
}

fn bound(request: &Request, name: &str) -> Result<Option<OffsetDateTime>, HttpReply> {
    request
        .parameter(name)
        .map(|value| PrimitiveDateTime::parse(&value, BOUND).map(PrimitiveDateTime::assume_utc))
        .transpose()
        .map_err(|_| invalid_argument(&format!("{name} is not YYYY-MM-DDTHH:mm:ssZ")))
}

fn fields(backup: &Backup, place: Place<'_>, object_size: u64) -> Value {
    // A backup without a status has no other field either.
    let is_known = backup.status.is_some();
    let details = place.instance.details.as_ref().filter(|_| backup.has_size);
    without_nulls(json!({
        "baseId": backup.base_id,
        "backupFileName": backup.file_name,
        "cacheInstanceId": is_known.then_some(&place.instance.id),
        "backupStartTime": backup.started.map(rfc3339),
        "backupEndTime": backup.ended.map(rfc3339),
        "backupType": backup.is_manual.map(u8::from),
        "backupSize": backup.has_size.then(|| object_size * backup.nodes as u64),
        "backupStatus": backup.status.map(|status| status as u8),
        "backupShardMemoryMB": details.map(|details| details.memory_mb / details.shards),
        "backupShardNum": details.map(|_| backup.nodes.max(1)),
        "backupDownloadURL": is_known.then_some(""),
    }))
}

pub(super) fn create(call: &mut Call<'_>, place: Place<'_>) -> Outcome {
    let Ok(body @ Value::Object(_)) = serde_json::from_slice(&call.request.body) else {
        return Err(invalid_argument("the body is not a JSON object"));
    };
    let file_name = body["fileName"].as_str().unwrap_or_default();
    if !is_file_name(file_name) {
        return Err(invalid_argument("fileName must be 1 to 32 of A-Z, a-z, 0-9 and _"));
    }
    if body["backupType"].as_u64() != Some(MANUAL) {
        return Err(invalid_argument("backupType must be 1"));
    }
    let has_name = |backup: Backup| backup.file_name.as_deref() == Some(file_name);
    if call.catalog.all(place).any(has_name) {
        let message = format!("cacheInstance {} has a backup {file_name}", place.instance.id);
        return Err(failure(409, "ALREADY_EXISTS", &message));
    }
    let base_id = uuid();
    call.catalog.make(place, base_id.clone(), file_name, call.now);
    Ok(json!({ "baseId": base_id }))
}

fn is_file_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=FILE_NAME_LIMIT).contains(&text.len()) && text.bytes().all(is_allowed)
}
