//! Header fields of an answer that both the API and the storage read.

use std::time::Duration;

use time::OffsetDateTime;
use ureq::http::header::{DATE, HeaderMap, RETRY_AFTER};

/// The value of a header field; `None` also if it is not visible ASCII.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The other side's clock, from `Date`.
pub(crate) fn date(headers: &HeaderMap) -> Option<OffsetDateTime> {
    parse_date(header(headers, DATE.as_str())?)
}

/// How long the other side asks to wait, from `Retry-After`: a number of seconds, or a date (RFC 9110,
/// section 10.2.3). A date that has passed means no wait.
pub(crate) fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = header(headers, RETRY_AFTER.as_str())?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some((parse_date(text)? - now).try_into().unwrap_or_default()),
    }
}

fn parse_date(text: &str) -> Option<OffsetDateTime> {
    httpdate::parse_http_date(text).ok().map(OffsetDateTime::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_sides_clock_is_read() {
        let headers = HeaderMap::from_iter([(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap())]);
        assert_eq!(date(&headers), OffsetDateTime::from_unix_timestamp(784_111_777).ok());
        assert_eq!(date(&HeaderMap::new()), None);
    }

    #[test]
    fn retry_after_is_read_in_both_of_its_forms() {
        let now = OffsetDateTime::from_unix_timestamp(784_111_777).unwrap();
        for (text, wait) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), wait.map(Duration::from_secs), "{text:?}");
        }
    }
}
