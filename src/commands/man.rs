//! `jdredis man`: one manual page for the program and all its subcommands.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::formats;
use crate::cli::Cli;

pub(super) fn render() -> Vec<u8> {
    let mut page = Vec::new();
    write_page(&mut page).expect("memory does not refuse a write");
    page
}

fn write_page(page: &mut Vec<u8>) -> io::Result<()> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let man = Man::new(command.clone());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    write_subcommands(page, &command, "")?;
    write_advice(page, &command, "SH")?;
    let mut reference = Roff::new();
    reference.control("SH", ["OUTPUT FORMATS"]).control("nf", []);
    reference.to_writer(page)?;
    write_lines(page, formats::PAGE, "SS")
}

/// A section for every command that can be run, its own sections one level down. The options that
/// all of them take stand in the page's own section already.
fn write_subcommands(page: &mut Vec<u8>, command: &Command, path: &str) -> io::Result<()> {
    let is_command = |command: &&Command| command.get_name() != "formats";
    for subcommand in command.get_subcommands().filter(is_command) {
        let path = format!("{path} {}", subcommand.get_name());
        if subcommand.has_subcommands() {
            write_subcommands(page, subcommand, &path)?;
            continue;
        }
        let own = subcommand.clone().mut_args(|arg| {
            let is_global = arg.is_global_set() || arg.get_id() == "help";
            arg.hide(is_global)
        });
        let man = Man::new(own);
        let mut sections = Vec::new();
        man.render_synopsis_section(&mut sections)?;
        man.render_description_section(&mut sections)?;
        man.render_options_section(&mut sections)?;
        writeln!(page, ".SH \"JDREDIS{}\"", path.to_uppercase())?;
        page.extend(
            String::from_utf8_lossy(&sections)
                .replace("\n.SH ", "\n.SS ")
                .replacen(".SH ", ".SS ", 1)
                .into_bytes(),
        );
        write_advice(page, subcommand, "SS")?;
    }
    Ok(())
}

/// The text after a command's long help, in sections.
fn write_advice(page: &mut Vec<u8>, command: &Command, heading: &str) -> io::Result<()> {
    match command.get_after_long_help() {
        Some(advice) => write_lines(page, &advice.to_string(), heading),
        None => Ok(()),
    }
}

/// Writes text whose lines are kept as they are. A line without indentation that ends in a colon
/// begins a section.
fn write_lines(page: &mut Vec<u8>, text: &str, heading: &str) -> io::Result<()> {
    let mut roff = Roff::new();
    for line in text.lines() {
        match line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            Some(title) => {
                let title = if heading == "SH" {
                    title.to_uppercase()
                } else {
                    title.to_owned()
                };
                roff.control("fi", [])
                    .control(heading, [title.as_str()])
                    .control("nf", [])
            }
            None => roff.text([roman(line)]),
        };
    }
    roff.control("fi", []).to_writer(page)
}
