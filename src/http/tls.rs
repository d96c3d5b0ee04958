//! The TLS handshake with the other end, and rustls's errors in words.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::{ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, ClientConfig, ClientConnection, InvalidMessage, PeerIncompatible};
use rustls::{OtherError, StreamOwned};
use time::OffsetDateTime;

use super::failure::{self, Stage};
use super::socket::{Duplex, Socket};
use crate::values::when::rfc3339;

/// The fault of the other end's TLS, as far as it decides what a user can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsFault {
    /// The other end speaks another protocol, most often plain HTTP.
    NotTls,
    /// It speaks only versions before 1.2.
    TooOld,
    /// The certificate has expired, or is not valid yet, by this machine's clock.
    OutOfDate,
    /// The certificate is for other hosts.
    WrongHost,
    /// The server's certificate is at the same time that of an authority (basicConstraints CA:TRUE).
    SelfSigned,
    /// No authority that this machine trusts has signed the certificate.
    Untrusted,
    /// Anything else.
    Other,
}

/// How many of a certificate's hosts a message names: some certificates have hundreds.
const MAX_NAMES: usize = 5;

/// An encrypted connection.
type Tls = StreamOwned<ClientConnection, Box<dyn Duplex>>;

impl Duplex for Tls {
    fn socket(&mut self) -> &mut Socket {
        self.sock.socket()
    }
}

/// Does the handshake over a stream, within the limit that its socket has.
///
/// # Errors
/// The step that failed, and the reason in words.
pub(super) fn connect(
    mut stream: Box<dyn Duplex>,
    host: &str,
    config: Arc<ClientConfig>,
    read_ahead: usize,
) -> Result<Box<dyn Duplex>, (Stage, String)> {
    let of_rustls = |error: &rustls::Error| {
        let (fault, words) = describe(error);
        (Stage::Tls(fault), words)
    };
    // A dot at the end of a host's name is not in certificates, nor in SNI (RFC 6066, section 3).
    let bare = host.trim_matches(['[', ']']);
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    let name = ServerName::try_from(bare.to_owned()).map_err(|_| {
        (
            Stage::Tls(TlsFault::Other),
            "the host's name cannot be in a certificate".to_owned(),
        )
    })?;
    let mut session = ClientConnection::new(config, name).map_err(|error| of_rustls(&error))?;
    stream.socket().read_ahead(read_ahead);
    while session.is_handshaking() {
        session
            .complete_io(&mut stream)
            .map_err(|error| match failure::of_io(&error) {
                (Stage::Broken, words) => (Stage::Handshake, words),
                other => other,
            })?;
    }
    Ok(Box::new(StreamOwned::new(session, stream)))
}

/// Puts rustls's error into words, without the names of its types.
pub(super) fn describe(error: &rustls::Error) -> (TlsFault, String) {
    match error {
        rustls::Error::InvalidCertificate(error) => of_certificate(error),
        rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge
            | InvalidMessage::InvalidEmptyPayload,
        ) => (TlsFault::NotTls, "what it answers is no TLS".to_owned()),
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::Tls12NotOffered,
        )
        | rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            (TlsFault::TooOld, "it speaks no TLS 1.2 or newer".to_owned())
        }
        // Servers that speak only old versions send `handshake_failure` if they do not know
        // `protocol_version`.
        rustls::Error::AlertReceived(AlertDescription::HandshakeFailure)
        | rustls::Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon) => (
            TlsFault::Other,
            "it and this program have no version and cipher of TLS in common".to_owned(),
        ),
        rustls::Error::AlertReceived(AlertDescription::Unknown(number)) => {
            (TlsFault::Other, format!("it ended TLS with the alert {number}"))
        }
        rustls::Error::AlertReceived(alert) => (
            TlsFault::Other,
            format!("it ended TLS with the alert '{}'", in_words(alert)),
        ),
        rustls::Error::PeerIncompatible(reason) => (
            TlsFault::Other,
            format!("it lacks a part of TLS ({})", in_words(reason)),
        ),
        rustls::Error::PeerMisbehaved(reason) => (
            TlsFault::Other,
            format!("it breaks the rules of TLS ({})", in_words(reason)),
        ),
        rustls::Error::InvalidMessage(reason) => {
            (TlsFault::Other, format!("it sent broken TLS ({})", in_words(reason)))
        }
        rustls::Error::DecryptError => (TlsFault::Other, "what it sent cannot be decrypted".to_owned()),
        rustls::Error::NoCertificatesPresented => (TlsFault::Other, "it has no certificate".to_owned()),
        rustls::Error::FailedToGetRandomBytes => (TlsFault::Other, "the system gave no random bytes".to_owned()),
        error => (TlsFault::Other, error.to_string()),
    }
}

fn of_certificate(error: &CertificateError) -> (TlsFault, String) {
    let other = |words: String| (TlsFault::Other, words);
    match error {
        CertificateError::ExpiredContext { time, not_after } => (
            TlsFault::OutOfDate,
            format!(
                "the certificate expired at {}, and this machine's clock says {}",
                date(*not_after),
                date(*time)
            ),
        ),
        CertificateError::NotValidYetContext { time, not_before } => (
            TlsFault::OutOfDate,
            format!(
                "the certificate is valid from {} on, and this machine's clock says {}",
                date(*not_before),
                date(*time)
            ),
        ),
        CertificateError::Expired => (TlsFault::OutOfDate, "the certificate has expired".to_owned()),
        CertificateError::NotValidYet => (TlsFault::OutOfDate, "the certificate is not valid yet".to_owned()),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let mut names: Vec<&str> = presented.iter().filter_map(|name| host_name(name)).collect();
            if names.is_empty() {
                return (TlsFault::WrongHost, "the certificate names no host".to_owned());
            }
            let more = names.len().saturating_sub(MAX_NAMES);
            names.truncate(MAX_NAMES);
            let others = match more {
                0 => String::new(),
                more => format!(" and {more} others"),
            };
            let words = format!("the certificate is for {}{others}", names.join(", "));
            (TlsFault::WrongHost, words)
        }
        CertificateError::NotValidForName => (TlsFault::WrongHost, "the certificate is for another host".to_owned()),
        CertificateError::UnknownIssuer => (
            TlsFault::Untrusted,
            "the certificate is from no authority that this machine trusts".to_owned(),
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            other("the certificate is not for servers".to_owned())
        }
        CertificateError::BadSignature => (
            TlsFault::Untrusted,
            "the certificate is from no authority that this machine trusts (the signature is not of the one it names)"
                .to_owned(),
        ),
        CertificateError::BadEncoding => other("the certificate cannot be read".to_owned()),
        CertificateError::Revoked => other("the certificate was revoked".to_owned()),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            other("the certificate is signed in a way that is too old or not known (such as SHA-1)".to_owned())
        }
        CertificateError::Other(OtherError(error)) => match error.downcast_ref::<webpki::Error>() {
            Some(webpki::Error::CaUsedAsEndEntity) => (
                TlsFault::SelfSigned,
                "the certificate is an authority's own (self-signed), not a server's".to_owned(),
            ),
            Some(error) => other(format!("the certificate is not valid ({})", in_words(error))),
            None => other(format!("the certificate is not valid ({error})")),
        },
        error => other(format!("the certificate is not valid ({})", in_words(error))),
    }
}

/// The host in webpki's text `DnsName("h")` or `IpAddress(1.2.3.4)`; `None` for mail addresses, URIs and
/// other names that are not hosts.
fn host_name(presented: &str) -> Option<&str> {
    let (kind, name) = presented.split_once('(')?;
    let is_of_host = matches!(kind, "DnsName" | "IpAddress");
    is_of_host
        .then(|| name.strip_suffix(')'))?
        .map(|name| name.trim_matches('"'))
}

/// Turns the name of a variant such as `BadCertificate` into `bad certificate`: the libraries have no text for these.
/// The variant's values are left out.
fn in_words(error: &impl fmt::Debug) -> String {
    let name = format!("{error:?}");
    let name = name.split(['(', '{']).next().unwrap_or_default().trim();
    let mut words = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && was_lower {
            words.push(' ');
        }
        was_lower = !c.is_ascii_uppercase();
        words.push(c.to_ascii_lowercase());
    }
    words
}

fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).map_or_else(|_| "a time beyond all calendars".to_owned(), rfc3339)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_objection_shows_a_type_a_list_of_numbers_or_seconds_since_1970() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let other = |error: webpki::Error| CertificateError::Other(OtherError(Arc::new(error)));
        for (error, fault, words) in [
            (
                CertificateError::ExpiredContext {
                    time: at(86_400),
                    not_after: at(0),
                }
                .into(),
                TlsFault::OutOfDate,
                "the certificate expired at 1970-01-01T00:00:00Z, and this machine's clock says 1970-01-02T00:00:00Z",
            ),
            (
                CertificateError::NotValidForNameContext {
                    expected: ServerName::try_from("h").unwrap(),
                    presented: vec![
                        "DnsName(\"other.example\")".to_owned(),
                        "UniformResourceIdentifier(\"http://u\")".to_owned(),
                        "IpAddress(10.0.0.1)".to_owned(),
                        "Unsupported(0x01)".to_owned(),
                    ],
                }
                .into(),
                TlsFault::WrongHost,
                "the certificate is for other.example, 10.0.0.1",
            ),
            (
                CertificateError::NotValidForNameContext {
                    expected: ServerName::try_from("h").unwrap(),
                    presented: vec!["DnsName(\"x\")".to_owned(); MAX_NAMES + 2],
                }
                .into(),
                TlsFault::WrongHost,
                "the certificate is for x, x, x, x, x and 2 others",
            ),
            (
                CertificateError::NotValidForNameContext {
                    expected: ServerName::try_from("h").unwrap(),
                    presented: vec!["Unsupported(0x01)".to_owned()],
                }
                .into(),
                TlsFault::WrongHost,
                "the certificate names no host",
            ),
            (
                other(webpki::Error::CaUsedAsEndEntity).into(),
                TlsFault::SelfSigned,
                "the certificate is an authority's own (self-signed), not a server's",
            ),
            (
                other(webpki::Error::PathLenConstraintViolated).into(),
                TlsFault::Other,
                "the certificate is not valid (path len constraint violated)",
            ),
            (
                CertificateError::UnsupportedSignatureAlgorithmContext {
                    signature_algorithm_id: vec![42, 134],
                    supported_algorithms: Vec::new(),
                }
                .into(),
                TlsFault::Other,
                "the certificate is signed in a way that is too old or not known (such as SHA-1)",
            ),
            (
                rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType),
                TlsFault::NotTls,
                "what it answers is no TLS",
            ),
            (
                rustls::Error::AlertReceived(AlertDescription::ProtocolVersion),
                TlsFault::TooOld,
                "it speaks no TLS 1.2 or newer",
            ),
            (
                rustls::Error::AlertReceived(AlertDescription::UnrecognisedName),
                TlsFault::Other,
                "it ended TLS with the alert 'unrecognised name'",
            ),
            (
                rustls::Error::AlertReceived(AlertDescription::UnknownCA),
                TlsFault::Other,
                "it ended TLS with the alert 'unknown ca'",
            ),
            (
                rustls::Error::AlertReceived(AlertDescription::Unknown(200)),
                TlsFault::Other,
                "it ended TLS with the alert 200",
            ),
        ] {
            let error: rustls::Error = error;
            assert_eq!(describe(&error), (fault, words.to_owned()), "{error:?}");
        }
    }
}
