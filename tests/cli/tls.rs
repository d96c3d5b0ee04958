//! TLS with an authority made for the test, in the system's ways of naming one.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::thread;

use jdredis_sandbox::{Authority, Certificate, Proxy, ProxyMode, Reply, Sandbox};

use crate::support::{Jdredis, is_installed, sandbox, sandbox_builder, say_not_run};

/// A sandbox that speaks HTTPS, and the certificate of its authority.
pub(crate) struct Secure {
    pub(crate) sandbox: Sandbox,
    /// Holds `ca.pem` and, in `certs`, the same under a hashed name.
    folder: tempfile::TempDir,
}

impl Secure {
    pub(crate) fn new(certificate: Certificate) -> Self {
        let authority = Authority::new();
        let folder = tempfile::tempdir().unwrap();
        let certs = folder.path().join("certs");
        std::fs::create_dir(&certs).unwrap();
        authority.write_pem(folder.path().join("ca.pem")).unwrap();
        authority.write_pem(certs.join("0a1b2c3d.0")).unwrap();
        let sandbox = sandbox_builder().tls(authority.issue(certificate)).start().unwrap();
        Self { sandbox, folder }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn trusting(&self) -> Jdredis<'_> {
        Jdredis::at(&self.sandbox).env("SSL_CERT_FILE", &self.path("ca.pem"))
    }
}

#[test]
fn a_trusted_certificate_from_a_file_or_a_folder() {
    let secure = Secure::new(Certificate::Good);
    assert!(secure.sandbox.endpoint().starts_with("https://"));
    secure.trusting().url().data();
    Jdredis::at(&secure.sandbox)
        .env("SSL_CERT_DIR", &secure.path("certs"))
        .url()
        .data();
    assert_eq!(secure.sandbox.requests().len(), 2);
}

#[test]
fn a_certificate_that_is_not_to_be_trusted_is_refused_before_anything_is_sent() {
    let unknown = Secure::new(Certificate::Good);
    let other = Secure::new(Certificate::Good);
    let outcome = Jdredis::at(&unknown.sandbox)
        .env("SSL_CERT_FILE", &other.path("ca.pem"))
        .url();
    outcome.fails_saying(
        5,
        &[
            "no trusted encrypted connection to https://",
            "the certificate is from no authority that this machine trusts",
            "point SSL_CERT_FILE at its CA",
        ],
    );

    assert!(unknown.sandbox.requests().is_empty());
}

#[test]
fn a_bad_certificate_is_described_in_words() {
    for (certificate, texts) in [
        (
            Certificate::Expired,
            &[
                "the certificate expired at 20",
                ", and this machine's clock says 20",
                "clock first ('date -u')",
            ][..],
        ),
        (
            Certificate::NotYetValid,
            &[
                "the certificate is valid from 20",
                ", and this machine's clock says 20",
                "clock first ('date -u')",
            ],
        ),
        (Certificate::WrongHost, &["the certificate is for wrong-host.invalid\n"]),
        (Certificate::WrongPurpose, &["the certificate is not for servers"]),
        (
            Certificate::SelfSigned,
            &["the certificate is an authority's own (self-signed)", "CA:FALSE"],
        ),
    ] {
        let secure = Secure::new(certificate);
        let outcome = secure.trusting().url();
        outcome.fails_saying(5, &["no trusted encrypted connection to https://"]);
        outcome.says(texts);
        for debug in [
            "Context",
            "UnixTime",
            "DnsName",
            "CaUsed",
            "EndEntity",
            "[",
            "Error",
            "invalid peer",
        ] {
            let text = outcome.stderr.replace("profile [", "");
            assert!(!text.contains(debug), "{debug} of {certificate:?}: {outcome:#?}");
        }
        assert!(secure.sandbox.requests().is_empty());
        // The certificate stays what it is.
        assert!(!outcome.stderr.contains("attempts"), "{outcome:#?}");
    }
}

#[test]
fn a_server_of_old_versions_is_said_to_be_one() {
    for (answer, text) in [
        // Alerts of TLS 1.0: protocol_version, which names the reason, and handshake_failure, which does not.
        (&b"\x15\x03\x01\x00\x02\x02\x46"[..], "it speaks no TLS 1.2 or newer"),
        (
            b"\x15\x03\x01\x00\x02\x02\x28",
            "no version and cipher of TLS in common",
        ),
    ] {
        let server = answering(answer);
        let secure = Secure::new(Certificate::Good);
        let run = secure.trusting().args(["--endpoint", &format!("https://{server}")]);
        run.url()
            .fails_saying(5, &["no trusted encrypted connection to https://", text]);
    }
}

/// A server that gives one connection this answer, whatever it is asked.
fn answering(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 16]).unwrap();
        stream.write_all(bytes).unwrap();
        // Closing with bytes unread would be a reset, which may overtake the answer.
        stream.shutdown(Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    address
}

#[test]
fn a_store_that_a_variable_names_and_that_has_no_authority_is_named_with_the_reason() {
    let secure = Secure::new(Certificate::Good);
    std::fs::write(secure.path("empty.pem"), "").unwrap();
    std::fs::write(secure.path("text.pem"), "no certificate\n").unwrap();
    std::fs::create_dir(secure.path("empty")).unwrap();
    for (variable, name, why) in [
        ("SSL_CERT_FILE", "missing.pem", "No such file or directory"),
        ("SSL_CERT_FILE", "empty.pem", "it holds no certificate in PEM form"),
        ("SSL_CERT_FILE", "text.pem", "it holds no certificate in PEM form"),
        ("SSL_CERT_FILE", "certs", "Is a directory"),
        ("SSL_CERT_DIR", "missing", "No such file or directory"),
        ("SSL_CERT_DIR", "empty", "it holds no certificate in PEM form"),
    ] {
        let path = secure.path(name);
        let outcome = Jdredis::at(&secure.sandbox).env(variable, &path).url();
        outcome.fails_saying(
            5,
            &[
                "no certificate authorities to trust",
                &format!("{variable}={path}: {why}\n"),
                "ca-certificates",
            ],
        );
        assert!(!outcome.stderr.contains("attempts"), "{outcome:#?}");
    }
}

#[cfg(unix)]
#[test]
fn a_store_that_would_be_waited_for_or_has_no_end_is_not_read() {
    let secure = Secure::new(Certificate::Good);
    let fifo = secure.path("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    for path in [&*fifo, "/dev/zero"] {
        for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            let outcome = Jdredis::at(&secure.sandbox).env(variable, path).url();
            outcome.fails_saying(
                5,
                &[&format!(
                    "{variable}={path}: it is a FIFO, a socket or a device, not a file\n"
                )],
            );
        }
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let secure = Secure::new(Certificate::Good);
    let with_folder = Jdredis::at(&secure.sandbox)
        .env("SSL_CERT_FILE", "")
        .env("SSL_CERT_DIR", &secure.path("certs"));
    with_folder.url().data();
    let run = secure.trusting().env("SSL_CERT_DIR", "");
    run.url().data();
    // The system's store, if there is one, does not know the authority.
    let neither = Jdredis::at(&secure.sandbox)
        .env("SSL_CERT_FILE", "")
        .env("SSL_CERT_DIR", "")
        .url();
    assert!(!neither.failure(5).contains("SSL_CERT_FILE="), "{neither:#?}");
}

#[test]
fn plain_text_on_the_tls_port_is_told_from_a_bad_certificate() {
    let plain = sandbox();
    let secure = Secure::new(Certificate::Good);
    let endpoint = plain.endpoint().replace("http://", "https://");
    let outcome = secure.trusting().args(["--endpoint", &endpoint]).url();
    outcome.fails_saying(
        5,
        &["no trusted encrypted connection", "spell out http:// in --endpoint"],
    );
}

#[test]
fn tls_goes_through_a_proxys_tunnel() {
    let secure = Secure::new(Certificate::Good);
    let proxy = Proxy::start(ProxyMode::Tunnel).unwrap();
    secure.trusting().env("HTTPS_PROXY", &proxy.url()).url().data();
    assert_eq!(proxy.connects().len(), 1);
    assert_eq!(secure.sandbox.requests().len(), 1);
}

#[test]
fn the_public_endpoints_host_header_has_no_port() {
    // The tunnel leads to the sandbox whatever is asked of it, so the program can believe that it
    // talks to the real endpoint.
    let plain = sandbox();
    plain.always(Reply::json(200, r#"{"result":{"downloadUrls":[{"link":"https://h/x"}]}}"#).verified());
    let proxy = Proxy::start(ProxyMode::TunnelTo(plain.address())).unwrap();
    let outcome = Jdredis::at(&plain)
        .args(["-q", "--endpoint", "http://redis.jdcloud-api.com"])
        .env("http_proxy", &proxy.url())
        .url();
    assert_eq!(outcome.code, Some(0), "{outcome:#?} {:#?}", plain.refusals());
    let target = &proxy.connects()[0].target;
    assert!(target.starts_with("http://redis.jdcloud-api.com/v1/"), "{target}");
    assert_eq!(plain.requests()[0].header("host"), Some("redis.jdcloud-api.com"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_clock_that_is_wrong_is_named_as_the_clock() {
    if !is_installed("faketime") {
        return say_not_run("a wrong clock", "faketime is not installed");
    }
    let secure = Secure::new(Certificate::Good);
    for (offset, text) in [
        ("+60d", "the certificate expired at 20"),
        ("-60d", "the certificate is valid from 20"),
    ] {
        let run = secure.trusting().args(crate::support::URL);
        let outcome = run.through(&["faketime", "-f", offset]).run();
        outcome.fails_saying(
            5,
            &[
                text,
                ", and this machine's clock says 20",
                "look at this machine's clock first ('date -u')",
            ],
        );
    }
}

#[cfg(unix)]
#[test]
fn a_store_that_may_not_be_read_is_named() {
    let secure = Secure::new(Certificate::Good);
    let command = ["setpriv", "--reuid=65534", "--clear-groups"];
    let can = std::process::Command::new(command[0])
        .args(&command[1..])
        .arg("true")
        .output();
    if !can.is_ok_and(|output| output.status.success()) {
        return say_not_run("an unreadable trust store", "it takes root and setpriv");
    }
    let path = secure.path("ca.pem");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let outcome = secure.trusting().args(crate::support::URL).through(&command).run();
    outcome.fails_saying(5, &[&format!("SSL_CERT_FILE={path}: Permission denied\n")]);
}

#[test]
fn the_pages_of_a_listing_share_a_connection() {
    let secure = Secure::new(Certificate::Good);
    let run = secure
        .trusting()
        .args(["instance", "list", "--region", "cn-east-2", "-o", "plain"]);
    let outcome = run.run();
    assert_eq!(outcome.data().lines().count(), 231);
    assert_eq!(secure.sandbox.requests().len(), 3);
    assert_eq!(secure.sandbox.connections(), 1);
}
