//! The private folder of a drill, and the warden that removes it when this program is killed.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::DEFAULT_PATH;
use crate::process::world::World;

/// How many bytes the path of a socket may have: `sun_path` holds 104 on BSD and macOS and 108 on Linux, with a
/// zero byte at the end.
const MAX_SOCKET_PATH: usize = 103;
/// The shell of every Unix.
pub(super) const SHELL: &str = "/bin/sh";
/// The warden. Each line that it reads is the number of the server's process group, or empty where there is no server.
/// Its input ends when this program has ended; then it kills the group and every process whose working directory is
/// the folder, and removes the folder. It ignores the signals that a terminal sends to this program.
const WARDEN: &str = "\
trap '' HUP INT TERM
group=
while read -r line; do group=$line; done
if [ -n \"$group\" ]; then kill -s KILL -- \"-$group\"; fi
for process in /proc/[0-9]*; do
if [ \"$process/cwd\" -ef \"$1\" ]; then kill -s KILL \"${process#/proc/}\"; fi
done
rm -rf -- \"$1\"";

/// A folder that is removed when this is dropped, or when the process ends in any way.
pub(super) struct Folder {
    path: PathBuf,
    warden: Child,
    /// `None` only while it is dropped.
    pipe: Option<ChildStdin>,
}

impl Folder {
    /// The name of the socket in the folder.
    pub(super) const SOCKET: &str = "s";

    /// Starts the warden and makes the folder.
    pub(super) fn new(world: &World) -> io::Result<Self> {
        let mut random = [0; 8];
        (world.random)(&mut random)?;
        let name = format!("jdredis-drill-{}", hex::encode(random));
        let path = parent(world.var("TMPDIR").map(PathBuf::from), &name).join(name);
        // The warden is started first, so that no folder is without one. Its `rm -f` accepts that there is none yet.
        let mut warden = Command::new(SHELL)
            .args([OsStr::new("-c"), OsStr::new(WARDEN), OsStr::new("sh"), path.as_os_str()])
            .env_clear()
            .env("PATH", DEFAULT_PATH)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{SHELL}: {error}")))?;
        let folder = Self {
            pipe: warden.stdin.take(),
            warden,
            path,
        };
        DirBuilder::new()
            .mode(0o700)
            .create(&folder.path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.path.display())))?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in the folder.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A copy of the warden's pipe for the shell that becomes the server: it writes its number and closes the copy.
    pub(super) fn pipe(&self) -> io::Result<Stdio> {
        let pipe = self.pipe.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Stdio::from(pipe.as_fd().try_clone_to_owned()?))
    }

    /// Has the warden kill nothing: the server has ended, and another process may get its number.
    pub(super) fn forget_server(&mut self) {
        if let Some(pipe) = &mut self.pipe {
            let _ = pipe.write_all(b"\n");
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.pipe = None;
        let _ = self.warden.wait();
        // The warden has removed it, unless somebody killed the warden.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The folder for temporary files, or `/tmp` where the path of a socket below it would be too long.
fn parent(wanted: Option<PathBuf>, name: &str) -> PathBuf {
    let fits = |parent: &PathBuf| {
        let path = parent.join(name).join(Folder::SOCKET);
        parent.is_absolute() && path.as_os_str().as_bytes().len() <= MAX_SOCKET_PATH
    };
    wanted.filter(fits).unwrap_or_else(|| PathBuf::from("/tmp"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_gets_the_number_of_a_server_that_has_ended_is_left_alone() {
        let mut folder = Folder::new(&World::of_this_process()).unwrap();
        let mut other = Command::new("/bin/sleep").arg("1000").process_group(0).spawn().unwrap();
        let pipe = folder.pipe.as_mut().unwrap();
        writeln!(pipe, "{}", other.id()).unwrap();
        folder.forget_server();
        let path = folder.path().to_owned();
        drop(folder);
        let ended = other.try_wait().unwrap();
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!((ended, path.exists()), (None, false));
    }

    #[test]
    fn the_socket_has_a_path_that_the_system_takes() {
        let name = "jdredis-drill-0123456789abcdef";
        let of = |text: &str| parent(Some(PathBuf::from(text)), name);
        assert_eq!(of("/var/tmp"), Path::new("/var/tmp"));
        assert_eq!(of("relative"), Path::new("/tmp"));
        let longest = format!("/{}", "x".repeat(MAX_SOCKET_PATH - 1 - name.len() - 3));
        assert_eq!(of(&longest), Path::new(&longest));
        assert_eq!(of(&format!("{longest}x")), Path::new("/tmp"));
        assert_eq!(parent(None, name), Path::new("/tmp"));
    }
}
