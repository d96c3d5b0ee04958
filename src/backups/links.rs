//! The links to a backup's files.

use std::collections::{HashMap, hash_map};
use std::fmt::Display;

use percent_encoding::percent_decode_str;

use super::{Error, labelled};
use crate::api::Answer;
use crate::api::model::{DownloadUrl, NodeName};
use crate::values::endpoint::Endpoint;
use crate::values::link::Link;

/// A node, as the service names it, and the link to its file.
#[derive(Debug)]
pub(crate) struct NodeLink {
    /// `None` where the service gave no name that can be read.
    pub(crate) node: Option<String>,
    pub(crate) link: Link,
}

/// The links of a backup, public or `internal` ones, in the service's order; never none.
///
/// # Errors
/// If the list is empty, or if a node lacks the link or has one that is no http URL of a host.
pub(crate) fn links(answer: &Answer, urls: Vec<DownloadUrl>, internal: bool) -> Result<Vec<NodeLink>, Error> {
    let request_id = || answer.request_id().cloned();
    if urls.is_empty() {
        return Err(Error::NoLinks {
            request_id: request_id(),
        });
    }
    let mut links = Vec::with_capacity(urls.len());
    for (i, url) in urls.into_iter().enumerate() {
        let (field, text) = if internal {
            ("internalLink", url.internal_link)
        } else {
            ("link", url.link)
        };
        let misshapen = |complaint: &dyn Display| {
            answer.unexpected(format!("in its result, downloadUrls[{i}].{field} {complaint}"))
        };
        let link = match text {
            Some(text) => {
                let link = Link::parse(&text).map_err(|complaint| misshapen(&complaint))?;
                if link.origin().unwrap_or_default().parse::<Endpoint>().is_err() {
                    return Err(misshapen(&"leads to no host that can be connected to").into());
                }
                link
            }
            None if internal => {
                let node = match url.name {
                    NodeName::Text(name) => format!("\"{name}\""),
                    _ => format!("entry {i}"),
                };
                return Err(Error::NoInternalLink {
                    node,
                    request_id: request_id(),
                });
            }
            None => return Err(misshapen(&"is missing").into()),
        };
        links.push(NodeLink {
            node: url.name.text(),
            link,
        });
    }
    Ok(links)
}

/// A warning about names that cannot be read, if there are any.
pub(crate) fn unread_names(urls: &[DownloadUrl]) -> Option<String> {
    let is_unread = |url: &&DownloadUrl| url.name == NodeName::Unreadable;
    let first = urls.iter().position(|url| is_unread(&url))?;
    let more = match urls.iter().filter(is_unread).count() {
        1 => String::new(),
        count => format!("; and {} more", count - 1),
    };
    Some(format!(
        "name of downloadUrls[{first}] cannot be read; tables show '-' in its place{more}"
    ))
}

/// A node's label, which [`labelled`] chooses, and the link to its file, as it is to be fetched.
pub(crate) type Fetchable = (String, Link);

/// The links of all nodes as they are to be fetched, over https unless `plain`.
///
/// # Errors
/// If there are fewer or more links than the backup has shards, or if two lead to the same object.
pub(crate) fn all_nodes(links: Vec<NodeLink>, shards: Option<u64>, plain: bool) -> Result<Vec<Fetchable>, Incomplete> {
    if let Some(same) = same_objects(&links).into_iter().next() {
        return Err(Incomplete::SameObject(same));
    }
    let shards = shards.filter(|shards| *shards != links.len() as u64);
    if let Some(shards) = shards {
        return Err(Incomplete::Count {
            links: links.len(),
            shards,
        });
    }
    let mut nodes = labelled(links);
    if !plain {
        nodes.iter_mut().for_each(|(_, link)| *link = link.over_https());
    }
    Ok(nodes)
}

/// Replaces the links in use by new ones to the same files. A file without a new link keeps its own.
pub(crate) fn renew(current: &mut [Fetchable], new: &[Fetchable]) {
    for (node, link) in current {
        // The object comes first: a node without a name has its label from the order of the objects alone.
        let of_object = new.iter().find(|(_, new)| new.without_query() == link.without_query());
        let of_node = || new.iter().find(|(label, _)| label == node);
        if let Some((_, found)) = of_object.or_else(of_node) {
            *link = found.clone();
        }
    }
}

/// Why the links cannot be those of a whole backup.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Incomplete {
    #[error("the service gives {links} links for a backup of {shards} shards")]
    Count { links: usize, shards: u64 },
    #[error("{0}")]
    SameObject(SameObject),
}

/// The pairs of nodes whose links lead to the same object, so that the file of one of them is missing.
pub(crate) fn same_objects(links: &[NodeLink]) -> Vec<SameObject> {
    if links.len() < 2 {
        return Vec::new();
    }
    let mut first_of: HashMap<String, usize> = HashMap::new();
    let mut found = Vec::new();
    for (i, link) in links.iter().enumerate() {
        match first_of.entry(canonical_object(&link.link)) {
            hash_map::Entry::Vacant(entry) => {
                entry.insert(i);
            }
            hash_map::Entry::Occupied(first) => found.push(SameObject {
                first: mention(links, *first.get()),
                second: mention(links, i),
                file_name: link.link.file_name().into_owned(),
            }),
        }
    }
    found
}

/// Two nodes whose links lead to the same object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{first} and {second} have links to the same object ({file_name}), so the file of one of them is missing")]
pub(crate) struct SameObject {
    first: String,
    second: String,
    file_name: String,
}

/// What a message calls the node: its name and the place of its link in the list, from 1.
fn mention(links: &[NodeLink], i: usize) -> String {
    match &links[i].node {
        Some(node) => format!("\"{node}\" (link {})", i + 1),
        None => format!("link {}", i + 1),
    }
}

/// The object that a link leads to, the same for every link to it: the host in lower case and the path, decoded.
/// The scheme with its default port and the query do not count.
fn canonical_object(link: &Link) -> String {
    let text = link.without_query();
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let port = if scheme.eq_ignore_ascii_case("https") {
        ":443"
    } else {
        ":80"
    };
    let host = host.strip_suffix(port).unwrap_or(host).trim_end_matches('.');
    let host = host.to_ascii_lowercase();
    host + &percent_decode_str(path).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_one_object_are_found_whatever_else_differs() {
        let links: Vec<NodeLink> = [
            (Some("node 0"), "http://h/i/a-0?sig=1"),
            (Some("node 1"), "http://h/i/a-1?sig=1"),
            (Some("node 2"), "https://H:443/i/%61-0?sig=2"),
            (None, "http://h.:80/i/a-0"),
            (None, "http://h:81/i/a-0"),
            (None, "http://h/I/a-0"),
            (None, "http://g/i/a-0"),
        ]
        .into_iter()
        .map(|(node, link)| NodeLink {
            node: node.map(str::to_owned),
            link: Link::parse(link).unwrap(),
        })
        .collect();
        let found: Vec<String> = same_objects(&links).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "\"node 0\" (link 1) and \"node 2\" (link 3) have links to the same object (a-0), so the file of one \
                 of them is missing",
                "\"node 0\" (link 1) and link 4 have links to the same object (a-0), so the file of one of them is missing",
            ]
        );
        assert_eq!(same_objects(&links[4..]), []);
        assert_eq!(same_objects(&links[2..4]).len(), 1, "there are only two");
    }
}
