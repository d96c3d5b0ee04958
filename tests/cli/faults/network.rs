//! The rows in which the connection, its framing, its encryption, a redirect or a proxy is at fault.

use std::fs;
use std::time::Duration;

use jdredis_sandbox::{Authority, Certificate, Proxy, ProxyMode, Reply};

use super::row::Row;
use super::rude::Manner;
use super::stage::known_keys;
use crate::support::TOKEN;

pub(super) fn connections() -> Vec<Row> {
    vec![
        Row::stage("refused", |stage| {
            let nobody = Proxy::start(ProxyMode::Refuse).unwrap();
            stage.endpoint(nobody.url());
            stage.proxy = Some(nobody);
        })
        .fails(5, &["cannot be reached", "refused", "check --endpoint"])
        .retried_without_arrival(),
        Row::stage("reset before the request is read", |stage| stage.rude(Manner::Reset))
            .fails(5, &["the connection to", "broke off"])
            .retried_unless_create(),
        Row::stage("closed before the request", |stage| stage.rude(Manner::Close))
            .fails(5, &["the connection to", "broke off"])
            .retried_unless_create(),
        Row::answer("reset after the request", |_| Reply::reset())
            .fails(5, &["the connection to", "broke off"])
            .retried_unless_create(),
        Row::answer("closed after the request", |_| Reply::close())
            .fails(5, &["the connection to", "broke off"])
            .retried_unless_create(),
        Row::answer("no byte of an answer", |_| Reply::stall()).times_out(),
        Row::stage("stalled header", |stage| stage.rude(Manner::HalfHeader)).times_out(),
        Row::answer("stalled after the header", |body| {
            Reply::json(200, body).stall_after_headers()
        })
        .times_out(),
        Row::answer("stalled body", |body| Reply::json(200, body).stall_after(40)).times_out(),
        Row::answer("trickle", |body| {
            Reply::json(200, body).trickle(Duration::from_millis(100))
        })
        .times_out(),
    ]
}

pub(super) fn framing() -> Vec<Row> {
    vec![
        Row::answer("truncated body", |body| {
            let longer = body.len() as u64 + 1;
            Reply::json(200, body).content_length(longer)
        })
        .fails(5, &["broke off"])
        .retried_unless_create(),
        Row::answer("a length that is too short", |body| {
            let shorter = body.len() as u64 - 1;
            Reply::json(200, body).content_length(shorter)
        })
        .fails(6, &["HTTP 200 with a body that is not JSON"])
        .uncertain(),
        Row::answer("a length that is no number", |body| {
            Reply::raw(format!("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{body}"))
        })
        .fails(5, &["breaks the rules of HTTP"])
        .uncertain(),
        Row::answer("chunked", |body| Reply::json(200, body).chunked(7)),
        Row::answer("broken chunking", |body| Reply::json(200, body).broken_chunked())
            .fails(5, &["breaks the rules of HTTP"])
            .uncertain(),
        Row::answer("truncated chunking", |body| {
            Reply::raw(format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n",
                body.len()
            ))
        })
        .fails(5, &["broke off"])
        .retried_unless_create(),
        Row::answer("a body up to the end of the connection", |body| {
            Reply::json(200, body).until_close()
        }),
        Row::answer("half a body up to the end of the connection", |body| {
            Reply::json(200, &body.as_bytes()[..body.len() / 2]).until_close()
        })
        .fails(6, &["HTTP 200 with a body that is not JSON"])
        .uncertain(),
        Row::answer("no HTTP", |_| Reply::raw("220 mail.invalid ESMTP\r\n"))
            .fails(5, &["breaks the rules of HTTP"])
            .reads_advise("something else may be listening there")
            .uncertain(),
        Row::answer("a header without end", |body| {
            Reply::json(200, body).header("X-Long", "x".repeat(64 * 1024))
        })
        .fails(5, &["breaks the rules of HTTP"])
        .uncertain(),
        Row::answer("gzip unasked for", |_| {
            Reply::new(200)
                .header("Content-Encoding", "gzip")
                .body([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])
        })
        .fails(6, &["HTTP 200 with a compressed body, which was not asked for"])
        .uncertain(),
        Row::answer("a header that lies about gzip", |body| {
            Reply::json(200, body).header("Content-Encoding", "gzip")
        }),
    ]
}

pub(super) fn redirects() -> Vec<Row> {
    const REDIRECT: &str = "a redirect, which a signed request must not follow";
    vec![
        Row::answer("redirect to the same host", |_| {
            Reply::new(302).header("Location", "/v1/regions/cn-north-1/cacheInstance")
        })
        .fails(6, &["HTTP 302", REDIRECT])
        .uncertain(),
        Row::answer("redirect to nowhere", |_| Reply::new(301))
            .fails(6, &["HTTP 301", REDIRECT])
            .uncertain(),
        Row::stage("redirect to another host", |stage| stage.redirect_elsewhere(302))
            .fails(6, &["HTTP 302", REDIRECT])
            .uncertain(),
        Row::stage("redirect to another host that keeps the method", |stage| {
            stage.redirect_elsewhere(307)
        })
        .fails(6, &["HTTP 307", REDIRECT])
        .uncertain(),
    ]
}

pub(super) fn encrypted() -> Vec<Row> {
    const UNTRUSTED: &str = "no trusted encrypted connection to https://";
    vec![
        Row::stage("TLS: expired", |stage| stage.tls(Certificate::Expired))
            .fails(5, &[UNTRUSTED, "the certificate expired at "])
            .unsent(),
        Row::stage("TLS: wrong host", |stage| stage.tls(Certificate::WrongHost))
            .fails(5, &[UNTRUSTED, "the certificate is for wrong-host.invalid"])
            .unsent(),
        Row::stage("TLS: unknown CA", |stage| {
            stage.tls(Certificate::Good);
            Authority::new().write_pem(stage.path("ca.pem")).unwrap();
        })
        .fails(5, &[UNTRUSTED, "from no authority that this machine trusts"])
        .unsent(),
        Row::stage("TLS: no CA at all", |stage| {
            stage.tls(Certificate::Good);
            fs::write(stage.path("ca.pem"), "").unwrap();
        })
        .fails(5, &["no certificate authorities to trust could be loaded"])
        .unsent(),
        Row::stage("plain text on the TLS port", |stage| {
            stage.tls(Certificate::Good);
            stage.sandbox = known_keys().start().unwrap();
            stage.endpoint(format!("https://{}", stage.sandbox.address()));
        })
        .fails(5, &[UNTRUSTED, "spell out http:// in --endpoint"])
        .unsent(),
        Row::stage("TLS on the plain text port", |stage| {
            stage.tls(Certificate::Good);
            stage.endpoint(format!("http://{}", stage.sandbox.address()));
        })
        .fails(5, &["breaks the rules of HTTP"])
        .uncertain()
        .unsent(),
    ]
}

pub(super) fn proxies() -> Vec<Row> {
    const PROXY: &str = "the proxy 127.0.0.1:";
    vec![
        Row::stage("proxy: refused", |stage| stage.proxy(ProxyMode::Refuse))
            .fails(5, &[PROXY, "cannot be reached (http_proxy)", "refused"])
            .retried_without_arrival(),
        Row::stage("proxy: 407", |stage| stage.proxy(ProxyMode::AuthenticationRequired)).fails(
            5,
            &[PROXY, "does not accept the name and password in http_proxy", "407"],
        ),
        Row::stage("proxy: 502", |stage| stage.proxy(ProxyMode::BadGateway))
            .fails(5, &[PROXY, "could not reach http://127.0.0.1:", "(http_proxy)", "502"])
            .retried_unless_create(),
        Row::stage("proxy: garbage", |stage| stage.proxy(ProxyMode::Garbage))
            .fails(5, &["through the proxy 127.0.0.1:", "breaks the rules of HTTP"])
            .uncertain(),
        Row::stage("proxy: no address", |stage| {
            stage.env.push(("http_proxy", format!("http://me:{TOKEN}@:1")))
        })
        .fails(2, &["http_proxy", "hint: write it as http://HOST:PORT"])
        .before_any_request(),
    ]
}
