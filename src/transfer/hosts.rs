//! The storage hosts that no connection can be made to, so that not every file finds that out for itself.
//!
//! A host is given up once its failure is about the connection and will stay: at once where trying again does not help
//! (a certificate that is not trusted, a proxy that refuses), unless the host has answered in this run; else after it
//! has failed for as long as a silence may last, so that a restart of the storage or of a network costs no file. Any
//! answer, also an error, shows that connections can be made.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::pool::Pool;
use super::reason::Reason;
use super::request::{Answer, NoAnswer};
use super::state::{Kind, Task};
use crate::http::{Failure, Stage};
use crate::retry::{Cause, may_pass};
use crate::values::link::Link;

/// The hosts of a run, by the origin of their links.
#[derive(Default)]
pub(crate) struct Hosts(Mutex<HashMap<String, Host>>);

#[derive(Default)]
struct Host {
    has_answered: bool,
    /// When the first request failed since the last answer, and how many have since.
    failing: Option<(Duration, u32)>,
    given_up: Option<Failure>,
}

impl Hosts {
    /// Notes that a host has answered.
    pub(super) fn answered(&self, origin: &str) {
        let host = Host {
            has_answered: true,
            ..Host::default()
        };
        self.lock().insert(origin.to_owned(), host);
    }

    /// Notes that a request to a host led to no answer. Where that may pass, the host is given up once it has failed for
    /// so long and so often.
    pub(super) fn failed(&self, origin: &str, failure: &Failure, now: Duration, (long, often): (Duration, u32)) {
        // A limit of this system is not the host's fault.
        if failure.stage == Stage::NoThread {
            return;
        }
        let mut hosts = self.lock();
        let host = hosts.entry(origin.to_owned()).or_default();
        let (since, count) = host.failing.map_or((now, 1), |(since, count)| (since, count + 1));
        host.failing = Some((since, count));
        let stays = !may_pass(Cause::Transport(failure)) && failure.was_before_sending && !host.has_answered;
        if stays || (count >= often && now.saturating_sub(since) >= long) {
            host.given_up.get_or_insert_with(|| failure.clone());
        }
    }

    /// Why a host was given up, if it was.
    pub(super) fn given_up(&self, origin: &str) -> Option<Failure> {
        self.lock().get(origin)?.given_up.clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        // A thread that panics ends the process.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    /// Why a file's first request is not sent: its host was given up. A file that has failed before goes on to its
    /// own end, which says how often.
    pub(super) fn why_not(&self, task: &Task, link: &Link) -> Option<Reason> {
        let failure = self.options.hosts.given_up(link.origin()?)?;
        let is_first = task.generation == 0 && matches!(task.kind, Kind::First(..));
        let is_untried = is_first && self.lock().files[task.file].attempts.is_first();
        is_untried.then_some(Reason::NotTried(failure))
    }

    /// Notes what a request shows of its host.
    pub(super) fn note_host(&self, link: &Link, outcome: &Result<Answer, NoAnswer>) {
        let options = &self.options;
        let Some(origin) = link.origin() else { return };
        match outcome {
            Err(NoAnswer::Transport(failure)) => {
                let limits = (options.patience, options.max_attempts);
                options.hosts.failed(origin, failure, self.now(), limits);
            }
            _ => options.hosts.answered(origin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Route, TlsFault};

    const ORIGIN: &str = "https://h";
    const PATIENCE: Duration = Duration::from_secs(30);

    fn failure(stage: Stage) -> Failure {
        Failure {
            stage,
            is_at_proxy: false,
            route: Route {
                origin: ORIGIN.to_owned(),
                proxy: None,
            },
            detail: String::new(),
            was_before_sending: true,
        }
    }

    fn fail(hosts: &Hosts, stage: Stage, second: u64) -> bool {
        hosts.failed(ORIGIN, &failure(stage), Duration::from_secs(second), (PATIENCE, 3));
        hosts.given_up(ORIGIN).is_some()
    }

    #[test]
    fn a_failure_that_stays_gives_the_host_up_at_once_and_no_other() {
        let hosts = Hosts::default();
        assert!(fail(&hosts, Stage::Tls(TlsFault::Untrusted), 0));
        assert!(hosts.given_up("https://h:444").is_none());
    }

    #[test]
    fn a_failure_that_may_pass_gives_the_host_up_once_it_has_lasted() {
        let hosts = Hosts::default();
        assert!(!fail(&hosts, Stage::Dns, 0));
        assert!(!fail(&hosts, Stage::Unreachable, 29));
        assert!(fail(&hosts, Stage::Unreachable, 30));
        let hosts = Hosts::default();
        assert!(!fail(&hosts, Stage::Timeout, 0));
        assert!(!fail(&hosts, Stage::Timeout, 40), "two failures are too few");
        assert!(fail(&hosts, Stage::Timeout, 80));
    }

    #[test]
    fn an_answer_takes_all_back() {
        let hosts = Hosts::default();
        assert!(!fail(&hosts, Stage::Broken, 0));
        hosts.answered(ORIGIN);
        for second in [30, 40, 59] {
            assert!(!fail(&hosts, Stage::Tls(TlsFault::Untrusted), second), "{second}");
        }
        assert!(fail(&hosts, Stage::Broken, 60));
        hosts.answered(ORIGIN);
        assert!(hosts.given_up(ORIGIN).is_none());
    }

    #[test]
    fn a_limit_of_this_system_counts_for_nothing() {
        let hosts = Hosts::default();
        assert!((0..9).all(|times| !fail(&hosts, Stage::NoThread, times * 60)));
    }
}
