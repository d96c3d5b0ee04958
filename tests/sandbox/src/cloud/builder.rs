//! The settings of a sandbox, made before it starts.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::{Cloud, Sandbox};
use crate::catalog::Catalog;
use crate::difference::Difference;
use crate::server::Server;
use crate::signature::Keys;
use crate::storage::LEAST_RDB;
use crate::tls::ServerIdentity;

/// The access key unless the builder sets another.
const ACCESS_KEY: &str = "SANDBOXACCESSKEY";
const SECRET_KEY: &str = "sandbox-secret-key";
/// How far a request's date may be from the sandbox's clock, unless the builder sets another window.
const CLOCK_WINDOW: Duration = Duration::from_secs(15 * 60);
const OBJECT_SIZE: u64 = 300_000;
/// How long a link works, in seconds: "valid for 1 hour".
const LINK_LIFETIME: u32 = 3600;

/// Settings of a sandbox: [`Sandbox::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    port: u16,
    pub(super) keys: Keys,
    pub(super) clock_offset: time::Duration,
    pub(super) clock_window: Duration,
    pub(super) tls: Option<ServerIdentity>,
    pub(super) object_size: u64,
    pub(super) link_lifetime: u32,
    pub(super) expired_link_status: u16,
    pub(super) calls_limit: Option<(usize, Duration)>,
    has_fleet_only: bool,
    links_say_http: bool,
    pub(super) also_http: bool,
    pub(super) difference: Option<Difference>,
    link_host: Option<String>,
}

impl Default for Builder {
    fn default() -> Self {
        let keys = Keys {
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            token: None,
        };
        Self {
            port: 0,
            keys,
            clock_offset: time::Duration::ZERO,
            clock_window: CLOCK_WINDOW,
            tls: None,
            object_size: OBJECT_SIZE,
            link_lifetime: LINK_LIFETIME,
            expired_link_status: 403,
            calls_limit: None,
            has_fleet_only: false,
            links_say_http: false,
            also_http: false,
            difference: None,
            link_host: None,
        }
    }
}

impl Builder {
    /// The port on 127.0.0.1; a free one unless set.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The only key pair that is accepted; a temporary one has a token, given here without base64.
    #[must_use]
    pub fn keys(mut self, access_key: &str, secret_key: &str, token: Option<&str>) -> Self {
        self.keys = Keys {
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
            token: token.map(str::to_owned),
        };
        self
    }

    /// How many seconds the sandbox's clock is ahead of the machine's; negative when behind. The
    /// `Date` headers, the links and the check of the requests' dates use this clock.
    #[must_use]
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset = time::Duration::seconds(seconds);
        self
    }

    /// How far a request's date may be from the sandbox's clock, either way: 15 minutes unless
    /// set. What the service allows is not documented.
    #[must_use]
    pub fn clock_window(mut self, window: Duration) -> Self {
        self.clock_window = window;
        self
    }

    /// How many bytes the file of each node of a backup has, at least 128: 300,000 unless set.
    ///
    /// # Panics
    /// When they are fewer.
    #[must_use]
    pub fn object_size(mut self, bytes: u64) -> Self {
        assert!(bytes >= LEAST_RDB, "an RDB file has at least {LEAST_RDB} bytes");
        self.object_size = bytes;
        self
    }

    /// How many seconds a link is valid: 3600 unless set. With 0 it never is.
    #[must_use]
    pub fn link_lifetime(mut self, seconds: u32) -> Self {
        self.link_lifetime = seconds;
        self
    }

    /// The status of the answer to an expired link, which is not documented: 403 unless set, and
    /// 400 is as likely.
    #[must_use]
    pub fn expired_link_status(mut self, status: u16) -> Self {
        self.expired_link_status = status;
        self
    }

    /// Whether links have the scheme `http` although the sandbox serves HTTPS, as the real ones do. Unless
    /// set, they have the scheme that is served.
    #[must_use]
    pub fn links_say_http(mut self, say_so: bool) -> Self {
        self.links_say_http = say_so;
        self
    }

    /// The host in links, with the sandbox's own port: 127.0.0.1 unless set. A link is valid only for a
    /// request with that host.
    #[must_use]
    pub fn link_host(mut self, host: &str) -> Self {
        self.link_host = Some(host.to_owned());
        self
    }

    /// Serves plain HTTP as well on the port that serves HTTPS, as the storage does on two ports.
    #[must_use]
    pub fn also_http(mut self) -> Self {
        self.also_http = true;
        self
    }

    /// Makes the service differ from what is believed of it.
    #[must_use]
    pub fn differing(mut self, difference: Difference) -> Self {
        self.difference = Some(difference);
        self
    }

    /// Starts without instances: those that are put into the fleet later are all there are.
    #[must_use]
    pub fn fleet_only(mut self) -> Self {
        self.has_fleet_only = true;
        self
    }

    /// Answers 429 to a call of the API once there were so many in the time before it. The service
    /// documents 1,000 a minute.
    #[must_use]
    pub fn calls_limit(mut self, calls: usize, per: Duration) -> Self {
        self.calls_limit = Some((calls, per));
        self
    }

    /// Serves HTTPS only, unless told otherwise.
    #[must_use]
    pub fn tls(mut self, identity: ServerIdentity) -> Self {
        self.tls = Some(identity);
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    /// When the port cannot be listened on or a thread cannot be started.
    pub fn start(self) -> io::Result<Sandbox> {
        let port = self.port;
        let mut cloud = None;
        let server = Server::start(port, |address| {
            let scheme = if self.tls.is_some() { "https" } else { "http" };
            let started = Arc::new(Cloud {
                origin: format!("{scheme}://{address}"),
                link_origin: self.link_origin(scheme, address),
                catalog: Mutex::new(if self.has_fleet_only {
                    Catalog::of_fleet_only()
                } else {
                    Catalog::default()
                }),
                settings: self,
                state: Mutex::default(),
                storage: Mutex::default(),
                changed: Condvar::new(),
            });
            cloud = Some(Arc::clone(&started));
            started
        })?;
        let cloud = cloud.expect("a started server has prepared its handler");
        Ok(Sandbox { server, cloud })
    }

    /// The scheme, host and port of links.
    fn link_origin(&self, served: &str, address: SocketAddr) -> String {
        let scheme = if self.links_say_http { "http" } else { served };
        match &self.link_host {
            Some(host) => format!("{scheme}://{host}:{}", address.port()),
            None => format!("{scheme}://{address}"),
        }
    }
}
