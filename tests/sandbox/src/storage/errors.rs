//! The object storage's errors: XML in the documented shape.

use crate::encoding::{hex, random_bytes};
use crate::script::HttpReply;

/// An error of the object storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageError {
    /// 403 AccessDenied, `Access Denied`.
    AccessDenied,
    /// AccessDenied, `Request has expired`, with the status that
    /// [`Builder::expired_link_status`](crate::Builder::expired_link_status) sets.
    Expired,
    /// 403 SignatureDoesNotMatch.
    SignatureDoesNotMatch,
    /// 404 NoSuchKey.
    NoSuchKey,
    /// 412 PreconditionFailed.
    PreconditionFailed,
    /// 416 InvalidRange.
    InvalidRange,
    /// 400 InvalidArgument, for a request with credentials beside those of the link.
    InvalidArgument,
    /// 400 SlowDown.
    SlowDown,
    /// 400 RequestTimeTooSkewed.
    RequestTimeTooSkewed,
    /// 500 InternalError.
    InternalError,
}

impl StorageError {
    fn parts(self, expired_status: u16) -> (u16, &'static str, &'static str) {
        match self {
            Self::AccessDenied => (403, "AccessDenied", "Access Denied"),
            Self::Expired => (expired_status, "AccessDenied", "Request has expired"),
            Self::SignatureDoesNotMatch => (
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            ),
            Self::NoSuchKey => (404, "NoSuchKey", "The specified key does not exist."),
            Self::PreconditionFailed => (
                412,
                "PreconditionFailed",
                "At least one of the pre-conditions you specified did not hold",
            ),
            Self::InvalidRange => (416, "InvalidRange", "The requested range is not satisfiable"),
            Self::InvalidArgument => (400, "InvalidArgument", "Only one auth mechanism allowed"),
            Self::SlowDown => (400, "SlowDown", "Please reduce your request rate."),
            Self::RequestTimeTooSkewed => (
                400,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            Self::InternalError => (
                500,
                "InternalError",
                "We encountered an internal error. Please try again.",
            ),
        }
    }

    /// The answer for a request for this path.
    pub(crate) fn reply(self, path: &str, expired_status: u16) -> HttpReply {
        let (status, code, message) = self.parts(expired_status);
        let request_id = hex(&random_bytes::<8>()).to_uppercase();
        let resource = path.replace('&', "&amp;").replace('<', "&lt;");
        let mut reply = HttpReply::new(status);
        reply.push_header("Content-Type", "application/xml");
        reply.body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
             <Resource>{resource}</Resource><RequestId>{request_id}</RequestId></Error>"
        )
        .into_bytes();
        reply
    }
}
