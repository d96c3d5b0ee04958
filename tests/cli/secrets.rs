//! No run prints a secret. Every run of every test is searched for the canary keys; the runs here are the
//! most likely to print them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use jdredis_sandbox::Reply;

use crate::support::{ACCESS_KEY, Jdredis, SECRET_KEY, TOKEN, sandbox_builder};

#[test]
fn the_most_verbose_runs_print_no_secret() {
    let replies = [
        None,
        Some(Reply::error(
            401,
            "ACCESS_ERROR",
            "see http://h/x?X-Amz-Signature=1&a=b for more",
        )),
        Some(Reply::json(
            200,
            r#"{"result":{"downloadUrls":["https://h/x?X-Amz-Signature=1"]}}"#,
        )),
        Some(Reply::json(
            200,
            r#"{"result":{"downloadUrls":[{"link":"x https://h/x?X-Amz-Signature=1"}]}}"#,
        )),
        Some(Reply::new(502).header("x-jdcloud-request-id", "https://h/x?X-Amz-Signature=1")),
        Some(Reply::close()),
    ];
    for reply in replies {
        let sandbox = sandbox_builder()
            .keys(ACCESS_KEY, SECRET_KEY, Some(TOKEN))
            .start()
            .unwrap();
        if let Some(reply) = reply {
            sandbox.always(reply);
        }
        for format in ["table", "json", "plain"] {
            let run = Jdredis::at(&sandbox)
                .env("JDCLOUD_SECURITY_TOKEN", TOKEN)
                .env("RUST_BACKTRACE", "full");
            let outcome = run.args(["-vvv", "--timeout", "2", "-o", format]).url();
            assert!(outcome.stderr.contains("canonical request:"), "{outcome:#?}");
            assert!(!outcome.stderr.contains("backtrace"), "{outcome:#?}");
        }
    }
}

/// Some gateways quote the request in their error.
#[test]
fn secrets_are_removed_from_a_quoted_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        let quoted = String::from_utf8_lossy(&request[..length]).into_owned();
        let body = serde_json::json!({"error": {"code": 400, "status": "X", "message": quoted}}).to_string();
        write!(
            stream,
            "HTTP/1.1 400 Bad\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        quoted
    });
    let run = Jdredis::bare()
        .env("JDCLOUD_ACCESS_KEY", ACCESS_KEY)
        .env("JDCLOUD_SECRET_KEY", SECRET_KEY);
    let run = run
        .env("JDCLOUD_SECURITY_TOKEN", TOKEN)
        .args(["-vv", "--endpoint", &endpoint]);
    let outcome = run.url();
    let quoted = server.join().unwrap();
    let (_, signature) = quoted.split_once("Signature=").unwrap();
    let signature = signature.split_whitespace().next().unwrap();
    outcome.fails_saying(6, &["Signature=[query]", "x-jdcloud-security-token: [secret]"]);
    assert!(!outcome.stderr.contains(signature), "{outcome:#?}");
}

/// The variable that tells the test below that it runs as its own child, which panics.
const IS_CHILD: &str = "JDREDIS_TEST_PANICS";

#[test]
fn a_panic_prints_its_position_only() {
    if std::env::var_os(IS_CHILD).is_some() {
        jdredis::exit_on_panic();
        let mut world = jdredis::World::of_this_process();
        world.args = ["jdredis", "instance", "list"].map(Into::into).to_vec();
        world.env = Box::new(|name| panic!("{name} is {SECRET_KEY}"));
        jdredis::run(&world);
        unreachable!("the panic has ended the process");
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "secrets::a_panic_prints_its_position_only", "--nocapture"])
        .env(IS_CHILD, "1")
        .env("RUST_BACKTRACE", "full")
        .output()
        .unwrap();
    let said = String::from_utf8(child.stderr).unwrap();
    assert_eq!(child.status.code(), Some(1), "{said}");
    assert!(said.contains("error: jdredis has a defect and stopped at "), "{said}");
    assert!(said.contains("secrets.rs:"), "{said}");
    assert!(!said.contains(SECRET_KEY), "{said}");
}
