//! Completion: what the shell offers at Tab.
//!
//! The scripts in `completions/` are short: each runs `jdredis` by name, with the variable
//! [`VARIABLE`] set to the shell's name and the words of the line as arguments, and offers what is
//! printed. A new option needs no change in them. Nothing that was typed is executed, no request is sent, and every
//! failure is an empty answer.
//!
//! clap_complete's dynamic engine was tried in place of [`mod@line`]. It is labelled unstable, its completers
//! see only the current word and not the `--instance` before it, and it lists folders itself, although the
//! shell handles `~/` and blanks better.
//!
//! | file | owns |
//! |---|---|
//! | `line` | the word that is completed, and the words before it |
//! | `candidates` | the commands, options, values and names to offer |
//! | `names` | the instances, backups and nodes that the service has listed, read from a cache |
//! | `cache` | the folder of that cache, and the limits of its age and size |
//! | `private` | folders and files that only this user can read |
//! | `shells` | each shell's words and quotes |

mod cache;
mod candidates;
mod line;
pub(crate) mod names;
mod private;
mod shells;

use self::shells::Request;
pub(crate) use self::shells::Shell;
use crate::process::world::World;

/// Names the shell that asks. An unknown value counts as unset.
const VARIABLE: &str = "JDREDIS_COMPLETE";

/// The answer to a shell that asks `jdredis -- INDEX WORD…`, with the index of the word at the cursor. Without
/// arguments it is the shell's script. A question that cannot be read is answered with nothing. `None` if no shell
/// asks, so that this is an ordinary run.
pub(crate) fn answer(world: &World) -> Option<String> {
    let shell = Shell::named(&world.var(VARIABLE)?)?;
    match world.args.get(1) {
        None => return Some(shell.script().to_owned()),
        Some(first) if first != "--" => return None,
        Some(_) => {}
    }
    let Some(request) = Request::read(shell, world) else {
        return Some(String::new());
    };
    let line = line::Line::read(crate::cli::shown::for_completion(), request.words());
    let offer = candidates::offer(&line, world);
    Some(request.write(&line, offer))
}

/// Something to offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) value: String,
    /// What it is, on one line; may be empty.
    pub(crate) help: String,
}

/// What there is to offer.
#[derive(Debug, PartialEq, Eq)]
enum Offer {
    Values(Vec<Candidate>),
    /// Any file, by the shell's own means.
    Files,
    /// Any folder, likewise.
    Folders,
}
