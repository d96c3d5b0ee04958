//! Numbers of bytes on the command line, for `--limit-rate` and `--at-most`. Both take the units of curl's
//! `--limit-rate`.

/// Parses a rate in bytes a second: a number with an optional unit, of which K, M and G are powers of 1024.
pub(crate) fn rate(text: &str) -> Result<u64, String> {
    bytes(text).ok_or_else(|| "a rate is a number of bytes a second, such as 500K, 50M or 1G".to_owned())
}

/// Parses a size in bytes, in the same units.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    bytes(text).ok_or_else(|| "a size is a number of bytes, such as 500M or 200G".to_owned())
}

fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, unit)) if unit.is_ascii_alphabetic() => (&text[..at], unit.to_ascii_uppercase()),
        _ => (text, ' '),
    };
    let unit: u64 = match unit {
        ' ' => 1,
        'K' => 1 << 10,
        'M' => 1 << 20,
        'G' => 1 << 30,
        _ => return None,
    };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = number.parse().ok().filter(|_| is_number(number))?;
    let bytes = number * unit as f64;
    (bytes >= 1.0 && bytes < u64::MAX as f64).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_curl_reads_them() {
        for (text, bytes) in [("500", 500), ("1k", 1024), ("50M", 50 << 20), ("1.5G", 3 << 29)] {
            assert_eq!(rate(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "0",
            "-1",
            "M",
            "5MM",
            "5T",
            "inf",
            "NaN",
            "1e3",
            "9999999999999G",
            "5 M",
        ] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
