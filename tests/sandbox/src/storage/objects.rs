//! The state of single objects: what is in each, which entity tag it has, and what tests have
//! changed about it.

use std::sync::Arc;

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::content::{Content, Format};
use crate::encoding::sha256_hex;

/// When every object was stored; each replacement is a day later.
const STORED: OffsetDateTime = datetime!(2021-07-14 07:38:27 UTC);

/// A change to an object that lasts.
///
/// The object's entity tag and its `Last-Modified` change when it is replaced and else stay, as
/// they do where storage has lost or damaged what it keeps. What the service says of the backup
/// stays in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alteration {
    /// Replaces it by another file of so many bytes, at least 128. Earlier alterations of what is
    /// in it are gone.
    Replace(u64),
    /// Replaces it by these bytes. Earlier alterations of what is in it are gone.
    ReplaceBy(Vec<u8>),
    /// Makes it a file of that kind, as long as it was.
    Format(Format),
    /// Changes one bit of the byte at this offset. The length and the RDB file's checksum stay.
    FlipBit(u64),
    /// Takes away all but so many bytes of its start.
    Truncate(u64),
    /// Deletes it; links to it are still made.
    Delete,
    /// Gives it a weak entity tag.
    WeakETag,
    /// Takes its entity tag away.
    NoETag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TagKind {
    Strong,
    Weak,
    Missing,
}

/// An object without its content, which is made when it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    key: String,
    /// How often it was replaced.
    version: u32,
    size: u64,
    format: Format,
    given: Option<Arc<[u8]>>,
    flipped: Vec<u64>,
    truncated: Option<u64>,
    tag: TagKind,
    is_deleted: bool,
}

impl Object {
    /// An object as it is unless something changes it.
    pub(crate) fn new(key: &str, size: u64) -> Self {
        Self {
            key: key.to_owned(),
            version: 0,
            size,
            format: Format::Rdb,
            given: None,
            flipped: Vec::new(),
            truncated: None,
            tag: TagKind::Strong,
            is_deleted: false,
        }
    }

    pub(crate) fn alter(&mut self, alteration: &Alteration) {
        match alteration {
            Alteration::Replace(size) => self.replace(*size, None),
            Alteration::ReplaceBy(bytes) => self.replace(bytes.len() as u64, Some(bytes.as_slice().into())),
            Alteration::Format(format) => {
                self.format = *format;
                self.given = None;
            }
            Alteration::FlipBit(offset) => self.flipped.push(*offset),
            Alteration::Truncate(length) => self.truncated = Some(*length),
            Alteration::Delete => self.is_deleted = true,
            Alteration::WeakETag => self.tag = TagKind::Weak,
            Alteration::NoETag => self.tag = TagKind::Missing,
        }
    }

    fn replace(&mut self, size: u64, given: Option<Arc<[u8]>>) {
        *self = Self {
            version: self.version + 1,
            given,
            tag: self.tag,
            ..Self::new(&self.key, size)
        };
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.is_deleted
    }

    pub(crate) fn content(&self) -> Content {
        let mut content = match &self.given {
            Some(bytes) => Content::given(Arc::clone(bytes)),
            None => Content::new(self.format, self.size, self.seed()),
        };
        content.flip(&self.flipped);
        if let Some(length) = self.truncated {
            content.truncate(length);
        }
        content
    }

    /// Differs between objects and between their replacements.
    fn identity(&self) -> String {
        sha256_hex(format!("{} {}", self.key, self.version).as_bytes())
    }

    fn seed(&self) -> u64 {
        u64::from_str_radix(&self.identity()[..16], 16).expect("a hash has hexadecimal digits")
    }

    /// The entity tag with its quotes. It is no MD5, though it looks like one.
    pub(crate) fn tag(&self) -> Option<String> {
        let opaque = &self.identity()[32..];
        match self.tag {
            TagKind::Strong => Some(format!("\"{opaque}\"")),
            TagKind::Weak => Some(format!("W/\"{opaque}\"")),
            TagKind::Missing => None,
        }
    }

    pub(crate) fn last_modified(&self) -> OffsetDateTime {
        STORED + Duration::days(self.version.into())
    }
}
