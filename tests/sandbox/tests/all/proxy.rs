//! The forward proxy: it tunnels to loopback only, and refuses in each of its modes.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use jdredis_sandbox::{Connect, Proxy, ProxyMode, Sandbox};

use crate::requests::{TARGET, read_answer, signed, wire};

fn start(mode: ProxyMode) -> Proxy {
    Proxy::start(mode).expect("a port is free")
}

fn connect(proxy: &Proxy, target: &str) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).expect("the proxy accepts");
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("the timeout is not zero");
    let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nProxy-Authorization: Basic dTpw\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("the proxy reads");
    stream
}

fn answer_to(proxy: &Proxy, target: &str) -> String {
    let mut received = Vec::new();
    connect(proxy, target)
        .read_to_end(&mut received)
        .expect("the end is orderly");
    String::from_utf8_lossy(&received).into_owned()
}

fn read_established(stream: &mut TcpStream) {
    let mut established = [0; 39];
    stream.read_exact(&mut established).expect("the proxy answers");
    assert_eq!(&established, b"HTTP/1.1 200 Connection established\r\n\r\n");
}

#[test]
fn a_tunnel_leads_to_its_target_or_to_the_sandbox() {
    let sandbox = Sandbox::start();
    let address = sandbox.address();
    let cases = [
        (ProxyMode::Tunnel, address.to_string()),
        (ProxyMode::Tunnel, format!("localhost:{}", address.port())),
        (ProxyMode::TunnelTo(address), "redis.jdcloud-api.com:443".to_owned()),
    ];
    for (mode, target) in cases {
        let proxy = start(mode);
        let mut stream = connect(&proxy, &target);
        // A client may send before the proxy has answered.
        stream
            .write_all(&wire(&signed(&sandbox, TARGET)))
            .expect("the proxy reads");
        read_established(&mut stream);
        assert_eq!(read_answer(&mut stream).status, 200);
        assert_eq!(
            proxy.connects(),
            [Connect {
                method: "CONNECT".to_owned(),
                target,
                authorization: Some("Basic dTpw".to_owned())
            }]
        );
        assert_eq!(proxy.connections(), 1);
        // Dropping the proxy ends the open tunnel.
        drop(proxy);
        assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
    }
}

#[test]
fn the_end_of_the_target_ends_the_tunnel() {
    let sandbox = Sandbox::start();
    let proxy = start(ProxyMode::TunnelTo(sandbox.address()));
    let mut stream = connect(&proxy, "redis.jdcloud-api.com:443");
    read_established(&mut stream);
    drop(sandbox);
    assert_eq!(stream.read(&mut [0]).expect("the end is orderly"), 0);
}

#[test]
fn each_mode_refuses_in_its_way() {
    let cases = [
        (
            ProxyMode::AuthenticationRequired,
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic ",
        ),
        (ProxyMode::BadGateway, "HTTP/1.1 502 Bad Gateway\r\n"),
        (ProxyMode::Status(403), "HTTP/1.1 403 Refused\r\n"),
        (ProxyMode::Close, ""),
        (ProxyMode::Garbage, "\u{15}\u{3}\u{1}garbage"),
        // Not on loopback.
        (ProxyMode::Tunnel, "HTTP/1.1 502 Bad Gateway\r\n"),
    ];
    for (mode, expected) in cases {
        let proxy = start(mode);
        let answer = answer_to(&proxy, "192.0.2.1:443");
        assert!(answer.starts_with(expected), "{mode:?}: {answer:?}");
        assert_eq!(proxy.connects()[0].target, "192.0.2.1:443");
    }
    let refusing = start(ProxyMode::Refuse);
    let error = TcpStream::connect(refusing.address()).expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(refusing.connections(), 0);
}

#[test]
fn a_proxy_to_another_machine_cannot_start() {
    let elsewhere = "192.0.2.1:443".parse().expect("an address and a port");
    let error = Proxy::start(ProxyMode::TunnelTo(elsewhere)).expect_err("the address is not on loopback");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn passes_a_request_in_absolute_form_on_in_origin_form() {
    let sandbox = Sandbox::start();
    let proxy = start(ProxyMode::Tunnel);
    let mut stream = TcpStream::connect(proxy.address()).expect("the proxy accepts");
    let request = format!(
        "GET http://{}/v1/x?y HTTP/1.1\r\nHost: h\r\nProxy-Authorization: Basic dTpw\r\n\r\n",
        sandbox.address()
    );
    stream.write_all(request.as_bytes()).expect("the proxy reads");
    read_answer(&mut stream);
    let requests = sandbox.requests();
    assert_eq!(requests[0].target, "/v1/x?y");
    assert_eq!(requests[0].header("host"), Some("h"));
    assert_eq!(requests[0].header("proxy-authorization"), None);
    assert_eq!(proxy.connects()[0].method, "GET");
}

#[test]
fn a_request_that_is_not_for_a_proxy_is_not_allowed() {
    let proxy = start(ProxyMode::Tunnel);
    let mut stream = TcpStream::connect(proxy.address()).expect("the proxy accepts");
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("the proxy reads");
    assert_eq!(read_answer(&mut stream).status, 405);
}

#[test]
fn a_script_comes_before_the_mode() {
    let proxy = start(ProxyMode::BadGateway);
    proxy.script([ProxyMode::Status(503)]);
    assert!(answer_to(&proxy, "127.0.0.1:1").starts_with("HTTP/1.1 503 "));
    assert!(answer_to(&proxy, "127.0.0.1:1").starts_with("HTTP/1.1 502 "));
}
