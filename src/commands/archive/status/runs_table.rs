//! The table of `archive status --since`: the runs that `runs.jsonl` has.

use std::time::Duration;

use crate::archive::runs::{Run, Trouble};
use crate::commands::Context;
use crate::output::table;
use crate::terminal::human;

/// A table of runs, and below each what was wrong in it; with `-q`, only those in which something was.
pub(super) fn render(runs: &[Run], context: &Context<'_>) -> Vec<u8> {
    const HEADER: [&str; 9] = [
        "BEGAN",
        "TOOK",
        "COMMAND",
        "CODE",
        "INSTANCES",
        "NEW",
        "SIZE",
        "PRUNED",
        "WRONG",
    ];
    let is_quiet = context.notes.is_quiet();
    let is_shown = |run: &&Run| !is_quiet || run.code != 0 || !run.warnings.is_empty();
    let rows = runs.iter().filter(is_shown).flat_map(|run| {
        let mut wrong = run.failures.iter().chain(&run.warnings).map(text);
        let took = Duration::try_from(run.end - run.start).unwrap_or_default();
        let first = vec![
            context.local.text(run.start),
            human::duration(took.as_secs()),
            run.command.clone(),
            run.code.to_string(),
            run.instances.to_string(),
            run.new.to_string(),
            human::size(run.bytes),
            run.pruned.to_string(),
            wrong.next().unwrap_or_default(),
        ];
        let others = wrong.map(|wrong| {
            let mut cells = vec![String::new(); HEADER.len()];
            cells[0] = context.local.text(run.start);
            cells[HEADER.len() - 1] = wrong;
            cells
        });
        std::iter::once(first).chain(others).collect::<Vec<_>>()
    });
    table::render_rows(&HEADER, rows)
}

fn text(trouble: &Trouble) -> String {
    let subject: Vec<&str> = [&trouble.region, &trouble.instance]
        .into_iter()
        .filter_map(Option::as_deref)
        .collect();
    let subject = subject.join("/");
    match (subject.is_empty(), &trouble.state) {
        (true, _) => trouble.reason.clone(),
        (false, None) => format!("{subject}: {}", trouble.reason),
        (false, Some(state)) => format!("{subject}: {state}, {}", trouble.reason),
    }
}
