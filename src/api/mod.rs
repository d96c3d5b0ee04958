//! The client of JD Cloud's cache-Redis OpenAPI.
//!
//! | file | owns |
//! |---|---|
//! | `operations` | a function an operation: path, parameters, result |
//! | `policy` | the schedule of automatic backups, read and changed |
//! | `restore` | the restore of an instance, and the tasks that may tell of it |
//! | `probe` | calls for diagnosis, with raw answers |
//! | `regions` | the regions that Redis is offered in |
//! | `paging` | listings, page after page |
//! | `client` | the one loop that sends a call, and sends it again where that is safe |
//! | `request` | a request signed and sent |
//! | `sign` | the signature, a function a step |
//! | `answer` | a response read: the result, or the service's error |
//! | `attempt` | an attempt that failed, and whether another one makes sense |
//! | `refusal` | the service's error: its code, its words, and the reason that they mean |
//! | `error` | what went wrong, as the layers above see it |
//! | `model` | the fields that the program looks at |
//! | `field`, `moment` | a value read leniently: numbers as text, times in every form seen |
//! | `warning` | what of a listing is not as documented, for the user to know |

mod answer;
mod attempt;
mod client;
mod error;
mod field;
pub(crate) mod model;
mod moment;
mod operations;
mod paging;
mod policy;
mod probe;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
mod refusal;
mod regions;
mod request;
mod restore;
mod sign;
mod warning;

pub(crate) use self::answer::Answer;
pub(crate) use self::client::Client;
pub(crate) use self::error::{Effort, Error, ErrorKind, Unexpected};
pub(crate) use self::moment::Moment;
pub(crate) use self::operations::BackupFilter;
pub(crate) use self::paging::{Entry, Listing};
pub(crate) use self::policy::{AutoBackup, Automatic, BackupPolicy, PolicyChange};
pub(crate) use self::probe::Probe;
pub(crate) use self::refusal::{Reason, Refusal};
pub(crate) use self::restore::Task;
pub(crate) use self::warning::{Warning, excerpt};
