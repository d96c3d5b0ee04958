//! The labels of a backup's nodes: their names, or numbers. Numbers follow the order of the links without their
//! queries, and not the service's list, whose order may change between runs.

use std::collections::HashSet;

use super::links::{Fetchable, NodeLink};
use crate::values::link::Link;

/// Each node's label and link, in the service's order. The label is the node's name. A node without a name, or with
/// one that another node has too, is called `shard N`, counted from 0 in the order of the links without their
/// queries.
pub(crate) fn labelled(links: Vec<NodeLink>) -> Vec<Fetchable> {
    let is_unique = |node: &str| links.iter().filter(|link| link.node.as_deref() == Some(node)).count() == 1;
    let own = |link: &NodeLink| link.node.clone().filter(|node| is_unique(node));
    let mut labels: Vec<Option<String>> = links.iter().map(own).collect();
    let mut taken: HashSet<String> = labels.iter().flatten().cloned().collect();
    for (rank, at) in by_object(links.iter().map(|link| &link.link)).into_iter().enumerate() {
        let free = || {
            (rank..)
                .map(|number| format!("shard {number}"))
                .find(|label| !taken.contains(label))
        };
        if let (None, Some(label)) = (&labels[at], free()) {
            taken.insert(label.clone());
            labels[at] = Some(label);
        }
    }
    let labels = labels.into_iter().map(Option::unwrap_or_default);
    labels.zip(links.into_iter().map(|link| link.link)).collect()
}

/// The places of the links in the order of their text without the query.
pub(crate) fn by_object<'a>(links: impl Iterator<Item = &'a Link>) -> Vec<usize> {
    let objects: Vec<&str> = links.map(Link::without_query).collect();
    let mut order: Vec<usize> = (0..objects.len()).collect();
    order.sort_by_key(|at| objects[*at]);
    order
}
