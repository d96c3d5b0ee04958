//! The confirmation: the instance's ID, typed on a terminal or given as `--confirm`.

use std::io;
use std::sync::atomic::AtomicBool;

use super::Args;
use super::plan::Plan;
use crate::commands::Context;
use crate::error::{Kind, Report};
use crate::process::streams;
use crate::process::world::World;
use crate::terminal::escape::visible;
use crate::terminal::wrap::wrap;

/// The width of the labels, with the blanks around them.
const INDENT: &str = "            ";

/// Whether the ID must be typed.
///
/// # Errors
/// If `--confirm` is not the instance's ID, or is missing where nobody can be asked. Both are found before
/// anything is sent.
pub(super) fn asks(args: &Args, world: &World) -> anyhow::Result<bool> {
    let id = &args.instance.id;
    match args.confirm.as_deref() {
        Some(confirmed) if confirmed == id.as_str() => Ok(false),
        Some(confirmed) => Err(Report::with_hint(
            Kind::Usage,
            format!("--confirm is '{confirmed}', and the instance is {id}: nothing was sent"),
            "look which of the two is meant; --confirm takes the ID that --instance has",
        )
        .into()),
        None if args.dry_run => Ok(false),
        None if streams::stdin_is_terminal() && world.stderr.is_terminal() => Ok(true),
        None => Err(Report::with_hint(
            Kind::Usage,
            format!(
                "a restore replaces all data of instance {id}, and nobody can be asked here, since standard input or \
                 standard error is no terminal: nothing was sent"
            ),
            format!("if that is meant, add --confirm {id}; --dry-run shows what would be done"),
        )
        .into()),
    }
}

/// Shows what is to be done, and has the instance's ID typed.
pub(super) fn ask(plan: &Plan, args: &Args, context: &Context<'_>, stop: &AtomicBool) -> anyhow::Result<()> {
    let stderr = &context.world.stderr;
    let columns = stderr.size().map_or(u16::MAX, |size| size.columns);
    let mut text = wrap(
        "This replaces ALL DATA of a running instance with those of a backup.",
        columns,
        "",
    );
    for (label, value) in plan.rows(args, context) {
        text += &wrap(&format!("  {label:<8}  {}", visible(&value)), columns, INDENT);
    }
    text += &wrap(
        "This has never been tried against the service: 'jdredis backup restore --help' says what is not known.",
        columns,
        "",
    );
    text += &wrap(
        "Type the instance's ID to restore, or press Ctrl-C to stop:",
        columns,
        "",
    );
    text += "> ";
    let is_shown = stderr.write_all(text.as_bytes());
    let typed = context.unless_interrupted(
        stop,
        || {
            let mut line = String::new();
            io::stdin().read_line(&mut line).map(|_| line)
        },
        || {},
        || {
            // The prompt's line has no end yet.
            let _ = stderr.write_all(b"\n");
            let kind = Kind::Interrupted(context.interrupt.signal());
            Report::new(kind, "interrupted before the instance's ID was typed: nothing was sent")
        },
    );
    let why = match (is_shown, typed) {
        (Err(_), _) => "the question could not be shown".to_owned(),
        (_, Err(error)) => format!("what was typed cannot be read ({error})"),
        (_, Ok(line)) if line.is_empty() => {
            let _ = stderr.write_all(b"\n");
            "standard input ended before the instance's ID was typed".to_owned()
        }
        (_, Ok(line)) if line.trim() == args.instance.id.as_str() => return Ok(()),
        (_, Ok(line)) if line.trim().is_empty() => "nothing was typed".to_owned(),
        (_, Ok(_)) => format!("what was typed is not {}", args.instance.id),
    };
    let hint = "run it again, and type the whole ID of the instance";
    Err(Report::with_hint(
        Kind::Usage,
        format!("{why}: nothing was sent, and {} was left as it is", plan.place),
        hint,
    )
    .into())
}
