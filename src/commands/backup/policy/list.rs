//! `jdredis backup policy list`: which instances have no automatic backup?

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use serde::Serialize;

use super::view::{HEADER, PolicyView, cells};
use crate::api::model::CacheInstance;
use crate::api::{Automatic, BackupPolicy, Client};
use crate::cli::shared::RegionsArgs;
use crate::commands::Context;
use crate::commands::regions::Regions;
use crate::error::{Kind, Report};
use crate::output::{Format, json, plain, table};
use crate::process::side_by_side::side_by_side;
use crate::values::id::{InstanceId, Region};

/// How many policies are asked for at once. The service documents 1,000 calls a minute. A fleet of that size gets 429,
/// and each call waits on its own until it may be sent again.
const AT_ONCE: usize = 8;
/// How many failures an error names.
const MOST_DETAILS: usize = 10;

/// Arguments of `backup policy list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) regions: RegionsArgs,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  # Every instance of every region
  jdredis backup policy list --region all

  # The instances that have no automatic backup
  jdredis backup policy list --region cn-north-1 -o plain | awk '$1 == \"off\" { print $3 }'
";

/// The document of `-o json`.
#[derive(Serialize)]
struct Document<'a> {
    /// In the order of the regions, and in the service's order within each.
    policies: Vec<Row<'a>>,
}

/// An instance. All keys are always there.
#[derive(Serialize)]
struct Row<'a> {
    region: &'a str,
    instance: &'a str,
    /// The instance's name; null where the service gives none.
    name: Option<&'a str>,
    /// Null where the service did not tell.
    policy: Option<PolicyView>,
    /// Why it did not; null where it did.
    error: Option<&'a str>,
}

/// An instance, and what came of the question for its policy.
struct Asked<'a> {
    region: &'a Region,
    instance: CacheInstance,
    policy: Result<BackupPolicy, Box<Report>>,
}

pub(crate) fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<()> {
    let regions = Regions::resolve(&args.regions, context)?;
    let client = context.client(&regions.settings);
    let regions = regions.ids(&client)?;
    let mut failures = Vec::new();
    let mut instances = Vec::new();
    for region in &regions {
        let client = client.in_region(region);
        let listing = client.describe_cache_instances(None, None, client.deadline());
        match listing.with_context(|| format!("cannot list the instances of {region}")) {
            Ok(listing) => {
                context.warn(&listing.warnings);
                instances.extend(listing.entries.into_iter().map(|entry| (region, entry.view)));
            }
            Err(error) => failures.push(Report::of(&error)),
        }
    }
    let asked = ask_all(&client, instances);
    failures.extend(
        asked
            .iter()
            .filter_map(|asked| Some(Report::clone(asked.policy.as_ref().err()?))),
    );
    match failures.first() {
        Some(first) if asked.iter().all(|asked| asked.policy.is_err()) => return Err(first.clone().into()),
        _ => context.print(&render(&asked, regions.len() > 1, context))?,
    }
    conclude(&failures)
}

/// Asks for each instance's policy, several at once. Once the keys are refused for one, the others are not asked for.
fn ask_all<'a>(client: &Client<'_>, instances: Vec<(&'a Region, CacheInstance)>) -> Vec<Asked<'a>> {
    let are_keys_refused = AtomicBool::new(false);
    let policies = side_by_side(&instances, AT_ONCE, |(region, instance)| {
        if are_keys_refused.load(Ordering::Relaxed) {
            return Err(not_asked(region, &instance.id));
        }
        let policy = ask(client, region, instance);
        if policy.as_ref().is_err_and(|report| report.kind == Kind::Credentials) {
            are_keys_refused.store(true, Ordering::Relaxed);
        }
        policy
    });
    let asked = instances.into_iter().zip(policies);
    asked
        .map(|((region, instance), policy)| Asked {
            region,
            instance,
            policy,
        })
        .collect()
}

fn ask(client: &Client<'_>, region: &Region, instance: &CacheInstance) -> Result<BackupPolicy, Box<Report>> {
    let client = client.in_region(region);
    let outcome = client.describe_backup_policy(&instance.id, client.deadline());
    match outcome.with_context(|| format!("no policy of instance {} in {region}", instance.id)) {
        Ok((_, policy)) => Ok(policy),
        Err(error) => Err(Box::new(Report::of(&error))),
    }
}

fn not_asked(region: &Region, id: &InstanceId) -> Box<Report> {
    let message =
        format!("no policy of instance {id} in {region}: not asked, since the keys were refused for another one");
    Box::new(Report::new(Kind::Credentials, message))
}

fn render(asked: &[Asked<'_>], shows_region: bool, context: &Context<'_>) -> Vec<u8> {
    match context.format {
        Format::Table => {
            let header = [&["REGION", "ID"][usize::from(!shows_region)..], &HEADER, &["NAME"]].concat();
            table::render(&header, asked.iter().map(|asked| row(asked, shows_region)))
        }
        Format::Json => json::render(&Document {
            policies: asked.iter().map(Row::of).collect(),
        }),
        Format::Plain => plain::render(asked.iter().map(|asked| {
            let state = asked
                .policy
                .as_ref()
                .map_or(Automatic::Unknown, BackupPolicy::automatic);
            format!("{} {} {}", state.word(), asked.region, asked.instance.id)
        })),
    }
}

fn row(asked: &Asked<'_>, shows_region: bool) -> Vec<String> {
    let unknown = || [Automatic::Unknown.word(), "", "", ""].map(str::to_owned);
    let policy = asked.policy.as_ref().map_or_else(|_| unknown(), cells);
    let region = shows_region.then(|| asked.region.to_string());
    let name = asked.instance.name.clone().unwrap_or_default();
    region
        .into_iter()
        .chain([asked.instance.id.to_string()])
        .chain(policy)
        .chain([name])
        .collect()
}

impl<'a> Row<'a> {
    fn of(asked: &'a Asked<'_>) -> Self {
        Self {
            region: asked.region.as_str(),
            instance: asked.instance.id.as_str(),
            name: asked.instance.name.as_deref(),
            policy: asked.policy.as_ref().ok().map(PolicyView::of),
            error: asked.policy.as_ref().err().map(|report| report.message.as_str()),
        }
    }
}

/// The run's error, where something could not be asked: the first failure's kind, and a line for each.
fn conclude(failures: &[Report]) -> anyhow::Result<()> {
    let Some(first) = failures.first() else {
        return Ok(());
    };
    let line = |failure: &Report| match &failure.cause {
        Some(cause) => format!("{}: {cause}", failure.message),
        None => failure.message.clone(),
    };
    let mut details: Vec<String> = failures.iter().take(MOST_DETAILS).map(line).collect();
    if failures.len() > MOST_DETAILS {
        details.push(format!("and {} more", failures.len() - MOST_DETAILS));
    }
    let report = Report::new(first.kind, "the list is not complete").details(details);
    Err(Report {
        hint: first.hint.clone(),
        ..report
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_that_was_not_asked_for_is_named_with_the_reason() {
        let report = not_asked(&"cn-north-1".parse().unwrap(), &"redis-9".parse().unwrap());
        assert_eq!(report.kind, Kind::Credentials);
        for said in ["redis-9", "cn-north-1", "not asked, since the keys were refused"] {
            assert!(report.message.contains(said), "{}", report.message);
        }
    }

    fn failures(count: usize) -> Vec<Report> {
        let of = |number| Report::with_hint(Kind::Network, format!("failure {number}"), "hint").cause("why");
        (1..=count).map(of).collect()
    }

    #[test]
    fn ten_failures_are_named_and_the_others_are_counted() {
        assert!(conclude(&[]).is_ok());
        for (count, last) in [(3, "failure 3: why"), (10, "failure 10: why"), (12, "and 2 more")] {
            let report = Report::of(&conclude(&failures(count)).unwrap_err());
            assert_eq!(report.details.len(), count.min(MOST_DETAILS + 1), "{count}");
            assert_eq!(report.details.last().map(String::as_str), Some(last));
            assert_eq!((report.kind, report.hint.as_deref()), (Kind::Network, Some("hint")));
        }
    }
}
