//! Whether a file fits into memory: how much it takes, and how much a new process can have on this machine.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

use super::Subject;
use crate::terminal::human;

/// Where Linux shows the limits of control groups.
const CGROUPS: &str = "/sys/fs/cgroup";

/// Why the file does not fit into memory; `None` where it may fit.
pub(super) fn memory_is_short(subject: Subject<'_>) -> Option<String> {
    let needs = needs(subject);
    let limit = address_space();
    let available = available().into_iter().chain(limit).min()?;
    if needs <= available {
        return None;
    }
    let of = match subject.contents.used_memory {
        Some(_) => "the server that wrote it used",
        None => "the file alone has",
    };
    Some(format!(
        "{of} {}, and {} are available on this machine",
        human::size(needs),
        human::size(available)
    ))
}

/// How much memory a file takes, as far as it tells.
pub(super) fn needs(subject: Subject<'_>) -> u64 {
    subject.contents.used_memory.unwrap_or(subject.bytes)
}

/// The limit of a process's address space (`ulimit -v`), in bytes.
fn address_space() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// Whether an allocation fails before the system kills a process: under a limit, or where the kernel does not
/// overcommit memory (proc(5), `overcommit_memory`).
pub(super) fn memory_is_limited() -> bool {
    let mode = fs::read_to_string("/proc/sys/vm/overcommit_memory").unwrap_or_default();
    address_space().is_some() || getrlimit(Resource::Data).current.is_some() || mode.trim() == "2"
}

/// How many bytes a new process can have; `None` where the system does not tell. Swap does not count, since loading
/// into it takes hours.
fn available() -> Option<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    [of_meminfo(&meminfo), of_groups(&groups, Path::new(CGROUPS))]
        .into_iter()
        .flatten()
        .min()
}

/// The line `MemAvailable` of `/proc/meminfo` (proc(5)), which is in kB.
fn of_meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The least that the control groups of this process have left, of version 2 (`0::/path`) and of version 1
/// (`5:memory:/path`). In a container the path may be that of the host, so all folders above it count.
fn of_groups(text: &str, root: &Path) -> Option<u64> {
    let mut least = None;
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let top = match controllers {
            "" => root.to_owned(),
            list if list.split(',').any(|name| name == "memory") => root.join("memory"),
            _ => continue,
        };
        let mut folders: Vec<PathBuf> = vec![top.clone()];
        for part in path.split('/').filter(|part| !part.is_empty() && *part != "..") {
            folders.push(folders[folders.len() - 1].join(part));
        }
        let left = folders.iter().filter_map(|folder| left_in(folder)).min();
        least = least.into_iter().chain(left).min();
    }
    least
}

/// How many bytes a group has left; `None` without a limit. The kernel gives cached pages of files back when memory is
/// needed, so they count as left.
fn left_in(folder: &Path) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let number = |names: [&str; 2]| names.iter().find_map(|name| read(name)?.trim().parse::<u64>().ok());
    let limit = number(["memory.max", "memory.limit_in_bytes"])?;
    let used = number(["memory.current", "memory.usage_in_bytes"])?;
    let stat = read("memory.stat").unwrap_or_default();
    let cached = ["total_inactive_file ", "inactive_file "].iter().find_map(|name| {
        let value = stat.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().parse::<u64>().ok()
    });
    Some(limit.saturating_sub(used.saturating_sub(cached.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_estimate_is_read() {
        let text = "MemTotal:       24684460 kB\nMemFree:        15188000 kB\nMemAvailable:   23329000 kB\n";
        assert_eq!(of_meminfo(text), Some(23_329_000 * 1024));
        assert_eq!(of_meminfo("MemTotal: 1 kB\n"), None);
    }

    #[test]
    fn the_narrowest_control_group_decides() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("a/memory.max", "1000\n");
        write("a/memory.current", "700\n");
        write("a/memory.stat", "anon 1\ninactive_file 200\n");
        write("a/b/memory.max", "max\n");
        write("a/b/memory.current", "700\n");
        assert_eq!(of_groups("0::/a/b\n", root.path()), Some(500));
        assert_eq!(of_groups("0::/\n", root.path()), None);
        // A path outside the namespace of the process.
        assert_eq!(of_groups("0::/../a\n", root.path()), Some(500));
        write("memory/x/memory.limit_in_bytes", "300\n");
        write("memory/x/memory.usage_in_bytes", "100\n");
        write("memory/y/memory.limit_in_bytes", "1\n");
        write("memory/y/memory.usage_in_bytes", "1\n");
        let groups = "4:cpu,cpuacct:/y\n5:hugetlb,memory:/x\n0::/a\n";
        assert_eq!(
            of_groups(groups, root.path()),
            Some(200),
            "a group of another kind limits no memory"
        );
        assert_eq!(of_groups("", root.path()), None);
    }
}
