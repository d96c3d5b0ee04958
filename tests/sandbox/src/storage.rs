//! The object storage that backups lie in: where an object is and the pre-signed links to it.
//!
//! Links are AWS Signature V4 in the query, as the documented answer of describeDownloadUrl shows.

use time::OffsetDateTime;

use crate::encoding::{derive_key, hex, hmac_sha256, percent_encode, sha256_hex};
use crate::signature::BASIC_DATE;

/// The bucket of the documented answer.
const BUCKET: &str = "jmiss-redis-backup-hb";
/// The access key that links are signed with, in the form of the documented one.
const ACCESS_KEY: &str = "5A4DB0C5A4DB0C5A4DB0C5A4DB0C5A4D";
const SECRET_KEY: &str = "sandbox-storage-secret-key";
/// How long a link works, in seconds: "valid for 1 hour".
const LIFETIME_SECONDS: u32 = 3600;

/// The two pre-signed links to one object.
#[derive(Debug)]
pub(crate) struct Links {
    /// From anywhere; here, from the sandbox itself.
    pub(crate) public: String,
    /// From inside JD Cloud's network; never reachable from here.
    pub(crate) internal: String,
}

/// Links to an object, signed now. `origin` is the sandbox's own scheme, host and port.
pub(crate) fn links(origin: &str, region: &str, key: &str, now: OffsetDateTime) -> Links {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let internal_host = format!("{BUCKET}.s3-internal.{region}.jdcloud-oss.com");
    let presigned = |host: &str, path: &str| {
        let signer = Signer {
            access_key: ACCESS_KEY,
            secret_key: SECRET_KEY,
            region,
            now,
            lifetime: LIFETIME_SECONDS,
        };
        format!("{path}?{}", signer.presigned_query(host, path))
    };
    let path = percent_encode(format!("/{key}").as_bytes(), b"/");
    Links {
        public: format!("{origin}{}", presigned(host, &format!("/{BUCKET}{path}"))),
        internal: format!("http://{internal_host}{}", presigned(&internal_host, &path)),
    }
}

/// Signs GETs with AWS Signature V4 in the query.
struct Signer<'a> {
    access_key: &'a str,
    secret_key: &'a str,
    region: &'a str,
    now: OffsetDateTime,
    /// In seconds.
    lifetime: u32,
}

impl Signer<'_> {
    /// The query of a pre-signed GET; `path` is encoded already.
    fn presigned_query(&self, host: &str, path: &str) -> String {
        const ALGORITHM: &str = "AWS4-HMAC-SHA256";
        let date = basic_date(self.now);
        let day = &date[..8];
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let credential = percent_encode(format!("{}/{scope}", self.access_key).as_bytes(), b"");
        // Sorted by name already, as the canonical request wants it.
        let query = format!(
            "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={date}\
             &X-Amz-Expires={}&X-Amz-SignedHeaders=host",
            self.lifetime
        );
        let canonical_request = format!("GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
        let string_to_sign = format!(
            "{ALGORITHM}\n{date}\n{scope}\n{}",
            sha256_hex(canonical_request.as_bytes())
        );
        let secret = format!("AWS4{}", self.secret_key);
        let key = derive_key(secret.as_bytes(), &[day, self.region, "s3", "aws4_request"]);
        let signature = hex(&hmac_sha256(&key, string_to_sign.as_bytes()));
        format!("{query}&X-Amz-Signature={signature}")
    }
}

/// `YYYYMMDDTHHmmssZ`.
fn basic_date(time: OffsetDateTime) -> String {
    time.format(BASIC_DATE)
        .expect("a date and time of day has every part of the format")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    /// "Example: Presigned URL" of Amazon S3's "Authenticating Requests: Using Query Parameters".
    #[test]
    fn signs_the_published_example() {
        let signer = Signer {
            access_key: "AKIAIOSFODNN7EXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            now: datetime!(2013-05-24 00:00 UTC),
            lifetime: 86400,
        };
        assert_eq!(
            signer.presigned_query("examplebucket.s3.amazonaws.com", "/test.txt"),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn links_have_the_documented_shape() {
        let now = datetime!(2021-07-14 07:52:41 UTC);
        let links = links(
            "http://127.0.0.1:8080",
            "cn-north-1",
            "redis-1234/20210714153657-backup1-0",
            now,
        );
        let query = format!(
            "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={ACCESS_KEY}%2F20210714%2Fcn-north-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20210714T075241Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature="
        );
        let public = format!("http://127.0.0.1:8080/jmiss-redis-backup-hb/redis-1234/20210714153657-backup1-0{query}");
        let internal = format!(
            "http://jmiss-redis-backup-hb.s3-internal.cn-north-1.jdcloud-oss.com/redis-1234/20210714153657-backup1-0{query}"
        );
        assert!(links.public.starts_with(&public), "{}", links.public);
        assert!(links.internal.starts_with(&internal), "{}", links.internal);
    }
}
