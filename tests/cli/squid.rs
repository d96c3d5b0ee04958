//! Behind Squid with a password, as many companies' networks are.
//!
//! These tests do not run, and say so, where Squid or its helper for passwords is not installed.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jdredis_sandbox::Certificate;

use crate::support::{Jdredis, sandbox, say_not_run};
use crate::tls::Secure;

/// The paths at which distributions install the helper.
const HELPERS: [&str; 3] = [
    "/usr/lib/squid/basic_ncsa_auth",
    "/usr/lib64/squid/basic_ncsa_auth",
    "/usr/libexec/squid/basic_ncsa_auth",
];
/// For the user `me`; made with `openssl passwd -apr1`.
const PASSWORDS: &str = "me:$apr1$sandbox1$cYm09W1hd3tMNHGeXz2Bq.\n";
const PASSWORD: &str = "p@ss#/w";
const ENCODED_PASSWORD: &str = "p%40ss%23%2Fw";

/// A running Squid with its shipped rules for CONNECT. Dropping it ends it.
struct Squid {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Squid {
    /// `None` where it is not installed.
    fn start() -> Option<Self> {
        let helper = HELPERS.iter().find(|path| Path::new(path).is_file())?;
        let folder = tempfile::tempdir().unwrap();
        // Squid changes to a user of its own, which has to read the passwords.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let passwords = folder.path().join("passwords");
        fs::write(&passwords, PASSWORDS).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = folder.path().join("squid.conf");
        let text = format!(
            "http_port 127.0.0.1:{port}\nauth_param basic program {helper} {}\nauth_param basic children 1\n\
             acl known proxy_auth REQUIRED\nacl SSL_ports port 443\nacl CONNECT method CONNECT\n\
             http_access deny CONNECT !SSL_ports\nhttp_access allow known\nhttp_access deny all\n\
             pid_filename none\naccess_log none\ncache_log /dev/null\ncache deny all\nshutdown_lifetime 0 seconds\n",
            passwords.display()
        );
        fs::write(&settings, text).unwrap();
        let child = Command::new("squid")
            .args(["-N", "-f", settings.to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut squid = Self {
            child,
            port,
            _folder: folder,
        };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if squid.child.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "squid does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Some(squid)
    }

    fn url(&self, user: &str) -> String {
        format!("http://{user}127.0.0.1:{}", self.port)
    }
}

impl Drop for Squid {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn squid_lets_the_right_password_through_and_its_refusals_are_told_apart() {
    let Some(squid) = Squid::start() else {
        return say_not_run("an authenticating Squid", "squid is not installed");
    };
    let name = format!("the proxy 127.0.0.1:{} ", squid.port);
    let right = squid.url(&format!("me:{ENCODED_PASSWORD}@"));
    let sandbox = sandbox();
    let run = |url: &str| Jdredis::at(&sandbox).env("http_proxy", url);

    run(&right).url().data();
    assert!(sandbox.refusals().is_empty(), "{:#?}", sandbox.refusals());
    let created = run(&right).args(["backup", "create", "--region", "cn-north-1", "--instance", "redis-1234"]);
    created.run().data();

    run(&squid.url(""))
        .url()
        .fails_saying(5, &[&name, "wants a name and password (http_proxy)"]);
    let wrong = run(&squid.url("me:wrong@")).url();
    wrong.fails_saying(5, &[&name, "does not accept the name and password in http_proxy"]);
    assert_eq!(
        wrong.stderr.replace(&squid.port.to_string(), "").matches("407").count(),
        1,
        "{wrong:#?}"
    );
    run(&squid.url(&format!("me:{PASSWORD}@")))
        .url()
        .fails_saying(2, &["%23, %2F, %3F and %5C"]);
    let nowhere = run(&right).args(["--endpoint", "http://127.0.0.1:1"]).url();
    nowhere.fails_saying(
        5,
        &[
            &name,
            "could not reach http://127.0.0.1:1 (http_proxy) (after 3 attempts",
        ],
    );
    let over_tls = run(&right.replace("http://", "https://")).url();
    over_tls.fails_saying(
        5,
        &["no encrypted connection to the proxy", "write http:// in http_proxy"],
    );

    // CONNECT goes to port 443 alone, where a test has no server.
    let secure = Secure::new(Certificate::Good);
    let other_port = secure.trusting().env("https_proxy", &right).url();
    other_port.fails_saying(
        5,
        &[
            &name,
            "does not let requests to",
            "(many proxies tunnel to port 443 alone)",
        ],
    );
}
