//! The candidates: commands, options, known values, and names from profiles, from the cache and from an archive.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, ValueHint};
use time::OffsetDateTime;

use super::line::{Line, Slot};
use super::names::{KnownBackup, KnownInstance, Names};
use super::{Candidate, Offer};
use crate::cli::Globals;
use crate::cli::shared::ALL_REGIONS;
use crate::cli::shown::ignores;
use crate::config::{self, profile};
use crate::output::Colors;
use crate::process::world::World;
use crate::terminal::escape::is_hazardous;
use crate::terminal::notes::Notes;
use crate::values::id::{InstanceId, Region};
use crate::values::local::LocalTime;
use crate::values::vocabulary::REGIONS;

/// What to offer at the cursor: all that begins with what has been typed.
pub(super) fn offer(line: &Line<'_>, world: &World) -> Offer {
    let candidates = match line.slot {
        Slot::Option => options(line),
        Slot::Command => commands(line),
        Slot::Nothing if line.typed.is_empty() && line.attached.is_empty() => options(line),
        Slot::Nothing => Vec::new(),
        Slot::Value(arg) => match arg.get_value_hint() {
            ValueHint::FilePath | ValueHint::AnyPath | ValueHint::ExecutablePath => return Offer::Files,
            ValueHint::DirPath => return Offer::Folders,
            _ => values(arg, line, world),
        },
    };
    let is_wanted = |candidate: &Candidate| {
        // A name with control characters is left out: without them it would be another name.
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
        .filter(|arg| !arg.is_hide_set() && !line.is_used_up(arg))
        .filter(|arg| !ignores(line.command, arg))
        .collect();
    // The command's own options come before the global ones.
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
        let candidate = |value: &PossibleValue| Candidate {
            value: value.get_name().to_owned(),
            help: value.get_help().map(ToString::to_string).unwrap_or_default(),
        };
        return known.iter().map(candidate).collect();
    }
    let given = arg.get_long().map(|long| line.values(long)).unwrap_or_default();
    let mut found = match arg.get_long() {
        Some("profile") => profile::names(world.home.as_deref()).into_iter().map(plain).collect(),
        Some("instance" | "exclude") => instances(line, world),
        Some("base-id") => base_ids(of_instance(line, world, Names::backups), world),
        Some("node") => of_instance(line, world, Names::nodes).into_iter().map(plain).collect(),
        _ => Vec::new(),
    };
    found.retain(|candidate| !given.contains(&candidate.value));
    found
}

/// The cached names for the regions, the profile and the endpoint of the command line, or for those of the
/// environment where the line has none.
fn names(line: &Line<'_>, world: &World) -> Vec<Names> {
    let globals = Globals {
        output: None,
        profile: line.value("profile").cloned(),
        endpoint: line.value("endpoint").cloned(),
        timeout: Duration::ZERO,
        max_attempts: 1,
        color: Colors::Never,
        quiet: u8::MAX,
        verbose: 0,
    };
    let given = line.values("region");
    let all = || REGIONS.iter().map(|(region, _)| *region).collect();
    let regions: Vec<&str> = match given.iter().any(|region| region == ALL_REGIONS) {
        true => all(),
        false => given.iter().map(String::as_str).collect(),
    };
    let regions: Vec<Region> = regions.into_iter().filter_map(|region| region.parse().ok()).collect();
    if regions.is_empty() && !given.is_empty() {
        return Vec::new();
    }
    let notes = Notes::new(world, u8::MAX, 0);
    let Ok(settings) = config::resolve(&globals, regions.first(), world, &notes) else {
        return Vec::new();
    };
    match regions.is_empty() {
        true => Names::of(&settings, world).into_iter().collect(),
        false => regions
            .iter()
            .filter_map(|region| Names::in_region(&settings, region, world))
            .collect(),
    }
}

/// The cached names that belong to the instance on the line.
fn of_instance<T>(line: &Line<'_>, world: &World, known: fn(&Names, &InstanceId) -> Vec<T>) -> Vec<T> {
    let instance: Option<InstanceId> = line.value("instance").and_then(|id| id.parse().ok());
    let Some(instance) = instance else {
        return Vec::new();
    };
    names(line, world)
        .iter()
        .flat_map(|names| known(names, &instance))
        .collect()
}

/// The service's instances, and those of the archive that the line names. A command whose help has no `--profile`
/// asks no service, so only the archive's instances are offered to it.
fn instances(line: &Line<'_>, world: &World) -> Vec<Candidate> {
    let asks_service = |arg: &Arg| arg.get_long() == Some("profile") && !ignores(line.command, arg);
    let listed = match line.command.get_arguments().any(asks_service) {
        true => names(line, world),
        false => Vec::new(),
    };
    let candidate = |KnownInstance { id, name }| Candidate { value: id, help: name };
    let mut found: Vec<Candidate> = listed.iter().flat_map(Names::instances).map(candidate).collect();
    let known: HashSet<String> = found.iter().map(|candidate| candidate.value.clone()).collect();
    let archived = archived(line, world).into_iter();
    found.extend(archived.filter(|candidate| !known.contains(&candidate.value)));
    found
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
    let name = |path: &PathBuf| Some(path.file_name()?.to_str()?.to_owned());
    let given = line.values("region");
    let is_meant = |region: &String| {
        region.parse::<Region>().is_ok()
            && (given.is_empty() || given.iter().any(|given| given == region || given == ALL_REGIONS))
    };
    let regions = dir.into_iter().flat_map(|dir| folders(expanded(dir, world)));
    let instances = regions
        .filter(|path| name(path).is_some_and(|region| is_meant(&region)))
        .flat_map(folders)
        .filter_map(|path| name(&path))
        .filter(|instance| instance.parse::<InstanceId>().is_ok());
    let mut instances: Vec<String> = instances.collect();
    instances.sort_unstable();
    instances.dedup();
    instances.into_iter().map(plain).collect()
}

/// The path with `~` and `$HOME` replaced by the home folder. The shell hands over words as they were typed, and will
/// replace them itself when the line is run.
fn expanded(dir: &str, world: &World) -> PathBuf {
    let below = ["~/", "$HOME/", "${HOME}/"]
        .iter()
        .find_map(|home| dir.strip_prefix(home));
    let home = world.home.as_ref();
    home.zip(below)
        .map_or_else(|| dir.into(), |(home, below)| home.join(below))
}

fn base_ids(backups: Vec<KnownBackup>, world: &World) -> Vec<Candidate> {
    let local = LocalTime::new(world.local_offset, world.clock.now());
    let time = |start: i64| {
        OffsetDateTime::from_unix_timestamp(start)
            .map(|start| local.text(start))
            .ok()
    };
    backups
        .into_iter()
        .map(|KnownBackup { id, start, status }| {
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
