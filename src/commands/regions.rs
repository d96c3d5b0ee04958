//! Which regions a command is about: those on the command line, all that Redis is offered in, or the
//! configured one.

use anyhow::Context as _;

use super::Context;
use crate::api::Client;
use crate::cli::shared::{ALL_REGIONS, RegionsArgs};
use crate::config::{self, Settings};
use crate::error::{Kind, Report};
use crate::values::id::Region;
use crate::values::vocabulary::REGIONS;

/// The regions that a command line asks for, and settings to ask the service with.
pub(super) struct Regions {
    /// Their region is one of those asked for, or any one for `all`.
    pub(super) settings: Settings,
    /// `None` stands for all.
    named: Option<Vec<Region>>,
}

impl Regions {
    /// Reads the settings for the regions of a command line.
    ///
    /// # Errors
    /// If the settings cannot be used, or no region was given.
    pub(super) fn resolve(args: &RegionsArgs, context: &Context<'_>) -> Result<Self, config::Error> {
        let resolve = |region| config::resolve(context.globals, region, context.world, context.notes);
        if args.regions.iter().any(|region| region.as_str() == ALL_REGIONS) {
            let settings = match resolve(None) {
                // Any region will do to ask which ones there are.
                Err(config::Error::NoRegion { .. }) => resolve(REGIONS[0].0.parse().ok().as_ref())?,
                outcome => outcome?,
            };
            return Ok(Self { settings, named: None });
        }
        let settings = resolve(args.regions.first())?;
        let mut named = Vec::new();
        for region in args
            .regions
            .iter()
            .chain(args.regions.is_empty().then_some(&settings.region))
        {
            if !named.contains(region) {
                named.push(region.clone());
            }
        }
        Ok(Self {
            settings,
            named: Some(named),
        })
    }

    /// The regions' IDs, each once. `all` is one call of the service.
    pub(super) fn ids(&self, client: &Client<'_>) -> anyhow::Result<Vec<Region>> {
        if let Some(named) = &self.named {
            return Ok(named.clone());
        }
        let (answer, regions) = client
            .describe_available_region(client.deadline())
            .context("no list of all regions")?;
        if regions.is_empty() {
            let message = "the service names no region that Redis is offered in";
            let report = Report::with_hint(Kind::Service, message, "name the regions with --region");
            return Err(report.request_id(answer.request_id()).into());
        }
        Ok(regions)
    }
}
