//! `--limit-rate` and `--at-most`: bytes, as curl's option of the first name takes them.

/// Reads a number with an optional unit: K, M and G are powers of 1024.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    bytes(text).ok_or_else(|| "a rate is a number of bytes a second, such as 500K, 50M or 1G".to_owned())
}

/// Reads a size in the same units.
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
    let rate = number * unit as f64;
    (rate >= 1.0 && rate < u64::MAX as f64).then_some(rate as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_curl_reads_them() {
        for (text, bytes) in [("500", 500), ("1k", 1024), ("50M", 50 << 20), ("1.5G", 3 << 29)] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
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
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
