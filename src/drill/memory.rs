//! How much memory a new process can have on this machine.

use std::fs;
use std::path::{Path, PathBuf};

/// Where Linux shows the limits of control groups.
const CGROUPS: &str = "/sys/fs/cgroup";

/// In bytes; `None` where the system does not tell. Swap does not count: loading into it takes hours.
pub(super) fn available() -> Option<u64> {
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

/// What a group has left; `None` without a limit. Cached pages of files are given back when memory is needed.
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
        write("memory/x/memory.limit_in_bytes", "300\n");
        write("memory/x/memory.usage_in_bytes", "100\n");
        assert_eq!(of_groups("4:cpu:/x\n5:memory:/x\n0::/a\n", root.path()), Some(200));
        assert_eq!(of_groups("", root.path()), None);
    }
}
