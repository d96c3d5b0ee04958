//! The fault table: a row a fault, played against the real program for every command that it can
//! hit.
//!
//! A row says how each command ends: exit code, message, number of requests that arrived, and time.
//! Where a fault is none for a command, the row says so, too, by its success. Whatever the row, a
//! failure leaves standard output empty, and nothing that was printed or written holds a secret.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jdredis_sandbox::{Authority, Builder, Certificate, Delivery, Proxy, ProxyMode, Reply, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{ACCESS_KEY, Jdredis, Outcome, SECRET_KEY, TOKEN, for_each, sandbox_builder};

/// Seconds for a run whose fault is not a wait.
const AMPLE: &str = "20";
/// Seconds for a run that waits in vain: twice half of it, with room for a pause between the two.
const SHORT: &str = "2.5";
/// The longest time for a run that waits for nothing but the pause before a second attempt, which is
/// half a second at most. The rest is for a machine that is busy with other runs.
const PROMPT: Duration = Duration::from_secs(5);
/// Small, since every file is searched for secrets after every run.
const FILE_SIZE: u64 = 2000;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const UNCERTAIN: &str = "it is not certain that nothing was done";

/// How many runs there are at once: of those that mostly sleep, and of those that mostly work.
const SLEEPERS: usize = 24;
const WORKERS: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cmd {
    Url,
    Latest,
    List,
    Instances,
    Create,
    Download,
}

const ALL: [Cmd; 6] = [
    Cmd::Url,
    Cmd::Latest,
    Cmd::List,
    Cmd::Instances,
    Cmd::Create,
    Cmd::Download,
];

const READS: [Cmd; 5] = [Cmd::Url, Cmd::Latest, Cmd::List, Cmd::Instances, Cmd::Download];

impl Cmd {
    fn args(self) -> &'static [&'static str] {
        match self {
            Self::Url => &["backup", "url", "--instance", "redis-1234", "--base-id", "1234"],
            Self::Latest => &["backup", "url", "--instance", "redis-1234", "--latest"],
            Self::List => &["backup", "list", "--instance", "redis-1234"],
            Self::Instances => &["instance", "list"],
            Self::Create => &["backup", "create", "--instance", "redis-1234"],
            Self::Download => &[
                "backup",
                "download",
                "--instance",
                "redis-1234",
                "--base-id",
                "1234",
                "--http",
            ],
        }
    }

    /// What a failure of its first request says was being done.
    fn doing(self) -> &'static str {
        match self {
            Self::Url => "no links of backup 1234 of instance redis-1234 in cn-north-1: ",
            Self::Latest => "no latest backup of instance redis-1234 in cn-north-1: ",
            Self::List => "no backups of instance redis-1234 in cn-north-1: ",
            Self::Instances => "no instances of cn-north-1: ",
            Self::Create => "no new backup of instance redis-1234 in cn-north-1: ",
            Self::Download => "no files of backup 1234 of instance redis-1234 in cn-north-1: ",
        }
    }

    /// Requests of the API in a run in which nothing goes wrong.
    fn requests(self) -> usize {
        match self {
            // The backup, then its links; the links, then the backup's size.
            Self::Latest | Self::Download => 2,
            _ => 1,
        }
    }
}

/// What is wrong.
enum Fault {
    /// Every answer of the API, made of a body that every command takes.
    Answer(fn(String) -> Reply),
    /// Fields of that body and what they are instead, in JSON; nothing where one is not there.
    Fields(Vec<(&'static str, &'static str)>),
    /// That body is other bytes.
    Bytes(fn(&str) -> Vec<u8>),
    /// The service refuses with this code, status and message.
    Status(u16, &'static str, &'static str),
    /// What is around the program.
    Stage(fn(&mut Stage)),
}

/// How a command ends.
#[derive(Debug, Clone)]
struct Ending {
    exit: i32,
    says: Vec<&'static str>,
    attempts: usize,
    /// That arrived where the row looks.
    arrivals: usize,
    /// Whether the message says what was being done.
    says_doing: bool,
    /// Whether it says that something may have been done all the same.
    is_uncertain: bool,
    earliest: Duration,
}

impl Ending {
    fn success(cmd: Cmd) -> Self {
        Self {
            exit: 0,
            says: Vec::new(),
            attempts: 1,
            arrivals: cmd.requests(),
            says_doing: false,
            is_uncertain: false,
            earliest: Duration::ZERO,
        }
    }
}

struct Row {
    name: String,
    fault: Fault,
    timeout: &'static str,
    /// The commands that it can hit, and how each ends.
    endings: Vec<(Cmd, Ending)>,
}

impl Row {
    /// A row whose fault is none for any command, until told otherwise.
    fn new(name: impl Into<String>, fault: Fault) -> Self {
        Self {
            name: name.into(),
            fault,
            timeout: AMPLE,
            endings: ALL.iter().map(|cmd| (*cmd, Ending::success(*cmd))).collect(),
        }
    }

    fn answer(name: &str, reply: fn(String) -> Reply) -> Self {
        Self::new(name, Fault::Answer(reply))
    }

    fn bytes(name: &str, alter: fn(&str) -> Vec<u8>) -> Self {
        Self::new(name, Fault::Bytes(alter))
    }

    fn stage(name: &str, set: fn(&mut Stage)) -> Self {
        Self::new(name, Fault::Stage(set))
    }

    /// A field of the answer that is something else, or, where that is empty, not there.
    fn field(pointer: &'static str, value: &'static str) -> Self {
        let instead = if value.is_empty() { "missing" } else { value };
        let pointer_or_whole = if pointer.is_empty() { "the body" } else { pointer };
        Self::new(
            format!("{pointer_or_whole} is {instead}"),
            Fault::Fields(vec![(pointer, value)]),
        )
    }

    fn with(mut self, cmds: &[Cmd], change: impl Fn(&mut Ending)) -> Self {
        for (cmd, ending) in &mut self.endings {
            if cmds.contains(cmd) {
                change(ending);
            }
        }
        self
    }

    /// These commands' first request fails, and that is it.
    fn hits(self, cmds: &[Cmd], exit: i32, says: &[&'static str]) -> Self {
        self.with(cmds, |ending| {
            *ending = Ending {
                exit,
                says: says.to_vec(),
                arrivals: 1,
                says_doing: true,
                ..Ending::success(Cmd::Url)
            };
        })
    }

    fn fails(self, exit: i32, says: &[&'static str]) -> Self {
        self.hits(&ALL, exit, says)
    }

    /// What only the commands look at that want links.
    fn links_fail(self, exit: i32, says: &[&'static str]) -> Self {
        self.hits(&[Cmd::Url, Cmd::Latest, Cmd::Download], exit, says)
            .with(&[Cmd::Latest], |ending| {
                ending.arrivals = 2;
                ending.says_doing = false;
            })
    }

    /// What only the commands look at that want backups. That a size is unknown ends no download.
    fn backups_fail(self, exit: i32, says: &[&'static str]) -> Self {
        self.hits(&[Cmd::Latest, Cmd::List], exit, says)
            .with(&[Cmd::Download], |ending| {
                ending.says = vec!["warning: whether the disk has room enough is unknown"]
            })
    }

    /// Reads are sent a second time, and what makes a backup is not, since it may have done so.
    fn retried_unless_create(self) -> Self {
        self.with(&ALL, |ending| {
            ending.attempts = 2;
            ending.arrivals = 2;
            ending.earliest = FIRST_PAUSE;
        })
        .with(&[Cmd::Create], |ending| {
            ending.attempts = 1;
            ending.arrivals = 1;
            ending.earliest = Duration::ZERO;
        })
        .uncertain()
    }

    /// Everything is sent a second time, since nothing has arrived.
    fn retried_without_arrival(self) -> Self {
        self.with(&ALL, |ending| {
            ending.attempts = 2;
            ending.earliest = FIRST_PAUSE;
        })
        .unsent()
    }

    fn unsent(self) -> Self {
        self.with(&ALL, |ending| ending.arrivals = 0)
    }

    fn uncertain(self) -> Self {
        self.with(&[Cmd::Create], |ending| ending.is_uncertain = true)
    }

    /// That something may have been done is more important advice to whoever makes a backup.
    fn reads_advise(self, hint: &'static str) -> Self {
        self.with(&READS, |ending| ending.says.push(hint))
    }

    /// Fails before there is a request to speak of.
    fn before_any_request(self) -> Self {
        self.unsent().with(&ALL, |ending| ending.says_doing = false)
    }

    /// Waits for as long as it may.
    fn times_out(mut self) -> Self {
        self.timeout = SHORT;
        self.fails(5, &["did not answer in time"])
            .reads_advise("--timeout allows for more time")
            .retried_unless_create()
            .with(&ALL, |ending| ending.earliest = Duration::from_millis(2400))
            .with(&[Cmd::Create], |ending| ending.earliest = Duration::from_millis(1200))
    }

    fn only(mut self, cmds: &[Cmd]) -> Self {
        self.endings.retain(|(cmd, _)| cmds.contains(cmd));
        self
    }

    fn sleeps(&self) -> bool {
        self.endings.iter().any(|(_, ending)| !ending.earliest.is_zero())
    }
}

/// What a run is played on.
struct Stage {
    sandbox: Sandbox,
    folder: TempDir,
    home: Option<String>,
    env: Vec<(&'static str, String)>,
    without: Vec<&'static str>,
    stdout: Option<fn() -> Stdio>,
    proxy: Option<Proxy>,
    rude: Option<Rude>,
    /// Must not be asked anything.
    elsewhere: Option<Sandbox>,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        fs::create_dir(&home).unwrap();
        Self {
            sandbox: known_keys().start().unwrap(),
            home: Some(home.to_str().unwrap().to_owned()),
            folder,
            env: Vec::new(),
            without: Vec::new(),
            stdout: None,
            proxy: None,
            rude: None,
            elsewhere: None,
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn endpoint(&mut self, endpoint: String) {
        self.env.push(("JDREDIS_ENDPOINT", endpoint));
    }

    /// Serves TLS, and has the program trust who made the certificate.
    fn tls(&mut self, certificate: Certificate) {
        let authority = Authority::new();
        authority.write_pem(self.path("ca.pem")).unwrap();
        self.sandbox = known_keys().tls(authority.issue(certificate)).start().unwrap();
        self.env.push(("SSL_CERT_FILE", self.path("ca.pem")));
    }

    fn proxy(&mut self, mode: ProxyMode) {
        let proxy = Proxy::start(mode).unwrap();
        let url = format!("http://me:{TOKEN}@{}", proxy.address());
        self.env.push(("http_proxy", url));
        self.proxy = Some(proxy);
    }

    fn rude(&mut self, manner: Manner) {
        let rude = Rude::start(manner);
        self.endpoint(format!("http://{}", rude.address));
        self.rude = Some(rude);
    }

    fn redirect_elsewhere(&mut self, status: u16) {
        let other = known_keys().start().unwrap();
        let location = format!("{}/v1/regions/cn-north-1/cacheInstance", other.endpoint());
        self.sandbox.always(Reply::new(status).header("Location", location));
        self.elsewhere = Some(other);
    }

    fn clock_ahead(&mut self, seconds: i64) {
        // What is ahead is the program's clock, compared with the sandbox's.
        self.sandbox = known_keys().clock_offset(-seconds).start().unwrap();
    }

    fn without_keys(&mut self) {
        self.without = vec!["JDCLOUD_ACCESS_KEY", "JDCLOUD_SECRET_KEY", "JDCLOUD_SECURITY_TOKEN"];
    }

    /// Leaves a home of this mode, which need not keep a privileged user out.
    fn home_mode(&self, mode: u32) {
        set_mode(Path::new(&self.path("home")), mode);
    }

    /// Makes the home something that is no folder, which keeps every user out.
    fn home_is_a_file(&mut self) {
        fs::write(self.path("file"), "").unwrap();
        self.home = Some(self.path("file"));
    }

    /// A body that every command takes.
    fn body(&self) -> Value {
        let link = self.sandbox.link("redis-1234", "1234", 0);
        json!({
            "requestId": "of-the-table",
            "result": {
                "downloadUrls": [{"name": "node 0", "link": link, "internalLink": link}],
                "backups": [{
                    "baseId": "1234",
                    "backupFileName": "backup1",
                    "cacheInstanceId": "redis-1234",
                    "backupStartTime": "2021-07-14T07:36:57Z",
                    "backupEndTime": "2021-07-14T15:37:57+08:00",
                    "backupType": 1,
                    "backupSize": FILE_SIZE,
                    "backupStatus": 2,
                    "backupShardNum": 1,
                }],
                "cacheInstances": [{
                    "cacheInstanceId": "redis-1234",
                    "cacheInstanceName": "orders",
                    "cacheInstanceType": "cluster",
                    "redisVersion": "4.0",
                    "cacheInstanceMemoryMB": 1024,
                    "shardNumber": 1,
                    "cacheInstanceStatus": "running",
                    "connectionDomain": "orders.invalid",
                    "port": 6379,
                }],
                "totalCount": 1,
                "baseId": "1234",
            },
        })
    }

    fn set(&mut self, fault: &Fault) {
        let body = self.body();
        match fault {
            Fault::Answer(reply) => self.sandbox.always(reply(body.to_string())),
            Fault::Fields(fields) => {
                let body = fields
                    .iter()
                    .fold(body, |body, (pointer, value)| replace(body, pointer, value));
                self.sandbox.always(Reply::json(200, body.to_string()));
            }
            Fault::Bytes(alter) => self.sandbox.always(Reply::json(200, alter(&body.to_string()))),
            Fault::Status(code, status, message) => self.sandbox.always(Reply::error(*code, status, message)),
            Fault::Stage(set) => set(self),
        }
    }

    fn run(&self, cmd: Cmd, timeout: &str, format: &str) -> Outcome {
        let mut run = Jdredis::at(&self.sandbox).env("JDCLOUD_SECURITY_TOKEN", TOKEN);
        run = match &self.home {
            Some(home) => run.env("HOME", home),
            None => run.without_env("HOME"),
        };
        for (name, value) in &self.env {
            run = run.env(name, value);
        }
        for name in &self.without {
            run = run.without_env(name);
        }
        let files = self.path("files");
        let dir = ["--dir", files.as_str()];
        let run = run
            .args(cmd.args().iter().copied())
            .args(["--region", "cn-north-1"])
            .args(["--timeout", timeout, "--max-attempts", "2", "-vvv", "-o", format])
            .args(if cmd == Cmd::Download { &dir[..] } else { &[] }.iter().copied());
        match self.stdout {
            Some(open) => run.run_into(open()),
            None => run.run(),
        }
    }

    /// How often the program came to whatever the row has put in its way.
    fn arrivals(&self) -> usize {
        let requests = requests_of_the_api(&self.sandbox);
        let others = self
            .proxy
            .as_ref()
            .map(Proxy::connections)
            .or(self.rude.as_ref().map(Rude::connections));
        match others {
            Some(connections) => {
                assert_eq!(requests, 0, "requests that went past what was in their way");
                connections
            }
            None => requests,
        }
    }
}

fn known_keys() -> Builder {
    sandbox_builder()
        .keys(ACCESS_KEY, SECRET_KEY, Some(TOKEN))
        .object_size(FILE_SIZE)
}

fn requests_of_the_api(sandbox: &Sandbox) -> usize {
    let requests = sandbox.requests();
    requests.iter().filter(|request| !request.is_for_storage()).count()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The body with another value in a place, or, where that is empty, without it.
fn replace(mut body: Value, pointer: &str, value: &str) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap_or_default();
    if value.is_empty() {
        let parent = body.pointer_mut(parent).unwrap();
        parent.as_object_mut().unwrap().shift_remove(key).unwrap();
        return body;
    }
    let value: Value = serde_json::from_str(value).unwrap();
    match body.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => {
            let parent = body.pointer_mut(parent).unwrap();
            parent.as_object_mut().unwrap().insert(key.to_owned(), value);
        }
    }
    body
}

/// How a [`Rude`] server treats a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Ends it as soon as it is there.
    Close,
    /// Ends it with the request unread, which resets it.
    Reset,
    /// Sends half a header once the request has begun, and nothing more.
    HalfHeader,
}

/// A server that does what one does that never reads a request.
struct Rude {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    is_ending: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Rude {
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let is_ending = Arc::new(AtomicBool::new(false));
        let (counter, ending) = (Arc::clone(&connections), Arc::clone(&is_ending));
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                if ending.load(Ordering::SeqCst) {
                    return;
                }
                counter.fetch_add(1, Ordering::SeqCst);
                // Whatever goes wrong, the connection is ended by it.
                let _ = stream.and_then(|stream| manner.treat(stream));
            }
        });
        Self {
            address,
            connections,
            is_ending,
            accepting: Some(accepting),
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Rude {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Manner {
    fn treat(self, mut stream: TcpStream) -> io::Result<()> {
        match self {
            Self::Close => stream.shutdown(Shutdown::Both),
            Self::Reset => stream.peek(&mut [0]).map(|_| ()),
            Self::HalfHeader => {
                stream.read_exact(&mut [0])?;
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le")?;
                io::copy(&mut stream, &mut io::sink()).map(|_| ())
            }
        }
    }
}

/// The table.
fn rows() -> Vec<Row> {
    [
        connections(),
        framing(),
        bodies(),
        fields(),
        envelopes(),
        statuses(),
        redirects(),
        encrypted(),
        proxies(),
        machine(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn connections() -> Vec<Row> {
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

fn framing() -> Vec<Row> {
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

fn bodies() -> Vec<Row> {
    vec![
        Row::answer("empty body", |_| Reply::json(200, ""))
            .fails(6, &["HTTP 200 with an empty body"])
            .uncertain(),
        Row::answer("no content", |_| Reply::new(204))
            .fails(6, &["HTTP 204 with an empty body"])
            .uncertain(),
        Row::answer("empty body with 503", |_| Reply::new(503))
            .fails(6, &["HTTP 503 with an empty body"])
            .retried_unless_create(),
        Row::answer("HTML with 200", |_| Reply::new(200).body("<html>log in</html>"))
            .fails(6, &["HTTP 200 with a page (HTML or XML) instead of JSON"])
            .reads_advise("a login page on the way")
            .uncertain(),
        Row::answer("HTML with 502", |_| Reply::new(502).body("<html>Bad Gateway</html>"))
            .fails(6, &["HTTP 502 with a page (HTML or XML) instead of JSON"])
            .retried_unless_create(),
        Row::bytes("10 MB of JSON", |body| padded(body, 10_000_000))
            .fails(6, &["HTTP 200 with more than 4 MiB"])
            .uncertain(),
        Row::bytes("4 MB of JSON", |body| padded(body, 4_000_000)),
        Row::bytes("invalid UTF-8 in what is looked at", |body| {
            let text = body.replace("redis-1234", "\u{1}").into_bytes();
            text.into_iter()
                .map(|byte| if byte == 1 { 0xff } else { byte })
                .collect()
        })
        .fails(6, &["HTTP 200 with a body that is not JSON"])
        .uncertain(),
        Row::bytes("invalid UTF-8 in what is not looked at", |body| {
            let mut bytes = b"{\"more\":\"\xff\xfe\",".to_vec();
            bytes.extend_from_slice(&body.as_bytes()[1..]);
            bytes
        })
        .fails(6, &["HTTP 200 with a body that is not JSON"])
        .uncertain(),
        Row::bytes("half a surrogate pair in what is not looked at", |body| {
            format!(r#"{{"more":"\ud800",{}"#, &body[1..]).into_bytes()
        })
        .fails(6, &["HTTP 200 with a body that is not JSON"])
        .uncertain(),
        Row::bytes("BOM", |body| format!("\u{feff}{body}").into_bytes())
            .fails(6, &["HTTP 200 with a body that is not JSON"])
            .uncertain(),
        Row::bytes("UTF-16", |body| {
            body.encode_utf16().flat_map(u16::to_le_bytes).collect()
        })
        .fails(6, &["HTTP 200 with a body that is not JSON"])
        .uncertain(),
        Row::bytes("two objects", |body| body.repeat(2).into_bytes())
            .fails(6, &["HTTP 200 with a body that is not JSON"])
            .uncertain(),
        Row::bytes("64-deep nesting of what is not looked at", |body| nested(body, 64)),
        Row::bytes("64-deep nesting in the place of the result", |_| {
            format!("{{\"result\":{}{}}}", "[".repeat(64), "]".repeat(64)).into_bytes()
        })
        .fails(6, &[MISSHAPEN, "in its result, "])
        .uncertain(),
        Row::bytes("1000-deep nesting of what is not looked at", |body| nested(body, 1000))
            .fails(6, &["HTTP 200 with a body that is not JSON"])
            .uncertain(),
    ]
}

/// The body with spaces that make it so long.
fn padded(body: &str, length: usize) -> Vec<u8> {
    format!("{{{}{}", " ".repeat(length - body.len()), &body[1..]).into_bytes()
}

/// The body with one more field, of lists in lists.
fn nested(body: &str, depth: usize) -> Vec<u8> {
    format!("{{\"more\":{}{},{}", "[".repeat(depth), "]".repeat(depth), &body[1..]).into_bytes()
}

const MISSHAPEN: &str = "the answer is not what the service documents";
const NO_LINK: &str = "downloadUrls[0].link is missing";
const NONE_SUCCEEDED: &str = "has no backup that succeeded";
const LINKS: &str = "/result/downloadUrls";
const BACKUPS: &str = "/result/backups";
const INSTANCES: &str = "/result/cacheInstances";

fn fields() -> Vec<Row> {
    let mut rows = Vec::new();
    for (pointer, value, expected) in [
        ("", "[1]", "JSON that is not an object"),
        ("", "7", "JSON that is not an object"),
        ("", "\"x\"", "JSON that is not an object"),
        ("", "null", "JSON that is not an object"),
        ("/result", "", "missing field `result`"),
        ("/result", "null", "in its result, invalid type"),
        ("/result", "7", "in its result, invalid type"),
        ("/result", "\"x\"", "in its result, invalid type"),
    ] {
        rows.push(Row::field(pointer, value).fails(6, &[MISSHAPEN, expected]).uncertain());
    }
    // A list in the place of an object is taken for its fields in order, of which there are too few.
    rows.push(
        Row::field("/result", "[]")
            .fails(6, &[MISSHAPEN, "in its result, "])
            .uncertain(),
    );

    for (pointer, value, expected) in [
        (LINKS, "", "missing field `downloadUrls`"),
        (LINKS, "{}", "in its result, invalid type"),
        (LINKS, "\"x\"", "in its result, invalid type"),
        (LINKS, "7", "in its result, invalid type"),
        (LINKS, "[7]", "in its result, invalid type"),
        (LINKS, "[null]", "in its result, invalid type"),
        (LINKS, "[{}]", NO_LINK),
        ("/result/downloadUrls/0/link", "null", NO_LINK),
        ("/result/downloadUrls/0/link", "7", NO_LINK),
        ("/result/downloadUrls/0/link", "\"\"", NO_LINK),
        ("/result/downloadUrls/0/link", "\"no link\"", "downloadUrls[0].link "),
    ] {
        rows.push(Row::field(pointer, value).links_fail(6, &[MISSHAPEN, expected]));
    }
    for value in ["[]", "null"] {
        rows.push(Row::field(LINKS, value).links_fail(3, &["the service lists none"]));
    }

    for (pointer, value, expected) in [
        (BACKUPS, "", "its result has no backups"),
        (BACKUPS, "[7]", "in its backups, "),
        (BACKUPS, "[null]", "in its backups, "),
        (BACKUPS, "[{}]", "missing field `baseId`"),
        ("/result/backups/0/baseId", "null", "in its backups, "),
        ("/result/backups/0/baseId", "7", "in its backups, "),
        ("/result/backups/0/baseId", "\"a/b\"", "in its backups, "),
        ("/result/backups/0/backupSize", "\"x\"", "in its backups, "),
        ("/result/backups/0/backupStartTime", "7", "in its backups, "),
        ("/result/backups/0/backupStatus", "{}", "in its backups, "),
    ] {
        rows.push(Row::field(pointer, value).backups_fail(6, &[MISSHAPEN, expected]));
    }
    // A page has room for either list, and is of the wrong shape when one of them is.
    for value in ["{}", "7"] {
        for list in [BACKUPS, INSTANCES] {
            rows.push(
                Row::field(list, value)
                    .backups_fail(6, &[MISSHAPEN, "in its result, "])
                    .hits(&[Cmd::Instances], 6, &[MISSHAPEN, "in its result, "]),
            );
        }
    }
    rows.push(
        Row::field("/result/totalCount", "\"many\"")
            .backups_fail(6, &[MISSHAPEN, "in its result, "])
            .hits(&[Cmd::Instances], 6, &[MISSHAPEN, "in its result, "]),
    );
    for (pointer, value, expected) in [
        (INSTANCES, "", "its result has no cacheInstances"),
        (INSTANCES, "[7]", "in its cacheInstances, "),
        (INSTANCES, "[null]", "in its cacheInstances, "),
        (INSTANCES, "[{}]", "missing field `cacheInstanceId`"),
        (
            "/result/cacheInstances/0/cacheInstanceId",
            "null",
            "in its cacheInstances, ",
        ),
        (
            "/result/cacheInstances/0/shardNumber",
            "\"x\"",
            "in its cacheInstances, ",
        ),
        ("/result/cacheInstances/0/port", "70000", "in its cacheInstances, "),
    ] {
        rows.push(Row::field(pointer, value).hits(&[Cmd::Instances], 6, &[MISSHAPEN, expected]));
    }
    for (value, expected) in [
        ("", "missing field `baseId`"),
        ("null", "in its result, invalid type"),
        ("7", "in its result, invalid type"),
        ("\"\"", "in its result, "),
        ("\"a/b\"", "in its result, "),
    ] {
        rows.push(
            Row::field("/result/baseId", value)
                .hits(&[Cmd::Create], 6, &[MISSHAPEN, expected])
                .uncertain(),
        );
    }
    rows.push(
        Row::field(BACKUPS, "null")
            .hits(&[Cmd::Latest], 3, &[NONE_SUCCEEDED])
            .with(&[Cmd::List], |ending| ending.says.push("the service counts 1")),
    );
    rows.push(Row::field(INSTANCES, "null"));
    rows.push(
        Row::new(
            "null in every field that may be one",
            Fault::Fields(OPTIONAL.map(|pointer| (pointer, "null")).to_vec()),
        )
        .hits(&[Cmd::Latest], 3, &[NONE_SUCCEEDED]),
    );
    rows.push(
        Row::new(
            "every field missing that may be",
            Fault::Fields(OPTIONAL.map(|pointer| (pointer, "")).to_vec()),
        )
        .hits(&[Cmd::Latest], 3, &[NONE_SUCCEEDED]),
    );
    rows
}

/// Every field that the service documents and need not send.
const OPTIONAL: [&str; 20] = [
    "/requestId",
    "/result/totalCount",
    "/result/downloadUrls/0/name",
    "/result/downloadUrls/0/internalLink",
    "/result/backups/0/backupFileName",
    "/result/backups/0/cacheInstanceId",
    "/result/backups/0/backupStartTime",
    "/result/backups/0/backupEndTime",
    "/result/backups/0/backupType",
    "/result/backups/0/backupSize",
    "/result/backups/0/backupStatus",
    "/result/backups/0/backupShardNum",
    "/result/cacheInstances/0/cacheInstanceName",
    "/result/cacheInstances/0/cacheInstanceType",
    "/result/cacheInstances/0/redisVersion",
    "/result/cacheInstances/0/cacheInstanceMemoryMB",
    "/result/cacheInstances/0/shardNumber",
    "/result/cacheInstances/0/cacheInstanceStatus",
    "/result/cacheInstances/0/connectionDomain",
    "/result/cacheInstances/0/port",
];

fn envelopes() -> Vec<Row> {
    vec![
        Row::bytes("the result twice", |body| doubled(body, "result"))
            .fails(6, &[MISSHAPEN, "duplicate field `result`"])
            .uncertain(),
        Row::bytes("the request ID twice", |body| doubled(body, "requestId"))
            .fails(6, &["HTTP 200 with JSON that says the same twice"])
            .uncertain(),
        Row::bytes("an unknown field twice", |body| {
            format!("{{\"more\":1,\"more\":2,{}", &body[1..]).into_bytes()
        }),
        Row::bytes("a link twice", |body| {
            body.replace("\"link\":", "\"link\":\"x\",\"link\":").into_bytes()
        })
        .links_fail(6, &[MISSHAPEN, "duplicate field `link`"]),
        Row::field("/requestId", "7"),
        Row::field("/error", "null"),
        Row::field("/error", r#"{"code":404,"status":"NOT_FOUND","message":"gone"}"#)
            .fails(3, &["the service knows no such thing", "404 NOT_FOUND: gone"]),
        Row::field("/error", r#"{"status":"ACCESS_ERROR"}"#)
            .fails(4, &["the service refuses the keys", "401 ACCESS_ERROR"]),
        Row::field("/error", r#"{"code":503,"status":"UNAVAILABLE"}"#)
            .fails(6, &["the service failed", "503 UNAVAILABLE"])
            .retried_unless_create(),
        Row::field("/error", r#"{"code":null,"status":null,"message":null,"details":null}"#)
            .fails(6, &["the service refused the request"]),
        Row::field("/error", "\"in words\"").fails(6, &["the service refused the request", "in words"]),
        Row::field("/error", "[]").fails(6, &["the service refused the request"]),
        Row::answer("a result with status 500", |body| Reply::json(500, body))
            .fails(6, &["the service failed"])
            .retried_unless_create(),
        Row::answer("a result with status 400", |body| Reply::json(400, body))
            .fails(6, &["the service refused the request"]),
        Row::answer("a result with status 404", |body| Reply::json(404, body))
            .fails(3, &["the service knows no such thing"]),
    ]
}

/// The body with one of its fields once more.
fn doubled(body: &str, field: &str) -> Vec<u8> {
    let value = &serde_json::from_str::<Value>(body).unwrap()[field];
    format!("{{\"{field}\":{value},{}", &body[1..]).into_bytes()
}

/// Every status that the service documents.
fn statuses() -> Vec<Row> {
    let refused = |code: u16, status: &'static str, message: &'static str, exit: i32, says: &'static str| {
        let name = format!("{code} {status} {message}");
        Row::new(name.trim_end(), Fault::Status(code, status, message)).fails(exit, &[says, status])
    };
    let failed = |code: u16, status: &'static str| {
        refused(code, status, "busy", 6, "the service failed").retried_unless_create()
    };
    // What is refused because there was too much is not done, but is not asked for twice either.
    let busy = |status: &'static str| {
        refused(429, status, "busy", 6, "the service is asked too often")
            .retried_unless_create()
            .with(&[Cmd::Create], |ending| ending.is_uncertain = false)
    };
    const REFUSED: &str = "the service refused the request";
    const KEYS: &str = "the service refuses the keys";
    vec![
        refused(400, "INVALID_ARGUMENT", "", 6, REFUSED),
        refused(400, "FAILED_PRECONDITION", "", 6, REFUSED),
        refused(400, "OUT_OF_RANGE", "", 6, REFUSED),
        refused(400, "HTTP_BAD_REQUEST", "", 6, REFUSED),
        refused(401, "UNAUTHENTICATED", "", 4, KEYS),
        refused(401, "ACCESS_ERROR", "lack of header authorization[gw]", 4, KEYS),
        refused(401, "ACCESS_ERROR", "sign result is not same [gw]", 4, KEYS),
        refused(403, "HTTP_FORBIDDEN", "", 4, "the service forbids this"),
        refused(
            403,
            "HTTP_FORBIDDEN",
            "You are not authorized to perform (x) on resource (*) [IAM] [gw]",
            4,
            "the keys are not permitted to do this",
        ),
        refused(
            403,
            "HTTP_FORBIDDEN",
            "please use different noncestr [gw]",
            4,
            "the service has seen the request before",
        )
        .retried_unless_create()
        .with(&[Cmd::Create], |ending| ending.is_uncertain = false),
        refused(404, "NOT_FOUND", "", 3, "the service knows no such thing"),
        refused(409, "ABORTED", "", 6, "the service is doing something else with it"),
        refused(409, "ALREADY_EXISTS", "", 6, "there is one already"),
        refused(
            413,
            "HTTP_REQUEST_ENTITY_TOO_LARGE",
            "",
            6,
            "the request is too large for the service",
        ),
        refused(
            414,
            "HTTP_URI_TOO_LONG",
            "",
            6,
            "the request is too large for the service",
        ),
        busy("RATE_LIMIT"),
        busy("HTTP_RATE_LIMIT_EXCEEDED"),
        refused(429, "QUOTA_EXCEEDED", "", 6, "a quota of the account is used up"),
        failed(500, "UNKNOWN"),
        failed(500, "INTERNAL"),
        failed(500, "HTTP_INTERNAL_SERVER_ERROR"),
        refused(501, "NOT_IMPLEMENTED", "", 6, "the service does not offer this").uncertain(),
        failed(502, "SOURCE_UNAVAILABLE"),
        failed(502, "HTTP_BAD_GATEWAY"),
        failed(503, "UNAVAILABLE"),
        failed(503, "HTTP_SERVICE_UNAVAILABLE"),
        failed(504, "HTTP_SERVER_TIMING_OUT"),
    ]
}

fn redirects() -> Vec<Row> {
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

fn encrypted() -> Vec<Row> {
    const UNTRUSTED: &str = "no trusted encrypted connection to https://";
    vec![
        Row::stage("TLS: expired", |stage| stage.tls(Certificate::Expired))
            .fails(5, &[UNTRUSTED, "xpired"])
            .unsent(),
        Row::stage("TLS: wrong host", |stage| stage.tls(Certificate::WrongHost))
            .fails(5, &[UNTRUSTED, "not valid for"])
            .unsent(),
        Row::stage("TLS: unknown CA", |stage| {
            stage.tls(Certificate::Good);
            Authority::new().write_pem(stage.path("ca.pem")).unwrap();
        })
        .fails(5, &[UNTRUSTED, "invalid peer certificate"])
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
        .fails(5, &[UNTRUSTED])
        .reads_advise("spell out http:// in --endpoint")
        .uncertain()
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

fn proxies() -> Vec<Row> {
    const THROUGH: &str = " through the proxy 127.0.0.1:";
    vec![
        Row::stage("proxy: refused", |stage| stage.proxy(ProxyMode::Refuse))
            .fails(5, &[THROUGH, "refused"])
            .retried_without_arrival(),
        Row::stage("proxy: 407", |stage| stage.proxy(ProxyMode::AuthenticationRequired))
            .fails(5, &["the proxy 127.0.0.1:", "did not let the request through", "407"]),
        Row::stage("proxy: 502", |stage| stage.proxy(ProxyMode::BadGateway))
            .fails(5, &["the proxy 127.0.0.1:", "did not let the request through", "502"]),
        Row::stage("proxy: garbage", |stage| stage.proxy(ProxyMode::Garbage))
            .fails(5, &[THROUGH])
            .uncertain(),
        Row::stage("proxy: no address", |stage| {
            stage.env.push(("http_proxy", format!("http://me:{TOKEN}@:1")))
        })
        .fails(5, &["http_proxy", "hint: write it as http://HOST:PORT"])
        .before_any_request(),
    ]
}

/// What is wrong with the machine that the program runs on.
fn machine() -> Vec<Row> {
    const LEFT_OUT: &str = "warning: the profile is left out: ";
    const CLOCK: &str = "this machine's clock is ";
    const AHEAD: &str = "ahead of the service's";
    const BEHIND: &str = " behind the service's";
    vec![
        Row::stage("stdout closed", |stage| {
            stage.stdout = Some(|| {
                let (reader, writer) = io::pipe().unwrap();
                drop(reader);
                writer.into()
            });
        }),
        Row::stage("stdout full", |stage| {
            stage.stdout = Some(|| File::options().write(true).open("/dev/full").unwrap().into());
        })
        .with(&ALL, |ending| {
            ending.exit = 1;
            ending.says = vec!["the output could not be written", "No space left", "a full disk"];
        })
        .with(&[Cmd::Create], |ending| ending.says.push(", which was started: "))
        // Not every system has one.
        .only(if Path::new("/dev/full").exists() { &ALL } else { &[] }),
        Row::stage("HOME unset", |stage| stage.home = None),
        Row::stage("HOME does not exist, and no keys elsewhere", |stage| {
            stage.home = Some(stage.path("nowhere"));
            stage.without_keys();
        })
        .fails(
            4,
            &[
                "no keys to sign with were found",
                "does not exist",
                "set JDCLOUD_ACCESS_KEY",
            ],
        )
        .before_any_request(),
        Row::stage("HOME unreadable", |stage| stage.home_mode(0o000)),
        Row::stage("HOME unreadable for everybody", Stage::home_is_a_file)
            .with(&ALL, |ending| ending.says.push(LEFT_OUT)),
        Row::stage("HOME unreadable, and no keys elsewhere", |stage| {
            stage.home_is_a_file();
            stage.without_keys();
        })
        .fails(4, &["cannot be read", "a file that this user can read"])
        .before_any_request(),
        Row::stage("HOME read-only", |stage| stage.home_mode(0o500)),
        Row::stage("the folder for the files cannot be made", |stage| {
            fs::write(stage.path("files"), "").unwrap()
        })
        .hits(&[Cmd::Download], 1, &["--dir"])
        .only(&[Cmd::Download]),
        Row::stage("clock an hour ahead", |stage| stage.clock_ahead(3600))
            .fails(4, &["sign result is not same", CLOCK, AHEAD, "NTP"]),
        Row::stage("clock an hour behind", |stage| stage.clock_ahead(-3600))
            .fails(4, &["sign result is not same", CLOCK, BEHIND, "NTP"]),
        Row::stage("clock a day ahead", |stage| stage.clock_ahead(86_400))
            .fails(4, &["sign result is not same", CLOCK, AHEAD, "NTP"]),
        Row::stage("clock a day behind", |stage| stage.clock_ahead(-86_400))
            .fails(4, &["sign result is not same", CLOCK, BEHIND, "NTP"]),
    ]
}

/// A row, a command, how that ends, and the format to ask for.
struct Case<'a> {
    row: &'a Row,
    cmd: Cmd,
    ending: &'a Ending,
    format: &'static str,
}

impl Case<'_> {
    fn check(&self) {
        let mut stage = Stage::new();
        stage.set(&self.row.fault);
        let outcome = stage.run(self.cmd, self.row.timeout, self.format);
        self.check_ending(&outcome, stage.stdout.is_some());
        assert_eq!(stage.arrivals(), self.ending.arrivals, "arrivals: {outcome:#?}");
        if let Some(elsewhere) = &stage.elsewhere {
            assert_eq!(elsewhere.connections(), 0, "it went elsewhere: {outcome:#?}");
        }
        let limit = if self.row.timeout == AMPLE {
            PROMPT
        } else {
            PROMPT + self.ending.earliest
        };
        assert!(
            (self.ending.earliest..limit).contains(&outcome.took),
            "time: {outcome:#?}"
        );
        stage.home_mode(0o700);
        assert_no_secret_below(stage.folder.path(), &stage.sandbox);
    }

    fn check_ending(&self, outcome: &Outcome, stdout_is_elsewhere: bool) {
        let ending = self.ending;
        let said = if ending.exit == 0 {
            assert_eq!(outcome.code, Some(0), "{outcome:#?}");
            if self.format == "json" && !stdout_is_elsewhere {
                serde_json::from_str::<Value>(&outcome.stdout).unwrap_or_else(|_| panic!("no JSON: {outcome:#?}"));
            }
            outcome.stderr.clone()
        } else {
            self.error(outcome)
        };
        for text in &ending.says {
            assert!(said.contains(text), "no {text:?}: {outcome:#?}");
        }
        if ending.says_doing {
            assert!(said.contains(self.cmd.doing()), "not what was being done: {outcome:#?}");
        }
        let attempts = format!("(after {} attempts in ", ending.attempts);
        assert_eq!(
            said.contains("(after "),
            ending.attempts > 1,
            "whether there was more than one attempt: {outcome:#?}"
        );
        assert!(
            ending.attempts == 1 || said.contains(&attempts),
            "attempts: {outcome:#?}"
        );
        assert_eq!(
            said.contains(UNCERTAIN),
            ending.is_uncertain,
            "whether it is certain that nothing was done: {outcome:#?}"
        );
        assert!(!outcome.stderr.contains("panicked"), "{outcome:#?}");
    }

    /// What the run says of its failure, without the traces before it.
    fn error(&self, outcome: &Outcome) -> String {
        let exit = self.ending.exit;
        if self.format == "json" {
            let error = outcome.error_object(exit);
            return format!(
                "{}; hint: {}",
                error["message"].as_str().unwrap(),
                error["hint"].as_str().unwrap()
            );
        }
        let stderr = outcome.failure(exit);
        let is_error = |line: &&str| line.starts_with("error: ");
        let error: Vec<_> = stderr.lines().skip_while(|line| !is_error(line)).collect();
        assert_eq!(error.iter().filter(|line| is_error(line)).count(), 1, "{outcome:#?}");
        assert!(
            error.last().is_some_and(|line| line.starts_with("  hint: ")),
            "no hint: {outcome:#?}"
        );
        error.join("\n")
    }
}

/// Has each case checked, so many at once; what is wrong with them.
fn failures_of(cases: Vec<Case<'_>>, at_once: usize) -> Vec<String> {
    let queue = Mutex::new(cases.into_iter());
    let failures = Mutex::new(Vec::new());
    for_each(0..at_once, |_| {
        loop {
            let next = queue.lock().unwrap().next();
            let Some(case) = next else { return };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| case.check())) {
                let text = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                    .unwrap_or_default();
                failures.lock().unwrap().push(format!(
                    "row {:?}, {:?} in {}: {text}",
                    case.row.name, case.cmd, case.format
                ));
            }
        }
    });
    failures.into_inner().unwrap()
}

#[test]
fn every_fault_ends_every_command_as_its_row_says() {
    let rows = rows();
    let (mut sleeping, mut working) = (Vec::new(), Vec::new());
    for (number, row) in rows.iter().enumerate() {
        for (cmd, ending) in &row.endings {
            // A failure is the same in any format, but for its form; each row has both forms. A
            // success is of each format's own making.
            let formats: &[_] = match (ending.exit, (number + *cmd as usize) % 2) {
                (0, _) => &["json", "plain"],
                (_, 0) => &["json"],
                _ => &["plain"],
            };
            for format in formats {
                let case = Case {
                    row,
                    cmd: *cmd,
                    ending,
                    format,
                };
                if row.sleeps() {
                    sleeping.push(case);
                } else {
                    working.push(case);
                }
            }
        }
    }
    let mut failures = failures_of(sleeping, SLEEPERS);
    failures.extend(failures_of(working, WORKERS));
    assert!(
        failures.is_empty(),
        "{} failures:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

#[test]
fn every_row_has_a_name_of_its_own() {
    let rows = rows();
    let mut names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "two rows of one name");
    assert!(rows.len() >= 60, "{}", rows.len());
}

#[test]
fn nothing_that_is_written_holds_a_secret() {
    let stage = Stage::new();
    let run = |args: &[&str]| {
        Jdredis::at(&stage.sandbox)
            .env("JDCLOUD_SECURITY_TOKEN", TOKEN)
            .env("HOME", &stage.path("home"))
            .args(["-vvv", "--max-attempts", "1"])
            .args(args.iter().copied())
            .run()
    };
    for cmd in ALL {
        for format in ["table", "json", "plain"] {
            let outcome = stage.run(cmd, AMPLE, format);
            assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        }
    }
    // What is left of a download that broke off, and of one that was damaged.
    let halves = stage.path("halves");
    let mut download = Cmd::Download.args().to_vec();
    download.extend(["--region", "cn-north-1", "--dir", halves.as_str()]);
    stage.sandbox.deliver("", vec![Delivery::normal().cut_after(1000)]);
    run(&download).data_before_failure(7, &["incomplete"]);
    let whole = fs::read_dir(stage.path("files")).unwrap();
    let whole: Vec<_> = whole
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    assert_eq!(whole.len(), 1, "{whole:?}");
    let verify = run(&["backup", "verify", whole[0].to_str().unwrap()]);
    assert_eq!(verify.code, Some(0), "{verify:#?}");
    for args in [&["man"][..], &["completions", "bash"]] {
        assert_eq!(run(args).code, Some(0));
    }
    assert!(Path::new(&halves).join(".jdredis").is_dir());
    assert_eq!(
        fs::read_dir(stage.path("home")).unwrap().count(),
        0,
        "a home was written to"
    );
    assert_no_secret_below(stage.folder.path(), &stage.sandbox);
}

/// Looks into every file below a folder for what must be in none.
fn assert_no_secret_below(folder: &Path, sandbox: &Sandbox) {
    let mut secrets = vec![SECRET_KEY.to_owned(), TOKEN.to_owned(), BASE64_STANDARD.encode(TOKEN)];
    for request in sandbox.requests() {
        let authorization = request.header("authorization").unwrap_or_default();
        for (text, name) in [
            (authorization, "Signature="),
            (request.target.as_str(), "X-Amz-Signature="),
        ] {
            let signature = text
                .split_once(name)
                .map(|(_, rest)| rest.split(['&', ',']).next().unwrap());
            secrets.extend(signature.map(str::to_owned));
        }
    }
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_no_secret_below(&path, sandbox);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for secret in &secrets {
            let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_there, "{} holds {secret}", path.display());
        }
    }
}
