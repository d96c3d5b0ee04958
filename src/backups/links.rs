//! The links to a backup's files.

use std::fmt::Display;

use super::Error;
use crate::api::Answer;
use crate::api::model::DownloadUrls;
use crate::values::endpoint::Endpoint;
use crate::values::link::Link;

/// A node, as the service names it, and the link to its file.
#[derive(Debug)]
pub(crate) struct NodeLink {
    /// `None` where the service gave no name.
    pub(crate) node: Option<String>,
    pub(crate) link: Link,
}

/// The links of a backup, public or `internal` ones, in the service's order; never none.
///
/// # Errors
/// Where the list is empty, or a node in it lacks the link or has one that is no http URL of a host.
pub(crate) fn links(answer: &Answer, urls: DownloadUrls, internal: bool) -> Result<Vec<NodeLink>, Error> {
    let request_id = || answer.request_id().cloned();
    if urls.download_urls.is_empty() {
        return Err(Error::NoLinks {
            request_id: request_id(),
        });
    }
    let mut links = Vec::with_capacity(urls.download_urls.len());
    for (i, url) in urls.download_urls.into_iter().enumerate() {
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
                let node = url
                    .name
                    .map_or_else(|| format!("entry {i}"), |name| format!("\"{name}\""));
                return Err(Error::NoInternalLink {
                    node,
                    request_id: request_id(),
                });
            }
            None => return Err(misshapen(&"is missing").into()),
        };
        links.push(NodeLink { node: url.name, link });
    }
    Ok(links)
}
