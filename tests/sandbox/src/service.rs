//! The API's operations: what the service answers to a request that the gateway let through, in
//! the shapes that JD Cloud documents for cache-Redis.

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::http::Request;
use crate::script::HttpReply;
use crate::signature::Denial;
use crate::storage;

/// The answer of describeDownloadUrl in JD Cloud's documentation, byte for byte.
pub const DOCUMENTED_ANSWER: &str = include_str!("../data/describe-download-url.json");

/// The regions that the documentation lists.
const REGIONS: [&str; 4] = ["cn-north-1", "cn-south-1", "cn-east-2", "cn-east-1"];

/// A backup that exists, in every region.
struct Backup {
    instance: &'static str,
    base_id: &'static str,
    /// The last segment of its objects' keys without the shard's number.
    object: &'static str,
    nodes: usize,
    has_internal_links: bool,
}

const BACKUPS: [Backup; 4] = [
    // The IDs and the object of the documentation's example.
    Backup {
        instance: "redis-1234",
        base_id: "1234",
        object: "20210714153657-backup1",
        nodes: 1,
        has_internal_links: true,
    },
    Backup {
        instance: "redis-1234",
        base_id: "no-internal",
        object: "20210715153657-backup2",
        nodes: 1,
        has_internal_links: false,
    },
    Backup {
        instance: "redis-1234",
        base_id: "empty",
        object: "20210716153657-backup3",
        nodes: 0,
        has_internal_links: true,
    },
    Backup {
        instance: "redis-cluster1",
        base_id: "a607efba-ff06-4d78-ba3c-b3119fce27fd",
        object: "20210717153657-backup4",
        nodes: 4,
        has_internal_links: true,
    },
];

/// Answers a request that is signed as it should be. `origin` is the sandbox's own scheme, host
/// and port, for the links that lead back to it.
pub(crate) fn answer(request: &Request, origin: &str, now: OffsetDateTime) -> HttpReply {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["v1", "regions", region, operation @ ..] = segments.as_slice() else {
        return not_found(&format!("no such path: {}", request.path()));
    };
    if !REGIONS.contains(region) {
        return invalid_argument(&format!("unknown regionId {region}"));
    }
    match (request.method.as_str(), operation) {
        ("GET", ["cacheInstance", instance, "backup:describeDownloadUrl"]) => {
            describe_download_url(request, region, instance, origin, now)
        }
        (method, _) => not_found(&format!("no operation {method} {}", request.path())),
    }
}

fn describe_download_url(
    request: &Request,
    region: &str,
    instance: &str,
    origin: &str,
    now: OffsetDateTime,
) -> HttpReply {
    let Some(base_id) = request.parameter("baseId").filter(|base_id| !base_id.is_empty()) else {
        return invalid_argument("baseId is required");
    };
    if !BACKUPS.iter().any(|backup| backup.instance == instance) {
        return not_found(&format!("cacheInstance {instance} not found"));
    }
    match BACKUPS
        .iter()
        .find(|backup| backup.instance == instance && backup.base_id == base_id)
    {
        Some(backup) => success(&json!({ "downloadUrls": download_urls(backup, region, origin, now) })),
        None => not_found(&format!("backup {base_id} of cacheInstance {instance} not found")),
    }
}

fn download_urls(backup: &Backup, region: &str, origin: &str, now: OffsetDateTime) -> Vec<Value> {
    let download_url = |node| {
        let key = format!("{}/{}-{node}", backup.instance, backup.object);
        let links = storage::links(origin, region, &key, now);
        let name = format!("node {node}");
        if backup.has_internal_links {
            json!({ "internalLink": links.internal, "link": links.public, "name": name })
        } else {
            json!({ "link": links.public, "name": name })
        }
    };
    (0..backup.nodes).map(download_url).collect()
}

fn success(result: &Value) -> HttpReply {
    let request_id = request_id();
    let body = json!({ "requestId": request_id, "result": result });
    reply(200, &request_id, &body)
}

/// A failure in the service's shape.
pub(crate) fn failure(code: u16, status: &str, message: &str) -> HttpReply {
    let request_id = request_id();
    let error = json!({ "message": message, "status": status, "code": code });
    reply(code, &request_id, &json!({ "error": error, "requestId": request_id }))
}

fn not_found(message: &str) -> HttpReply {
    failure(404, "NOT_FOUND", message)
}

fn invalid_argument(message: &str) -> HttpReply {
    failure(400, "INVALID_ARGUMENT", message)
}

/// The gateway's answer to a request it refuses. The order of the keys differs between them in
/// the bodies seen of the real one, and so it does here.
pub(crate) fn refusal(denial: Denial) -> HttpReply {
    match denial {
        Denial::LacksAuthorization => {
            let request_id = request_id();
            let error = json!({
                "status": "ACCESS_ERROR", "code": 401, "message": "lack of header authorization[gw]"
            });
            reply(401, &request_id, &json!({ "requestId": request_id, "error": error }))
        }
        Denial::SignatureDiffers => failure(401, "ACCESS_ERROR", "sign result is not same [gw]"),
        Denial::NonceUsed => failure(403, "HTTP_FORBIDDEN", "please use different noncestr [gw]"),
        Denial::BadRequest => failure(400, "HTTP_BAD_REQUEST", "bad request [gw]"),
    }
}

fn reply(status: u16, request_id: &str, body: &Value) -> HttpReply {
    let mut reply = HttpReply::json(status, body.to_string());
    reply.push_header("x-jdcloud-request-id", request_id);
    reply
}

/// A new request ID in the form of the documented ones: 32 of `0-9a-v`.
fn request_id() -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let mut random = [0_u8; 32];
    SystemRandom::new()
        .fill(&mut random)
        .expect("the operating system has random bytes");
    random
        .iter()
        .map(|byte| char::from(DIGITS[usize::from(byte & 31)]))
        .collect()
}
