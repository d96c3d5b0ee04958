//! How a test has objects delivered: whole or in part, slowly, changed on the way, or not at all.

use std::time::Duration;

use crate::script::{Kind, Reply};

use super::errors::StorageError;
use super::objects::Alteration;

/// One answer of the object storage, described before it is sent.
///
/// Start with [`Delivery::normal`] and refine it, or with [`Delivery::error`] or
/// [`Delivery::reply`], of which only the delay and the lasting changes can be refined: how an
/// object is sent has no meaning there, and to ask for it panics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub(crate) source: Source,
    pub(crate) delay: Duration,
    pub(crate) alterations: Vec<Alteration>,
    pub(crate) expires_links: bool,
    pub(crate) ranging: Ranging,
    pub(crate) course: Course,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Object,
    Error(StorageError),
    Reply(Kind),
}

/// What becomes of a request for a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ranging {
    Honest,
    Ignored,
    /// It starts so many bytes later than asked for, and says so.
    Later(u64),
    /// It is as asked for, and says this instead.
    Claimed(String),
}

/// How the body is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Course {
    /// After how many bytes it ends before its end, and how.
    pub(crate) stop: Option<(u64, Stop)>,
    /// The most bytes in a second.
    pub(crate) rate: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    End,
    Reset,
    Stall,
}

impl Delivery {
    fn of(source: Source) -> Self {
        Self {
            source,
            delay: Duration::ZERO,
            alterations: Vec::new(),
            expires_links: false,
            ranging: Ranging::Honest,
            course: Course::default(),
        }
    }

    /// What the object storage answers.
    #[must_use]
    pub fn normal() -> Self {
        Self::of(Source::Object)
    }

    /// An error, whatever the request.
    #[must_use]
    pub fn error(error: StorageError) -> Self {
        Self::of(Source::Error(error))
    }

    /// Any other reply, whatever the request, such as a redirect or a page.
    #[must_use]
    pub fn reply(reply: Reply) -> Self {
        Self::of(Source::Reply(reply.kind)).delay(reply.delay)
    }

    /// Waits before anything is sent.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Alters the requested object first, for this request and all later ones.
    #[must_use]
    pub fn altering(mut self, alteration: Alteration) -> Self {
        self.alterations.push(alteration);
        self
    }

    /// Lets all links expire that exist when the request comes, that of the request included.
    #[must_use]
    pub fn expiring_links(mut self) -> Self {
        self.expires_links = true;
        self
    }

    /// Answers a request for a range with 200 and the whole object.
    #[must_use]
    pub fn ignoring_range(self) -> Self {
        self.with(|delivery| delivery.ranging = Ranging::Ignored)
    }

    /// Answers a request for a range with one that starts so many bytes later, and says so.
    #[must_use]
    pub fn starting_later(self, bytes: u64) -> Self {
        self.with(|delivery| delivery.ranging = Ranging::Later(bytes))
    }

    /// Answers a request for a range with it, and with this `Content-Range`.
    #[must_use]
    pub fn claiming_range(self, content_range: impl Into<String>) -> Self {
        self.with(|delivery| delivery.ranging = Ranging::Claimed(content_range.into()))
    }

    /// Ends the connection in good order after so many bytes of the body.
    #[must_use]
    pub fn cut_after(self, bytes: u64) -> Self {
        self.stop(bytes, Stop::End)
    }

    /// Resets the connection after so many bytes of the body. Of these the client may lose some.
    #[must_use]
    pub fn reset_after(self, bytes: u64) -> Self {
        self.stop(bytes, Stop::Reset)
    }

    /// Sends nothing more after so many bytes of the body, until the client gives up or the
    /// sandbox ends.
    #[must_use]
    pub fn stall_after(self, bytes: u64) -> Self {
        self.stop(bytes, Stop::Stall)
    }

    fn stop(self, bytes: u64, stop: Stop) -> Self {
        self.with(|delivery| delivery.course.stop = Some((bytes, stop)))
    }

    /// Sends at most so many bytes of the body in a second, at least one.
    #[must_use]
    pub fn throttle(self, bytes_per_second: u64) -> Self {
        self.with(|delivery| delivery.course.rate = Some(bytes_per_second.max(1)))
    }

    /// Refines how an object is delivered.
    ///
    /// # Panics
    /// On a delivery without an object, where the change would have no effect.
    #[track_caller]
    fn with(mut self, refine: impl FnOnce(&mut Self)) -> Self {
        assert!(
            self.source == Source::Object,
            "this delivers no object: {:?}",
            self.source
        );
        refine(&mut self);
        self
    }
}
