//! A row of the fault table: a fault, and how each command ends that meets it.

use std::time::Duration;

use jdredis_sandbox::Reply;

use super::stage::Stage;
use super::{AMPLE, SHORT};

/// The shortest pause before a second attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cmd {
    Url,
    Latest,
    List,
    Instances,
    Create,
    Download,
    Policy,
}

/// Every command.
pub(super) const ALL: [Cmd; 7] = [
    Cmd::Url,
    Cmd::Latest,
    Cmd::List,
    Cmd::Instances,
    Cmd::Create,
    Cmd::Download,
    Cmd::Policy,
];

/// The commands that change nothing at the service.
pub(super) const READS: [Cmd; 6] = [
    Cmd::Url,
    Cmd::Latest,
    Cmd::List,
    Cmd::Instances,
    Cmd::Download,
    Cmd::Policy,
];

impl Cmd {
    pub(super) fn args(self) -> &'static [&'static str] {
        match self {
            Self::Url => &["backup", "url", "--instance", "redis-1234", "--base-id", "1234"],
            Self::Latest => &["backup", "url", "--instance", "redis-1234", "--latest"],
            Self::List => &["backup", "list", "--instance", "redis-1234"],
            Self::Instances => &["instance", "list"],
            Self::Policy => &["backup", "policy", "show", "--instance", "redis-1234"],
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

    /// The beginning of the message when its first request fails.
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Url => "cannot get the links of backup 1234 of instance redis-1234 in cn-north-1: ",
            Self::Latest => "cannot find the latest backup of instance redis-1234 in cn-north-1: ",
            Self::List => "cannot list the backups of instance redis-1234 in cn-north-1: ",
            Self::Instances => "cannot list the instances of cn-north-1: ",
            Self::Policy => "no policy of instance redis-1234 in cn-north-1: ",
            Self::Create => "cannot start a backup of instance redis-1234 in cn-north-1: ",
            Self::Download => "cannot download backup 1234 of instance redis-1234 in cn-north-1: ",
        }
    }

    /// How many requests the API receives in a run without a fault.
    pub(super) fn requests(self) -> usize {
        match self {
            // The backup, then its links; the links, then the backup's size.
            Self::Latest | Self::Download => 2,
            _ => 1,
        }
    }
}

/// The fault of a row.
pub(super) enum Fault {
    /// Each answer of the API is this, made from a body that every command accepts.
    Answer(fn(String) -> Reply),
    /// These fields of that body have these values instead, in JSON; an empty value removes the field.
    Fields(Vec<(&'static str, &'static str)>),
    /// The body is changed to these bytes.
    Bytes(fn(&str) -> Vec<u8>),
    /// The service refuses with this code, status and message.
    Status(u16, &'static str, &'static str),
    /// Something in the program's surroundings is wrong.
    Stage(fn(&mut Stage)),
}

/// The expected end of a run.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) exit: i32,
    pub(super) says: Vec<&'static str>,
    pub(super) attempts: usize,
    /// How many requests or connections arrive; see [`Stage::arrivals`].
    pub(super) arrivals: usize,
    /// Whether the message begins with [`Cmd::doing`].
    pub(super) says_doing: bool,
    /// Whether the message says that the service may have done what it was asked to.
    pub(super) is_uncertain: bool,
    pub(super) earliest: Duration,
}

impl Ending {
    pub(super) fn success(cmd: Cmd) -> Self {
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

/// A fault and its consequences.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) fault: Fault,
    pub(super) timeout: &'static str,
    /// The commands that can meet the fault, and how each ends.
    pub(super) endings: Vec<(Cmd, Ending)>,
}

impl Row {
    /// A row in which every command succeeds, until a method below says otherwise.
    pub(super) fn new(name: impl Into<String>, fault: Fault) -> Self {
        Self {
            name: name.into(),
            fault,
            timeout: AMPLE,
            endings: ALL.iter().map(|cmd| (*cmd, Ending::success(*cmd))).collect(),
        }
    }

    pub(super) fn answer(name: &str, reply: fn(String) -> Reply) -> Self {
        Self::new(name, Fault::Answer(reply))
    }

    pub(super) fn bytes(name: &str, alter: fn(&str) -> Vec<u8>) -> Self {
        Self::new(name, Fault::Bytes(alter))
    }

    pub(super) fn stage(name: &str, set: fn(&mut Stage)) -> Self {
        Self::new(name, Fault::Stage(set))
    }

    /// A row in which a field of the answer has another value; an empty value removes the field.
    pub(super) fn field(pointer: &'static str, value: &'static str) -> Self {
        let instead = if value.is_empty() { "missing" } else { value };
        let pointer_or_whole = if pointer.is_empty() { "the body" } else { pointer };
        Self::new(
            format!("{pointer_or_whole} is {instead}"),
            Fault::Fields(vec![(pointer, value)]),
        )
    }

    pub(super) fn with(mut self, cmds: &[Cmd], change: impl Fn(&mut Ending)) -> Self {
        for (cmd, ending) in &mut self.endings {
            if cmds.contains(cmd) {
                change(ending);
            }
        }
        self
    }

    /// The first request of these commands fails, and the command ends.
    pub(super) fn hits(self, cmds: &[Cmd], exit: i32, says: &[&'static str]) -> Self {
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

    pub(super) fn fails(self, exit: i32, says: &[&'static str]) -> Self {
        self.hits(&ALL, exit, says)
    }

    /// Only the commands that ask for links fail.
    pub(super) fn links_fail(self, exit: i32, says: &[&'static str]) -> Self {
        self.hits(&[Cmd::Url, Cmd::Latest, Cmd::Download], exit, says)
            .with(&[Cmd::Latest], |ending| {
                ending.arrivals = 2;
                ending.says_doing = false;
            })
    }

    /// Only the commands that list backups fail.
    pub(super) fn backups_fail(self, exit: i32, says: &[&'static str]) -> Self {
        self.hits(&[Cmd::Latest, Cmd::List], exit, says)
    }

    /// Reads are sent a second time. A request for a backup is not, because the first may have started one.
    pub(super) fn retried_unless_create(self) -> Self {
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

    /// Every request is sent a second time, because the first did not arrive.
    pub(super) fn retried_without_arrival(self) -> Self {
        self.with(&ALL, |ending| {
            ending.attempts = 2;
            ending.earliest = FIRST_PAUSE;
        })
        .unsent()
    }

    pub(super) fn unsent(self) -> Self {
        self.with(&ALL, |ending| ending.arrivals = 0)
    }

    pub(super) fn uncertain(self) -> Self {
        self.with(&[Cmd::Create], |ending| ending.is_uncertain = true)
    }

    /// The hint of the reads. `backup create` has a more important one: that it may have started a backup.
    pub(super) fn reads_advise(self, hint: &'static str) -> Self {
        self.with(&READS, |ending| ending.says.push(hint))
    }

    /// The command fails before it sends a request.
    pub(super) fn before_any_request(self) -> Self {
        self.unsent().with(&ALL, |ending| ending.says_doing = false)
    }

    /// The command waits until its time limit.
    pub(super) fn times_out(mut self) -> Self {
        self.timeout = SHORT;
        self.fails(5, &["did not answer in time"])
            .reads_advise("--timeout allows for more time")
            .retried_unless_create()
            .with(&ALL, |ending| ending.earliest = Duration::from_millis(2400))
            .with(&[Cmd::Create], |ending| ending.earliest = Duration::from_millis(1200))
    }

    pub(super) fn only(mut self, cmds: &[Cmd]) -> Self {
        self.endings.retain(|(cmd, _)| cmds.contains(cmd));
        self
    }

    pub(super) fn sleeps(&self) -> bool {
        self.endings.iter().any(|(_, ending)| !ending.earliest.is_zero())
    }
}
