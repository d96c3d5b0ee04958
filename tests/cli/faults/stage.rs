//! The surroundings of a run of the fault table: the service, the folders, the environment, and whatever
//! stands between the program and the service.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use jdredis_sandbox::{Authority, Builder, Certificate, Proxy, ProxyMode, Reply, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::row::{Cmd, Fault};
use super::rude::{Manner, Rude};
use crate::support::{ACCESS_KEY, Jdredis, Outcome, SECRET_KEY, TOKEN, sandbox_builder};

/// The size of a backup's file in bytes. It is small because every file is searched for secrets after
/// every run.
const FILE_SIZE: u64 = 2000;

/// The surroundings of one run.
pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    pub(super) folder: TempDir,
    pub(super) home: Option<String>,
    pub(super) env: Vec<(&'static str, String)>,
    pub(super) without: Vec<&'static str>,
    pub(super) stdout: Option<fn() -> Stdio>,
    pub(super) proxy: Option<Proxy>,
    pub(super) rude: Option<Rude>,
    /// Another service, which must receive nothing.
    pub(super) elsewhere: Option<Sandbox>,
}

impl Stage {
    pub(super) fn new() -> Self {
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

    pub(super) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(super) fn endpoint(&mut self, endpoint: String) {
        self.env.push(("JDREDIS_ENDPOINT", endpoint));
    }

    /// Serves TLS with such a certificate of an authority that the program trusts.
    pub(super) fn tls(&mut self, certificate: Certificate) {
        let authority = Authority::new();
        authority.write_pem(self.path("ca.pem")).unwrap();
        self.sandbox = known_keys().tls(authority.issue(certificate)).start().unwrap();
        self.env.push(("SSL_CERT_FILE", self.path("ca.pem")));
    }

    pub(super) fn proxy(&mut self, mode: ProxyMode) {
        let proxy = Proxy::start(mode).unwrap();
        let url = format!("http://me:{TOKEN}@{}", proxy.address());
        self.env.push(("http_proxy", url));
        self.proxy = Some(proxy);
    }

    pub(super) fn rude(&mut self, manner: Manner) {
        let rude = Rude::start(manner);
        self.endpoint(format!("http://{}", rude.address));
        self.rude = Some(rude);
    }

    pub(super) fn redirect_elsewhere(&mut self, status: u16) {
        let other = known_keys().start().unwrap();
        let location = format!("{}/v1/regions/cn-north-1/cacheInstance", other.endpoint());
        self.sandbox.always(Reply::new(status).header("Location", location));
        self.elsewhere = Some(other);
    }

    pub(super) fn clock_ahead(&mut self, seconds: i64) {
        // The program's clock is the machine's, so the sandbox's is set back.
        self.sandbox = known_keys().clock_offset(-seconds).start().unwrap();
    }

    pub(super) fn without_keys(&mut self) {
        self.without = vec!["JDCLOUD_ACCESS_KEY", "JDCLOUD_SECRET_KEY", "JDCLOUD_SECURITY_TOKEN"];
    }

    /// Gives the home folder this mode. A privileged user can read it whatever the mode.
    pub(super) fn home_mode(&self, mode: u32) {
        set_mode(Path::new(&self.path("home")), mode);
    }

    /// Makes the home a file, in which no user can read a profile.
    pub(super) fn home_is_a_file(&mut self) {
        fs::write(self.path("file"), "").unwrap();
        self.home = Some(self.path("file"));
    }

    /// A body that every command accepts.
    pub(super) fn body(&self) -> Value {
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
                "autoBackup": true,
                "backupPeriod": "Monday",
                "backupTime": "01:00-02:00 +0800",
                "nextBackupTime": "2021-07-18T17:00:00Z~2021-07-18T18:00:00Z",
                "baseId": "1234",
            },
        })
    }

    pub(super) fn set(&mut self, fault: &Fault) {
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

    pub(super) fn run(&self, cmd: Cmd, timeout: &str, format: &str) -> Outcome {
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

    /// How many requests the API received; or, where a proxy or a rude server stands in front of it, how many
    /// connections that accepted.
    pub(super) fn arrivals(&self) -> usize {
        let requests = requests_of_the_api(&self.sandbox);
        let others = self
            .proxy
            .as_ref()
            .map(Proxy::connections)
            .or(self.rude.as_ref().map(Rude::connections));
        match others {
            Some(connections) => {
                assert_eq!(
                    requests, 0,
                    "requests that did not go through the proxy or the rude server"
                );
                connections
            }
            None => requests,
        }
    }
}

pub(super) fn known_keys() -> Builder {
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

/// The body with another value at a JSON pointer; an empty value removes the field.
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
