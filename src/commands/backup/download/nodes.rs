//! The names of a backup's nodes and of their files.
//!
//! Both are decided by what identifies a file, its object, and not by its place in the service's list,
//! whose order may change between runs.

use crate::backups::{Fetchable, by_object};
use crate::error::{Kind, Report};
use crate::transfer::distinct_names;
use crate::values::link::Link;

/// The nodes that are wanted, or all, each with the name its file gets and its link.
///
/// # Errors
/// If the backup does not have one of the wanted nodes.
pub(super) fn chosen(all: Vec<Fetchable>, wanted: &[String]) -> anyhow::Result<Vec<(String, String, Link)>> {
    if let Some(unknown) = wanted.iter().find(|wanted| all.iter().all(|(node, _)| node != *wanted)) {
        let nodes: Vec<&str> = all.iter().map(|(node, _)| node.as_str()).collect();
        return Err(Report::with_hint(
            Kind::NotFound,
            format!("the backup has no node \"{unknown}\""),
            format!("its nodes are: \"{}\"", nodes.join("\", \"")),
        )
        .into());
    }
    let order = by_object(all.iter().map(|(_, link)| link));
    let names = distinct_names(order.iter().map(|at| all[*at].1.file_name()));
    let mut files: Vec<(usize, String)> = order.into_iter().zip(names).collect();
    files.sort_unstable();
    let files = all
        .into_iter()
        .zip(files)
        .map(|((node, link), (_, name))| (node, name, link));
    Ok(files
        .filter(|(node, ..)| wanted.is_empty() || wanted.contains(node))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backups::{NodeLink, labelled};

    fn nodes(list: &[(Option<&str>, &str)]) -> Vec<Fetchable> {
        let link = |(node, object): &(Option<&str>, &str)| NodeLink {
            node: node.map(str::to_owned),
            link: Link::parse(&format!("http://h/{object}?x")).unwrap(),
        };
        labelled(list.iter().map(link).collect())
    }

    /// Node and file name by object, whatever the order.
    fn files(list: &[(Option<&str>, &str)]) -> Vec<(String, String, String)> {
        let chosen = chosen(nodes(list), &[]).unwrap();
        let mut files: Vec<_> = chosen
            .into_iter()
            .map(|(node, name, link)| (link.without_query().to_owned(), node, name))
            .collect();
        files.sort();
        files
    }

    #[test]
    fn names_do_not_depend_on_the_order_of_the_list() {
        let list = [
            (None, "a/dump"),
            (Some("n"), "b/dump"),
            (None, "c/dump"),
            (Some("n"), "d/other"),
        ];
        let mut other = list;
        other.reverse();
        assert_eq!(files(&list), files(&other));
        let names: Vec<String> = files(&list)
            .into_iter()
            .map(|(_, node, name)| format!("{node}: {name}"))
            .collect();
        assert_eq!(
            names,
            ["shard 0: dump", "shard 1: dump-2", "shard 2: dump-3", "shard 3: other"]
        );
    }

    #[test]
    fn a_node_without_a_name_is_not_called_as_another_is() {
        let labels: Vec<String> = nodes(&[(Some("shard 1"), "a"), (None, "b")])
            .into_iter()
            .map(|(node, _)| node)
            .collect();
        assert_eq!(labels, ["shard 1", "shard 2"]);
    }
}
