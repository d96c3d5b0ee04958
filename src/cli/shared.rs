//! Arguments that several commands take.

use clap::Args;

use super::values::RegionParser;
use crate::values::age::MaxAge;
use crate::values::id::{BaseId, InstanceId, Region};

/// The region that a command is about.
#[derive(Debug, Args)]
pub(crate) struct RegionArgs {
    /// The region; one that is not listed is accepted
    ///
    /// [environment: JDCLOUD_REGION; default: the profile's region_id]
    #[arg(long, value_name = "REGION", value_parser = RegionParser { offers_all: false })]
    pub(crate) region: Option<Region>,
}

/// The value of `--region` that means all regions.
pub(crate) const ALL_REGIONS: &str = "all";

/// The regions that a command is about.
#[derive(Debug, Args)]
pub(crate) struct RegionsArgs {
    /// A region, which may be given several times, or 'all' that Redis is offered in
    ///
    /// [environment: JDCLOUD_REGION; default: the profile's region_id]
    #[arg(long = "region", value_name = "REGION", value_parser = RegionParser { offers_all: true })]
    pub(crate) regions: Vec<Region>,
}

/// The instance that a command is about, and its region.
#[derive(Debug, Args)]
pub(crate) struct InstanceArgs {
    #[command(flatten)]
    pub(crate) region: RegionArgs,

    /// The instance's ID
    #[arg(long = "instance", value_name = "ID")]
    pub(crate) id: InstanceId,
}

/// The backup that a command is about, by its base ID or as the newest one. The command checks that exactly one of
/// the two is given, so that its message can say where base IDs come from; clap's could not.
#[derive(Debug, Args)]
pub(crate) struct WhichBackup {
    /// The backup's base ID; this or --latest is required
    #[arg(long, value_name = "ID")]
    pub(crate) base_id: Option<BaseId>,

    /// The newest backup that succeeded, in place of --base-id
    #[arg(long)]
    pub(crate) latest: bool,

    /// With --latest: fail with exit code 8 where that backup began longer ago, such as 36h, 8d or 2w
    #[arg(long, value_name = "AGE", requires = "latest")]
    pub(crate) max_age: Option<MaxAge>,
}
