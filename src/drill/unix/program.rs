//! Finds programs: the server's, and `setpriv`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::drill::NoServer;

/// Looks a program up in the folders of `PATH`, and returns the path of the first that can be started.
pub(super) fn look_up(name: &Path, path: &str) -> Option<PathBuf> {
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    folders
        .map(|folder| folder.join(name))
        .find(|path| is_executable(path).is_ok())
}

/// The program that a person names by a path, or by a name that is looked up in `PATH`.
pub(super) fn usable(name: &Path, path: &str) -> Result<PathBuf, NoServer> {
    let is_bare = name.file_name() == Some(name.as_os_str());
    if let Some(found) = is_bare.then(|| look_up(name, path)).flatten() {
        return Ok(found);
    }
    let unusable = |why: String| NoServer::Unusable {
        path: name.to_owned(),
        why,
    };
    // Links are not resolved: redis-server acts by the name that it is started with, and a link may lead to
    // redis-check-rdb.
    let absolute = std::path::absolute(name).map_err(|error| unusable(error.to_string()))?;
    match is_executable(&absolute) {
        Ok(()) => Ok(absolute),
        Err(why) => Err(unusable(why)),
    }
}

fn is_executable(path: &Path) -> Result<(), String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    match metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 {
        true => Ok(()),
        false => Err("it is no program that can be started".to_owned()),
    }
}

/// Whether a `setpriv` knows `--pdeathsig`. BusyBox has one that does not.
pub(super) fn knows_pdeathsig(setpriv: &Path) -> bool {
    let status = Command::new(setpriv)
        .args(["--pdeathsig", "KILL", "--", "/bin/sh", "-c", ":"])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/usr/bin:/bin";

    fn found(name: &str) -> PathBuf {
        look_up(name.as_ref(), PATH).unwrap()
    }

    #[test]
    fn a_bare_name_is_looked_up_and_a_path_is_not() {
        assert_eq!(usable("true".as_ref(), PATH).unwrap(), found("true"));
        for path in ["./true", "no-such-folder/true", "no-such-program"] {
            assert!(usable(path.as_ref(), PATH).is_err(), "{path}");
        }
    }

    #[test]
    fn a_setpriv_that_cannot_do_it_is_not_used() {
        assert!(knows_pdeathsig(&found("true")));
        assert!(!knows_pdeathsig(&found("false")));
    }
}
