//! Profiles of JD Cloud's official command-line tool: `~/.jdc/config` and `~/.jdc/current`.
//!
//! They are read, never written. The tool writes its file with Python's `configparser`: `%%` in a
//! value stands for `%`, keys are lower case, `#` and `;` inside a value belong to it, and neither
//! quotes nor backslashes mean anything. Error texts name files, sections, keys and line numbers,
//! never a value.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use configparser::ini::Ini;
use zeroize::{Zeroize, Zeroizing};

use super::source::Source;
use crate::terminal::human;
use crate::values::secret::Secret;

/// The profile that is used where neither the user nor `~/.jdc/current` names one.
const DEFAULT: &str = "default";
/// The section whose keys are the defaults of all others.
const INHERITED: &str = "DEFAULT";
/// The parser's section for keys that stand before any section. No header can have this name, because a
/// header is on one line.
const OUTSIDE: &str = "\n";

/// In bytes. Completion reads the file at each Tab.
const MAX_SIZE: u64 = 1 << 20;

/// One profile, as found. Empty values count as absent.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    pub(crate) section: Section,
    pub(crate) access_key: Option<String>,
    pub(crate) secret_key: Option<Secret>,
    pub(crate) region_id: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) scheme: Option<String>,
}

/// A section of a file, for messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) file: PathBuf,
    pub(crate) name: String,
}

impl Profile {
    /// The source of the value of one of its keys.
    pub(super) fn source(&self, key: &'static str) -> Source {
        Source::Key {
            key,
            section: self.section.clone(),
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile [{}] of {}", self.name, self.file.display())
    }
}

/// Why a profile could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no home folder to look in.
    #[error("there is no home folder to look for .jdc/config in")]
    NoHome,
    /// The file is not there.
    #[error("{} does not exist", file.display())]
    Missing { file: PathBuf },
    /// The file cannot be read.
    #[error("{} cannot be read: {error}", file.display())]
    Unreadable { file: PathBuf, error: io::Error },
    /// The file is not in the form that the official tool writes.
    #[error("{}: {fault}", file.display())]
    Malformed { file: PathBuf, fault: String },
    /// The file has no such section.
    #[error("{} has no section [{}]; it has {}", section.file.display(), section.name, list(present))]
    NoSection { section: Section, present: Vec<String> },
    /// A value of the section is not usable.
    #[error("{section}: {key} {fault}")]
    BadValue {
        section: Section,
        key: &'static str,
        fault: String,
    },
}

impl Error {
    /// Whether all that is wrong is that there is no section of the default name.
    pub(super) fn is_no_default(&self) -> bool {
        matches!(self, Self::NoSection { section, .. } if section.name == DEFAULT)
    }
}

fn list(sections: &[String]) -> String {
    match sections {
        [] => "none at all".to_owned(),
        names => format!("[{}]", names.join("], [")),
    }
}

/// Reads a profile: the one named, else the one `current` names, else `default`.
///
/// # Errors
/// Names the file, section or key that is missing or broken.
pub(crate) fn load(home: Option<&Path>, name: Option<&str>) -> Result<Profile, Error> {
    let folder = home.ok_or(Error::NoHome)?.join(".jdc");
    let name = match name {
        Some(name) => name.to_owned(),
        None => current(&folder)?,
    };
    let file = folder.join("config");
    let text = Zeroizing::new(read(&file)?);
    parse(&text, Section { file, name })
}

/// The names of all profiles; none if the file cannot be read.
pub(crate) fn names(home: Option<&Path>) -> Vec<String> {
    let text = home
        .and_then(|home| read(&home.join(".jdc").join("config")).ok())
        .map(Zeroizing::new);
    let lines = text.iter().flat_map(|text| text.trim_start_matches('\u{feff}').lines());
    lines
        .filter_map(|line| Some(line.trim().strip_prefix('[')?.split_once(']')?.0.to_owned()))
        .filter(|name| name != INHERITED)
        .collect()
}

/// The name in `current`; the official tool writes it without a newline.
fn current(folder: &Path) -> Result<String, Error> {
    match read(&folder.join("current")) {
        Ok(text) => {
            let name = text.trim_start_matches('\u{feff}').trim();
            Ok(if name.is_empty() { DEFAULT } else { name }.to_owned())
        }
        Err(Error::Missing { .. }) => Ok(DEFAULT.to_owned()),
        Err(error) => Err(error),
    }
}

fn read(file: &Path) -> Result<String, Error> {
    let malformed = |fault: String| Error::Malformed {
        file: file.to_owned(),
        fault,
    };
    let unread = |error: io::Error| {
        let file = file.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Error::Missing { file },
            io::ErrorKind::InvalidData => Error::Malformed {
                file,
                fault: "it is not UTF-8 text; save it as UTF-8".to_owned(),
            },
            _ => Error::Unreadable { file, error },
        }
    };
    let found = std::fs::metadata(file).map_err(unread)?;
    // Opening a FIFO would wait for a writer, and a device may never end.
    if !found.is_file() && !found.is_dir() {
        return Err(malformed("it is a FIFO, a socket or a device, not a file".to_owned()));
    }
    if found.is_file() && found.len() > MAX_SIZE {
        let (size, most) = (human::size(found.len()), human::size(MAX_SIZE));
        return Err(malformed(format!(
            "it has {size}, and no file of profiles has more than {most}"
        )));
    }
    std::fs::read_to_string(file).map_err(unread)
}

/// Takes a profile out of the text of a file.
pub(crate) fn parse(text: &str, section: Section) -> Result<Profile, Error> {
    let malformed = |fault: String| Error::Malformed {
        file: section.file.clone(),
        fault,
    };
    let mut syntax = Ini::new_cs().defaults();
    syntax.default_section = OUTSIDE.to_owned();
    syntax.enable_inline_comments = false;
    let mut ini = Ini::new_from_defaults(syntax);
    // The parser returns a copy of the map that it keeps. Both are zeroed here; its copy of the text cannot
    // be reached.
    ini.read(text.trim_start_matches('\u{feff}').to_owned())
        .map(Sections)
        .map_err(malformed)?;
    let Sections(sections) = &Sections(std::mem::take(ini.get_mut_map()));
    if sections.contains_key(OUTSIDE) {
        return Err(malformed("it has a line before the first [section]".to_owned()));
    }
    match sections.get(&section.name) {
        Some(own) => take_profile(&[own, sections.get(INHERITED).unwrap_or(&Values::new())], &section),
        None => {
            let mut present: Vec<String> = sections.keys().cloned().collect();
            present.sort_unstable();
            Err(Error::NoSection {
                section: section.clone(),
                present,
            })
        }
    }
}

type Values = HashMap<String, Option<String>>;

/// All sections of a file, whose values are zeroed when they are dropped.
struct Sections(HashMap<String, Values>);

impl Drop for Sections {
    fn drop(&mut self) {
        self.0
            .values_mut()
            .flat_map(HashMap::values_mut)
            .for_each(Zeroize::zeroize);
    }
}

/// Takes each key from the first of the sections that has it.
fn take_profile(sections: &[&Values], section: &Section) -> Result<Profile, Error> {
    let take = |key: &'static str| -> Result<Option<String>, Error> {
        let bad = |fault: &str| Error::BadValue {
            section: section.clone(),
            key,
            fault: fault.to_owned(),
        };
        // The case of a key's name does not matter.
        let (value, is_double) = sections
            .iter()
            .map(|section| {
                let mut values = section
                    .iter()
                    .filter(|(name, _)| name.eq_ignore_ascii_case(key))
                    .map(|(_, value)| value.as_deref());
                (values.next(), values.next().is_some())
            })
            .find(|(value, _)| value.is_some())
            .unwrap_or_default();
        if is_double {
            return Err(bad("is there more than once"));
        }
        let Some(raw) = value.flatten() else {
            return Ok(None);
        };
        let value = unescape(raw).map_err(bad)?;
        Ok(Some(value).filter(|value| !value.is_empty()))
    };
    Ok(Profile {
        access_key: take("access_key")?,
        secret_key: take("secret_key")?
            .map(|text| Secret::parse(Zeroizing::new(text)))
            .transpose()
            .map_err(|fault| Error::BadValue {
                section: section.clone(),
                key: "secret_key",
                fault: format!("is not usable: {fault}"),
            })?,
        region_id: take("region_id")?,
        endpoint: take("endpoint")?,
        scheme: take("scheme")?,
        section: section.clone(),
    })
}

/// Undoes `configparser`'s escaping. A single `%`, which the official tool refuses to read, was typed by
/// hand and is kept as typed.
fn unescape(raw: &str) -> Result<String, &'static str> {
    if raw.contains("%(") && Zeroizing::new(raw.replace("%%", "")).contains("%(") {
        return Err("refers to another key with %(NAME)s, which jdredis does not follow; write the value itself");
    }
    Ok(raw.replace("%%", "%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Profile, String> {
        let section = Section {
            file: "config".into(),
            name: "default".to_owned(),
        };
        parse(text, section).map_err(|error| error.to_string())
    }

    fn secret_of(value: &str) -> Option<String> {
        parsed(&format!("[default]\nsecret_key = {value}\n"))
            .unwrap()
            .secret_key
            .map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn values_are_read_as_pythons_configparser_writes_them() {
        for (written, meant) in [
            ("plain", "plain"),
            ("a%%b", "a%b"),
            ("%%%%", "%%"),
            ("100%", "100%"),
            ("a#b", "a#b"),
            ("a ; b # c", "a ; b # c"),
            (r"a\nb\\", r"a\nb\\"),
            ("\"quoted\"", "\"quoted\""),
            ("'single", "'single"),
            ("a=b:c=", "a=b:c="),
            ("[x]", "[x]"),
            ("  spaced  ", "spaced"),
        ] {
            assert_eq!(secret_of(written).as_deref(), Some(meant), "{written}");
        }
        assert_eq!(secret_of(""), None);
    }

    #[test]
    fn files_from_other_editors_are_read_too() {
        let profile = parsed(
            "\u{feff}# note\r\n[other]\r\nregion_id = x\r\n[default]\r\nACCESS_KEY: AK\r\n\r\nregion_id=cn-north-1",
        )
        .unwrap();
        assert_eq!(profile.access_key.as_deref(), Some("AK"));
        assert_eq!(profile.region_id.as_deref(), Some("cn-north-1"));
        assert_eq!(profile.endpoint, None);
    }

    #[test]
    fn a_broken_file_is_named_with_the_place_that_is_broken() {
        for (text, fault) in [
            ("access_key = AK\n", "config: it has a line before the first [section]"),
            (
                "[default\n",
                "config: line 1: Found opening bracket for section name but no closing bracket",
            ),
            ("", "config has no section [default]; it has none at all"),
            ("[b]\n[a]\n", "config has no section [default]; it has [a], [b]"),
            (
                "[default]\nregion_id = a\nREGION_ID = b\n",
                "profile [default] of config: region_id is there more than once",
            ),
            (
                "[default]\nendpoint = %(host)s\n",
                "profile [default] of config: endpoint refers to another key with %(NAME)s, which jdredis does not follow; write the value itself",
            ),
            (
                "[default]\nsecret_key = a\u{7}\n",
                "profile [default] of config: secret_key is not usable: it is longer than 8192 bytes, holds a control character such as a line break, or is not Unicode",
            ),
        ] {
            assert_eq!(parsed(text).err().as_deref(), Some(fault), "{text:?}");
        }
    }

    #[test]
    fn the_names_of_all_profiles_are_those_of_the_sections_but_the_inherited_one() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(names(Some(home.path())), Vec::<String>::new());
        std::fs::create_dir(home.path().join(".jdc")).unwrap();
        let text = "\u{feff}[default]\naccess_key = [x]\n[DEFAULT]\n[work]\n[unfinished\n";
        std::fs::write(home.path().join(".jdc/config"), text).unwrap();
        assert_eq!(names(Some(home.path())), ["default", "work"]);
        assert_eq!(names(None), Vec::<String>::new());
    }
}
