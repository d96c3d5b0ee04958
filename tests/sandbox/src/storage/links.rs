//! Pre-signed links to objects: AWS Signature V4 in the query, as the documented answer of
//! describeDownloadUrl shows, made and checked.

use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::encoding::{
    derive_key, hex, hmac_sha256, percent_decode, percent_encode, query_pairs, sha256_hex, sorted_query,
};
use crate::http::Request;
use crate::signature::BASIC_DATE;

/// The bucket of the documented answer.
pub(crate) const BUCKET: &str = "jmiss-redis-backup-hb";
/// The access key that links are signed with has the form of the documented one; it ends with the
/// number of the keys' generation.
const ACCESS_KEY: &str = "5A4DB0C5A4DB0C5A4DB0C5A4DB0C";
const SECRET_KEY: &str = "sandbox-storage-secret-key";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SIGNATURE: &str = "X-Amz-Signature";

/// The two pre-signed links to one object.
#[derive(Debug)]
pub(crate) struct Links {
    /// From anywhere; here, from the sandbox itself.
    pub(crate) public: String,
    /// From inside JD Cloud's network; never reachable from here.
    pub(crate) internal: String,
}

/// How links are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinkTerms<'a> {
    /// The scheme, host and port that the public links lead to.
    pub(crate) origin: &'a str,
    /// How long they work, in seconds.
    pub(crate) lifetime: u32,
    /// Links of earlier generations have expired, whatever their dates.
    pub(crate) generation: u16,
    pub(crate) now: OffsetDateTime,
}

/// Links to an object, signed now.
pub(crate) fn links(terms: &LinkTerms<'_>, region: &str, key: &str) -> Links {
    let origin = terms.origin;
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let internal_host = format!("{BUCKET}.s3-internal.{region}.jdcloud-oss.com");
    let access_key = access_key(terms.generation);
    let presigned = |host: &str, path: &str| {
        let signer = Signer {
            access_key: &access_key,
            secret_key: SECRET_KEY,
            region,
            date: &basic_date(terms.now),
        };
        format!("{path}?{}", signer.presigned_query(host, path, terms.lifetime))
    };
    let path = percent_encode(format!("/{key}").as_bytes(), b"/");
    Links {
        public: format!("{origin}{}", presigned(host, &format!("/{BUCKET}{path}"))),
        internal: format!("http://{internal_host}{}", presigned(&internal_host, &path)),
    }
}

fn access_key(generation: u16) -> String {
    format!("{ACCESS_KEY}{generation:04X}")
}

/// Why a link does not work.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LinkFault {
    Expired,
    /// It is not as it was signed, or not used as it was; in words.
    Differs(String),
}

/// Checks that a request is what the link in its target was signed for, and that the link still
/// works.
pub(crate) fn check(request: &Request, generation: u16, now: OffsetDateTime) -> Result<(), LinkFault> {
    let link = Link::of(request).ok_or_else(|| LinkFault::Differs("the query is not that of a link".to_owned()))?;
    let signer = Signer {
        access_key: &link.access_key,
        secret_key: SECRET_KEY,
        region: &link.region,
        date: &link.date,
    };
    let path = percent_encode(&percent_decode(request.path()), b"/");
    let host = request.header("host").unwrap_or_default();
    // The query is signed too: if this holds, all of it is as it was made.
    if link.signature != signer.signature(&request.method, host, &path, &link.signed_query) {
        return Err(LinkFault::Differs(format!(
            "this was not signed: {} {path} of {host}",
            request.method
        )));
    }
    if link.access_key != access_key(generation) || now >= link.end() {
        return Err(LinkFault::Expired);
    }
    Ok(())
}

/// What the query of a pre-signed link says.
struct Link {
    access_key: String,
    region: String,
    date: String,
    issued: OffsetDateTime,
    lifetime: u32,
    signature: String,
    /// The query without the signature, canonical.
    signed_query: String,
}

impl Link {
    fn of(request: &Request) -> Option<Self> {
        let value = |name| request.parameter(name);
        let date = value("X-Amz-Date")?;
        let credential = value("X-Amz-Credential")?;
        let mut scope = credential.split('/');
        let (access_key, _, region) = (scope.next()?, scope.next()?, scope.next()?);
        Some(Self {
            access_key: access_key.to_owned(),
            region: region.to_owned(),
            issued: PrimitiveDateTime::parse(&date, BASIC_DATE).ok()?.assume_utc(),
            lifetime: value("X-Amz-Expires")?.parse().ok()?,
            signature: value(SIGNATURE)?,
            signed_query: signed_query(request.query()),
            date,
        })
    }

    fn end(&self) -> OffsetDateTime {
        self.issued + Duration::seconds(self.lifetime.into())
    }
}

fn signed_query(query: &str) -> String {
    let mut pairs = query_pairs(query);
    pairs.retain(|(name, _)| name != SIGNATURE.as_bytes());
    sorted_query(pairs)
}

/// Signs requests with AWS Signature V4 in the query.
struct Signer<'a> {
    access_key: &'a str,
    secret_key: &'a str,
    region: &'a str,
    /// `YYYYMMDDTHHmmssZ`.
    date: &'a str,
}

impl Signer<'_> {
    fn scope(&self) -> String {
        format!("{}/{}/s3/aws4_request", self.day(), self.region)
    }

    fn day(&self) -> &str {
        self.date.get(..8).unwrap_or_default()
    }

    /// The query of a pre-signed GET; `path` is encoded already.
    fn presigned_query(&self, host: &str, path: &str, lifetime: u32) -> String {
        let credential = percent_encode(format!("{}/{}", self.access_key, self.scope()).as_bytes(), b"");
        // Sorted by name already, as the canonical request wants it.
        let query = format!(
            "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={}\
             &X-Amz-Expires={lifetime}&X-Amz-SignedHeaders=host",
            self.date
        );
        let signature = self.signature("GET", host, path, &query);
        format!("{query}&{SIGNATURE}={signature}")
    }

    /// The signature of a request; its path is encoded and its query canonical.
    fn signature(&self, method: &str, host: &str, path: &str, query: &str) -> String {
        let canonical_request = format!("{method}\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
        let string_to_sign = format!(
            "{ALGORITHM}\n{}\n{}\n{}",
            self.date,
            self.scope(),
            sha256_hex(canonical_request.as_bytes())
        );
        let secret = format!("AWS4{}", self.secret_key);
        let key = derive_key(secret.as_bytes(), &[self.day(), self.region, "s3", "aws4_request"]);
        hex(&hmac_sha256(&key, string_to_sign.as_bytes()))
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
            date: "20130524T000000Z",
        };
        assert_eq!(
            signer.presigned_query("examplebucket.s3.amazonaws.com", "/test.txt", 86400),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn links_have_the_documented_shape() {
        let terms = LinkTerms {
            origin: "http://127.0.0.1:8080",
            lifetime: 3600,
            generation: 0x5a4d,
            now: datetime!(2021-07-14 07:52:41 UTC),
        };
        let links = links(&terms, "cn-north-1", "redis-1234/20210714153657-backup1-0");
        let query = format!(
            "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={ACCESS_KEY}5A4D%2F20210714%2Fcn-north-1%2Fs3%2Faws4_request\
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
