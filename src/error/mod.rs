//! From an error to what the user is told: one kind, one exit code, one message, and a hint at what
//! to do next. All of it is decided here.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use crate::api::{self, Effort, NONCE_REUSED, NetworkError, Problem, Refusal, Unexpected};
use crate::config::{self, profile};
use crate::http::Stage;
use crate::output;
use crate::output::Format;
use crate::terminal::escape::visible;
use crate::terminal::human;
use crate::transfer::FolderError;

/// A difference between clocks that can have a signature refused, in seconds. The service documents
/// no allowance; a minute is less than any that is known from services of this kind.
const NOTEWORTHY_CLOCK_OFFSET: i64 = 60;

/// The one thing that the program has the service do is to make a backup.
const MAY_HAVE_HAPPENED: &str = "it is not certain that nothing was done: look with 'jdredis backup list' whether a backup \
                                 was started, and only then try again";

/// What sort of thing went wrong. Decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Other,
    Usage,
    NotFound,
    Credentials,
    Network,
    Service,
    Integrity,
    Interrupted,
    Terminated,
}

impl Kind {
    /// What a run ends with that a signal has ended.
    pub(crate) fn of_signal(was_terminated: bool) -> Self {
        if was_terminated {
            Self::Terminated
        } else {
            Self::Interrupted
        }
    }

    /// The name in JSON.
    fn name(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Usage => "usage",
            Self::NotFound => "notFound",
            Self::Credentials => "credentials",
            Self::Network => "network",
            Self::Service => "service",
            Self::Integrity => "integrity",
            Self::Interrupted | Self::Terminated => "interrupted",
        }
    }

    fn exit_code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Credentials => 4,
            Self::Network => 5,
            Self::Service => 6,
            Self::Integrity => 7,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

/// Standard output could not be written.
#[derive(Debug)]
pub(crate) struct StdoutError(pub(crate) io::Error);

impl std::fmt::Display for StdoutError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for StdoutError {}

/// What a command finds wrong itself, above all that is wrong below it.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    /// Each thing that the message is about, a line each.
    pub(crate) details: Vec<String>,
    /// Of the answer that shows it.
    pub(crate) request_id: Option<String>,
    pub(crate) hint: String,
}

impl CommandError {
    pub(crate) fn new(kind: Kind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            details: Vec::new(),
            request_id: None,
            hint: hint.into(),
        }
    }
}

impl std::fmt::Display for CommandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

/// An error, ready to be shown.
#[derive(Debug)]
pub(crate) struct Report {
    kind: Kind,
    message: String,
    /// The service's code, or the HTTP status where something else answered.
    code: Option<u16>,
    /// The service's name for it.
    status: Option<String>,
    request_id: Option<String>,
    cause: Option<String>,
    details: Vec<String>,
    hint: Option<String>,
}

impl Report {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            code: None,
            status: None,
            request_id: None,
            cause: None,
            details: Vec::new(),
            hint: None,
        }
    }

    fn cause(self, cause: impl Into<String>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..self
        }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    fn request_id(self, request_id: Option<&String>) -> Self {
        Self {
            request_id: request_id.cloned(),
            ..self
        }
    }

    /// A command line that clap refused: `text` is clap's own, whose first paragraph says what is
    /// wrong and whose others advise.
    pub(crate) fn of_usage(text: &str) -> Self {
        let (message, advice) = text.split_once("\n\n").unwrap_or((text, ""));
        let on_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let report = Self::new(Kind::Usage, on_one_line(message.trim_start_matches("error: ")));
        if advice.is_empty() {
            report
        } else {
            report.hint(on_one_line(advice))
        }
    }

    /// Finds what the error is at heart; what was added above it says what was being done.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let mut doing = String::new();
        for link in error.chain() {
            if let Some(report) = Self::of_link(link) {
                return Self {
                    message: doing + &report.message,
                    ..report
                };
            }
            let _ = write!(doing, "{link}: ");
        }
        Self::new(Kind::Other, doing.trim_end_matches(": "))
    }

    /// The report on an error of a type that is known here.
    fn of_link(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        None.or_else(|| error.downcast_ref().map(of_api))
            .or_else(|| error.downcast_ref().map(of_settings))
            .or_else(|| error.downcast_ref().map(of_command))
            .or_else(|| error.downcast_ref().map(of_folder))
            .or_else(|| error.downcast_ref().map(of_stdout))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind.exit_code())
    }

    /// The report in the form that goes with an output format.
    pub(crate) fn render(&self, format: Format) -> Vec<u8> {
        match format {
            Format::Json => self.json(),
            Format::Table | Format::Plain => self.text().into_bytes(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("error: {}\n", visible(&self.message));
        for detail in &self.details {
            let _ = writeln!(text, "  {}", visible(detail));
        }
        for (name, value) in [
            ("request ID", &self.request_id),
            ("cause", &self.cause),
            ("hint", &self.hint),
        ] {
            if let Some(value) = value {
                let _ = writeln!(text, "  {name}: {}", visible(value));
            }
        }
        text
    }

    fn json(&self) -> Vec<u8> {
        let more: Vec<&str> = self.details.iter().chain(&self.cause).map(String::as_str).collect();
        let message = match more.as_slice() {
            [] => self.message.clone(),
            more => format!("{}: {}", self.message, more.join("; ")),
        };
        output::json::render_line(&json!({"error": {
            "kind": self.kind.name(),
            "message": message,
            "code": self.code,
            "status": self.status,
            "requestId": self.request_id,
            "hint": self.hint,
        }}))
    }
}

fn of_command(error: &CommandError) -> Report {
    Report {
        details: error.details.clone(),
        ..Report::new(error.kind, &error.message)
            .request_id(error.request_id.as_ref())
            .hint(&error.hint)
    }
}

fn of_folder(error: &FolderError) -> Report {
    let report = Report::new(Kind::Other, error.to_string());
    match error {
        FolderError::Unusable { .. } => report.hint("give a folder that this user can write with --dir"),
        FolderError::Held { .. } => report.hint("wait until it has ended, or give another folder with --dir"),
    }
}

fn of_stdout(error: &StdoutError) -> Report {
    Report::new(Kind::Other, "the output could not be written")
        .cause(error.to_string())
        .hint("look at what standard output leads to: a full disk, a closed file or a failed program")
}

fn of_api(error: &api::Error) -> Report {
    let mut report = match &*error.problem {
        Problem::Refused(refusal) => of_refusal(refusal),
        Problem::Unexpected(unexpected) => of_unexpected(unexpected),
        Problem::Network(error) => of_network(error),
        Problem::NoRandomness(error) => Report::new(Kind::Other, "a request cannot be signed without random bytes")
            .cause(error.to_string())
            .hint("the operating system refused them; run this outside the sandbox or container that forbids it"),
    };
    if error.may_have_happened {
        report.hint = Some(MAY_HAVE_HAPPENED.to_owned());
    } else if let Some(wait) = error.asked_to_wait {
        report.hint = Some(format!(
            "the service asks to wait {}, which is longer than what was left of --timeout; try again then",
            human::duration(wait.as_secs())
        ));
    }
    if let Some(Effort { attempts, elapsed }) = error.effort {
        let _ = write!(
            report.message,
            " (after {attempts} attempts in {:.1} s)",
            elapsed.as_secs_f64()
        );
    }
    report
}

fn of_refusal(refusal: &Refusal) -> Report {
    let has = |words: &str| refusal.message.contains(words);
    let (kind, message, hint) = match refusal.code {
        404 => (
            Kind::NotFound,
            "the service knows no such thing",
            "check the region and the IDs: 'jdredis instance list' and 'jdredis backup list' show what there is; JD Cloud \
             keeps a backup for 7 days",
        ),
        401 => (
            Kind::Credentials,
            "the service refuses the keys",
            "check that access key and secret key are a pair, complete and not disabled, and that temporary keys come with \
             their JDCLOUD_SECURITY_TOKEN, not yet expired; -vv shows what was signed, which a proxy on the way may have \
             changed",
        ),
        403 if has(NONCE_REUSED) => (
            Kind::Credentials,
            "the service has seen the request before",
            "something on the way sends requests twice: look at proxies and gateways",
        ),
        403 if has("not authorized") || has("[IAM]") => (
            Kind::Credentials,
            "the keys are not permitted to do this",
            "ask the account's administrator for an IAM policy that allows the action named in the cause",
        ),
        403 => (
            Kind::Credentials,
            "the service forbids this",
            "check what the account and its keys are permitted to do",
        ),
        409 if refusal.status == "ALREADY_EXISTS" => (
            Kind::Service,
            "there is one already",
            "give another --name, or leave it out for one that is new",
        ),
        409 => (
            Kind::Service,
            "the service is doing something else with it",
            "wait until that is done: 'jdredis instance list' and 'jdredis backup list' show the status",
        ),
        413 | 414 => (
            Kind::Service,
            "the request is too large for the service",
            "this should not happen: report the command, without keys",
        ),
        501 => (
            Kind::Service,
            "the service does not offer this",
            "try another region, or a newer jdredis",
        ),
        429 if refusal.status == "QUOTA_EXCEEDED" => (
            Kind::Service,
            "a quota of the account is used up",
            "ask JD Cloud to raise it; trying again will not help",
        ),
        429 => (
            Kind::Service,
            "the service is asked too often",
            "wait a minute, then run fewer of these at once",
        ),
        500 | 502..=504 => (
            Kind::Service,
            "the service failed",
            "try again later; if it stays, report the request ID to JD Cloud",
        ),
        _ => (
            Kind::Service,
            "the service refused the request",
            "check --region and the IDs against the console; if they are right, report the request ID to JD Cloud",
        ),
    };
    let clock = refusal
        .clock_offset
        .filter(|offset| matches!(refusal.code, 401 | 403) && !has("[IAM]") && offset.abs() >= NOTEWORTHY_CLOCK_OFFSET);
    Report {
        code: Some(refusal.code),
        status: (!refusal.status.is_empty()).then(|| refusal.status.clone()),
        ..Report::new(kind, message)
            .request_id(refusal.request_id.as_ref())
            .cause(refusal.to_string())
            .hint(match clock {
                Some(offset) => format!("{}; else {hint}", clock_hint(offset)),
                None => hint.to_owned(),
            })
    }
}

fn clock_hint(offset: i64) -> String {
    let direction = if offset > 0 { "ahead of" } else { "behind" };
    format!(
        "this machine's clock is {} {direction} the service's, and a signature is only good for a short time: set the \
         clock (NTP)",
        human::duration(offset.unsigned_abs())
    )
}

fn of_unexpected(unexpected: &Unexpected) -> Report {
    let hint = if unexpected.is_from_service {
        "the service may have changed: try a newer jdredis, else report this with the request ID and the output of -v"
    } else {
        "a proxy, a gateway or a login page on the way may have answered instead of the service: check the proxy variables \
         and --endpoint"
    };
    Report {
        code: Some(unexpected.http_status),
        ..Report::new(Kind::Service, "the answer is not what the service documents")
            .request_id(unexpected.request_id.as_ref())
            .cause(&unexpected.what)
            .hint(hint)
    }
}

fn of_network(error: &NetworkError) -> Report {
    let NetworkError {
        stage,
        detail,
        endpoint,
        proxy,
    } = error;
    let via = proxy
        .as_ref()
        .map(|proxy| format!(" through the proxy {proxy}"))
        .unwrap_or_default();
    let (message, hint) = match stage {
        Stage::Dns => match proxy {
            // The proxy resolves the endpoint's name, if there is one.
            Some(proxy) => (
                format!("the name of the proxy {proxy} cannot be resolved"),
                "check the proxy variables (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) and this machine's DNS",
            ),
            None => (
                format!("the name of {endpoint} cannot be resolved"),
                "check --endpoint, this machine's DNS, and whether a proxy (HTTPS_PROXY) is needed to get out",
            ),
        },
        Stage::Unreachable => (
            format!("{endpoint} cannot be reached{via}"),
            "check --endpoint, firewalls, and whether a proxy (HTTPS_PROXY) is needed to get out",
        ),
        Stage::Broken => (
            format!("the connection to {endpoint}{via} broke off"),
            "try again; if it stays, check firewalls and proxies, and that --endpoint does not say http:// where the \
             service speaks TLS",
        ),
        Stage::Protocol => (
            format!("what answers at {endpoint}{via} breaks the rules of HTTP"),
            "check --endpoint and the proxy variables: something else may be listening there",
        ),
        Stage::Tls => (
            format!("no trusted encrypted connection to {endpoint}{via}"),
            "if a proxy inspects TLS, point SSL_CERT_FILE at its CA certificate (PEM); if the endpoint speaks plain \
             HTTP, as those inside a VPC do, spell out http:// in --endpoint",
        ),
        Stage::TrustStore => (
            "no certificate authorities to trust could be loaded".to_owned(),
            "if SSL_CERT_FILE or SSL_CERT_DIR is set, let it name PEM certificates that can be read; else install the \
             package ca-certificates",
        ),
        Stage::Proxy => (
            format!(
                "the proxy {} did not let the request through",
                proxy.as_deref().unwrap_or("in between")
            ),
            "407 means it wants a name and password: put them into the proxy variable as http://NAME:PASSWORD@HOST:PORT; \
             otherwise ask its administrator to allow CONNECT to the endpoint and its port, or except it with NO_PROXY",
        ),
        Stage::Timeout => (
            format!("{endpoint} did not answer in time{via}"),
            "check firewalls and whether a proxy (HTTPS_PROXY) is needed to get out; --timeout allows for more time",
        ),
    };
    Report::new(Kind::Network, message).cause(detail).hint(hint)
}

fn of_settings(error: &config::Error) -> Report {
    const WHERE_KEYS_COME_FROM: &str = "set JDCLOUD_ACCESS_KEY and JDCLOUD_SECRET_KEY, or make a profile with the official CLI \
                                        ('jdc configure add')";
    let message = error.to_string();
    match error {
        config::Error::Invalid { .. } => Report::new(Kind::Usage, message).hint("correct it, or leave it out"),
        config::Error::NoRegion => Report::new(Kind::Usage, message)
            .hint("give --region (such as cn-north-1), set JDCLOUD_REGION, or set region_id in the profile"),
        config::Error::PartOfKeys { present, missing } => Report::new(Kind::Credentials, message)
            .hint(format!("set {missing} too; to use a profile instead, unset {present}")),
        config::Error::NoCredentials { profile } => Report::new(Kind::Credentials, message)
            .cause(format!("the environment has none, and {profile}"))
            .hint(WHERE_KEYS_COME_FROM),
        config::Error::Incomplete { source, key } => Report::new(Kind::Credentials, message)
            .hint(format!("add {key} to that section of {}", source.file.display())),
        config::Error::Profile(error) => Report::new(Kind::Credentials, message).hint(profile_hint(error)),
        config::Error::Proxy(_) => Report::new(Kind::Network, message)
            .hint("write it as http://HOST:PORT or http://NAME:PASSWORD@HOST:PORT, or unset it to connect directly"),
    }
}

fn profile_hint(error: &profile::Error) -> String {
    let mend = |file: &Path| {
        format!(
            "mend {}, or set JDCLOUD_ACCESS_KEY and JDCLOUD_SECRET_KEY",
            file.display()
        )
    };
    match error {
        profile::Error::NoHome => "set HOME, or set JDCLOUD_ACCESS_KEY and JDCLOUD_SECRET_KEY".to_owned(),
        profile::Error::Missing { .. } => {
            "make the profile with the official CLI ('jdc configure add'), or set JDCLOUD_ACCESS_KEY and \
             JDCLOUD_SECRET_KEY and leave --profile and JDCLOUD_PROFILE out"
                .to_owned()
        }
        profile::Error::Unreadable { file, .. } => format!("make {} a file that this user can read", file.display()),
        profile::Error::NoSection { .. } => {
            "name one that is there, with --profile, JDCLOUD_PROFILE or in ~/.jdc/current, or add the section"
                .to_owned()
        }
        profile::Error::Malformed { file, .. } => mend(file),
        profile::Error::BadValue { source, .. } => mend(&source.file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_errors_keep_claps_advice_as_the_hint() {
        let report =
            Report::of_usage("error: not provided:\n  --x <ID>\n\nUsage: jdredis\n\nFor more, try '--help'.\n");
        assert_eq!(report.message, "not provided: --x <ID>");
        assert_eq!(report.hint.as_deref(), Some("Usage: jdredis For more, try '--help'."));
    }
}
