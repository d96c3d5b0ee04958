//! What there is to offer: commands, options, known values, and names from profiles and from the cache.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ValueHint};
use time::OffsetDateTime;

use super::line::{Line, Slot};
use super::names::{BackupName, InstanceName, Names};
use super::{Candidate, Offer};
use crate::cli::Globals;
use crate::config::{self, profile};
use crate::output::Colors;
use crate::process::world::World;
use crate::terminal::escape::is_hazardous;
use crate::terminal::notes::Notes;
use crate::values::id::InstanceId;
use crate::values::local::LocalTime;

/// What to offer at the cursor: all that begins with what has been typed.
pub(super) fn offer(line: &Line<'_>, world: &World) -> Offer {
    let candidates = match line.slot {
        Slot::Option => options(line),
        Slot::Command => commands(line),
        Slot::Nothing if line.typed.is_empty() && line.attached.is_empty() => options(line),
        Slot::Nothing => Vec::new(),
        Slot::Value(arg) => match arg.get_value_hint() {
            ValueHint::FilePath | ValueHint::AnyPath => return Offer::Files,
            ValueHint::DirPath => return Offer::Folders,
            _ => values(arg, line, world),
        },
    };
    let is_wanted = |candidate: &Candidate| {
        // What acts on a terminal is left out rather than changed: it would be another name.
        candidate.value.starts_with(&line.typed)
            && !candidate.value.is_empty()
            && !candidate.value.contains(is_hazardous)
    };
    let mut candidates: Vec<Candidate> = candidates.into_iter().filter(is_wanted).collect();
    for candidate in &mut candidates {
        candidate.help.retain(|c| !is_hazardous(c));
    }
    Offer::Values(candidates)
}

fn commands(line: &Line<'_>) -> Vec<Candidate> {
    let mut commands: Vec<_> = line
        .command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .collect();
    commands.sort_by_key(|command| command.get_name() == "help");
    commands
        .into_iter()
        .map(|command| Candidate {
            value: command.get_name().to_owned(),
            help: command.get_about().map(ToString::to_string).unwrap_or_default(),
        })
        .collect()
}

fn options(line: &Line<'_>) -> Vec<Candidate> {
    let mut args: Vec<&Arg> = line
        .command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && !arg.is_positional() && !line.is_used_up(arg))
        .collect();
    // A command's own before those that all commands have.
    args.sort_by_key(|arg| arg.is_global_set() || matches!(arg.get_action(), ArgAction::Help));
    args.into_iter()
        .filter_map(|arg| {
            Some(Candidate {
                value: format!("--{}", arg.get_long()?),
                help: arg.get_help().map(ToString::to_string).unwrap_or_default(),
            })
        })
        .collect()
}

fn values(arg: &Arg, line: &Line<'_>, world: &World) -> Vec<Candidate> {
    let known = arg.get_possible_values();
    if !known.is_empty() {
        let shown = known.iter().filter(|value| !value.is_hide_set());
        return shown
            .map(|value| Candidate {
                value: value.get_name().to_owned(),
                help: value.get_help().map(ToString::to_string).unwrap_or_default(),
            })
            .collect();
    }
    let instance: Option<InstanceId> = line.given.get("instance").and_then(|id| id.parse().ok());
    match arg.get_long() {
        Some("profile") => profile::names(world.home.as_deref()).into_iter().map(plain).collect(),
        Some("instance" | "exclude") => {
            let listed = instances(&names(line, world));
            let archived = archived(line, world).into_iter();
            let is_new = |found: &Candidate| listed.iter().all(|listed| listed.value != found.value);
            let new: Vec<Candidate> = archived.filter(is_new).collect();
            listed.into_iter().chain(new).collect()
        }
        Some("base-id") => {
            let listed = names(line, world).into_iter();
            let backups = listed
                .zip(instance)
                .flat_map(|(names, instance)| names.backups(&instance));
            base_ids(backups.collect(), world)
        }
        Some("node") => {
            let listed = names(line, world).into_iter();
            let nodes = listed
                .zip(instance)
                .flat_map(|(names, instance)| names.nodes(&instance));
            nodes.map(plain).collect()
        }
        _ => Vec::new(),
    }
}

/// What was listed where the command line leads to: with its region, profile and endpoint, else with
/// those of the environment.
fn names(line: &Line<'_>, world: &World) -> Option<Names> {
    let given = |option: &str| line.given.get(option).cloned();
    let globals = Globals {
        output: None,
        profile: given("profile"),
        endpoint: given("endpoint"),
        timeout: Duration::ZERO,
        max_attempts: 1,
        color: Colors::Never,
        quiet: u8::MAX,
        verbose: 0,
    };
    let region = match given("region") {
        Some(region) => Some(region.parse().ok()?),
        None => None,
    };
    let notes = Notes::new(world, u8::MAX, 0);
    let settings = config::resolve(&globals, region.as_ref(), world, &notes).ok()?;
    Names::of(&settings, world)
}

fn instances(names: &Option<Names>) -> Vec<Candidate> {
    let instances = names.iter().flat_map(Names::instances);
    let candidate = |InstanceName { id, name }| Candidate { value: id, help: name };
    instances.map(candidate).collect()
}

/// The instances in the archive that the line names: the folders `DIR/REGION/INSTANCE`.
fn archived(line: &Line<'_>, world: &World) -> Vec<Candidate> {
    let takes_folder = |arg: &Arg| arg.get_value_hint() == ValueHint::DirPath;
    let dir = line
        .positional
        .first()
        .filter(|_| line.command.get_positionals().any(takes_folder));
    let folders = |path: PathBuf| {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir())
    };
    let regions = dir.into_iter().flat_map(|dir| folders(expanded(dir, world)));
    let names = regions
        .filter(|region| {
            region
                .file_name()
                .is_some_and(|name| !name.as_encoded_bytes().starts_with(b"."))
        })
        .flat_map(folders)
        .filter_map(|folder| Some(folder.file_name()?.to_str()?.to_owned()));
    names.map(plain).collect()
}

/// The path with `~/` as the shell will expand it: words are handed over as they were typed.
fn expanded(dir: &str, world: &World) -> PathBuf {
    let home = world.home.as_ref();
    home.zip(dir.strip_prefix("~/"))
        .map_or_else(|| dir.into(), |(home, below)| home.join(below))
}

fn base_ids(backups: Vec<BackupName>, world: &World) -> Vec<Candidate> {
    let local = LocalTime::new(world.local_offset, world.clock.now());
    let time = |start: i64| {
        OffsetDateTime::from_unix_timestamp(start)
            .map(|start| local.text(start))
            .ok()
    };
    backups
        .into_iter()
        .map(|BackupName { id, start, status }| {
            let words = start.and_then(time).into_iter().chain([status]);
            Candidate {
                value: id,
                help: words.collect::<Vec<_>>().join(" "),
            }
        })
        .collect()
}

fn plain(value: String) -> Candidate {
    Candidate {
        value,
        help: String::new(),
    }
}
