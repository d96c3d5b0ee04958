//! The storage hosts that no connection can be made to, so that not every file tries them again.
//!
//! A host is given up after attempts to connect to it failed. If another attempt would not help (a certificate that is
//! not trusted, a proxy that refuses), the first one is enough, unless the host has answered in this run. Otherwise they
//! must have failed for as long as the storage may be silent, so that a restart of the storage or of a network costs no
//! file. Any answer, an error too, shows that connections can be made. A request that was sent and not answered counts
//! for nothing: it may be its object that the host has trouble with.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use super::pool::{Pool, locked};
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

    /// Notes that a request to a host led to no answer. If no connection could be made and that may pass, the host is
    /// given up once there were `least` such failures since its last answer, and they have lasted for this time.
    pub(super) fn failed(&self, origin: &str, failure: &Failure, now: Duration, (lasting, least): (Duration, u32)) {
        let is_about_connecting = match failure.stage {
            // A limit of this system is not the host's fault.
            Stage::NoThread => false,
            // A proxy for plain http answers so where it cannot connect to the host.
            Stage::ProxyRefused { status: 502 | 503, .. } => true,
            _ => failure.was_before_sending,
        };
        if !is_about_connecting {
            return;
        }
        let mut hosts = self.lock();
        let host = hosts.entry(origin.to_owned()).or_default();
        let (since, count) = host.failing.map_or((now, 1), |(since, count)| (since, count + 1));
        host.failing = Some((since, count));
        let stays = !may_pass(Cause::Transport(failure)) && !host.has_answered;
        if stays || (count >= least && now.saturating_sub(since) >= lasting) {
            host.given_up.get_or_insert_with(|| failure.clone());
        }
    }

    /// Why a host was given up, if it was.
    pub(super) fn given_up(&self, origin: &str) -> Option<Failure> {
        self.lock().get(origin)?.given_up.clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        locked(&self.0)
    }
}

impl Pool {
    /// Why a file's first request is not sent: its host was given up. A file that has failed before is tried until its
    /// own attempts are over, so that its reason says how many there were.
    pub(super) fn why_not(&self, task: &Task, link: &Link) -> Option<Reason> {
        let failure = self.options.hosts.given_up(link.origin()?)?;
        let is_first = task.generation == 0 && matches!(task.kind, Kind::First(..));
        let is_untried = is_first && !self.lock().files[task.file].attempts.has_failed();
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
    use crate::transfer::slot::First;
    use crate::transfer::state::State;
    use crate::transfer::tests::Scene;

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
    fn a_file_that_was_tried_is_not_given_up_with_its_host() {
        let scene = Scene::new(1);
        scene.begin(0);
        let task = scene.next().unwrap();
        let origin = task.link.origin().unwrap();
        let hosts = &scene.pool.options.hosts;
        let untrusted = failure(Stage::Tls(TlsFault::Untrusted));
        hosts.failed(origin, &untrusted, Duration::ZERO, (PATIENCE, 3));
        let is_given_up = |task: &Task| scene.pool.why_not(task, &task.link).is_some();
        assert!(is_given_up(&task));
        // It began anew, or it asks for a piece.
        let slot = |state: &State| state.files[0].task(0, Kind::First(First::Resume, 0));
        let again = Task {
            generation: 1,
            ..slot(&scene.pool.lock())
        };
        assert!(!is_given_up(&again));
        let id = scene.pool.lock().files[0].open(1, Duration::ZERO);
        let piece = Task {
            kind: Kind::Piece(id, 0..1),
            ..slot(&scene.pool.lock())
        };
        assert!(!is_given_up(&piece));
        scene.pool.lock().files[0]
            .attempts
            .count(Duration::ZERO, Duration::ZERO);
        assert!(!is_given_up(&task));
    }

    #[test]
    fn a_limit_of_this_system_counts_for_nothing_and_a_request_that_was_sent_too() {
        let hosts = Hosts::default();
        assert!((0..9).all(|times| !fail(&hosts, Stage::NoThread, times * 60)));
        let proxy = |status| Stage::ProxyRefused {
            status,
            had_password: false,
        };
        let fail = |stage, second| {
            let sent = Failure {
                was_before_sending: false,
                ..failure(stage)
            };
            hosts.failed(ORIGIN, &sent, Duration::from_secs(second), (PATIENCE, 2));
            hosts.given_up(ORIGIN).is_some()
        };
        for (stage, second) in [(Stage::Timeout, 0), (Stage::Broken, 60), (proxy(504), 120)] {
            assert!(!fail(stage, second), "{stage:?}");
        }
        assert!(!fail(proxy(502), 180) && fail(proxy(503), 240));
    }
}
