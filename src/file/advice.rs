//! What to do about a file, in words.

use crate::rdb::Advice;

/// What to do about the file; `name` is its name, quoted for a shell.
pub(super) fn text(advice: Advice, name: &str) -> String {
    let look_inside = |command: &str| format!("look inside with: {command} {name} | jdredis backup verify -");
    match advice {
        Advice::FetchAgain => "fetch a damaged one again, best with 'jdredis backup download'".to_owned(),
        Advice::MakeAnew => {
            "a file whose checksum is right is as the server wrote it, so that fetching it again gives \
                             the same: make a new backup"
                .to_owned()
        }
        Advice::CutOff { end } => {
            format!("to get the RDB file without what follows it: head -c {end} {name} > whole.rdb")
        }
        Advice::Split { at } => {
            let second = at + 1;
            format!("to split the files: head -c {at} {name} > first.rdb; tail -c +{second} {name} > second.rdb")
        }
        Advice::Unpack(unpack) => look_inside(unpack),
        Advice::Read => "read the text in it, which may say why it is no backup".to_owned(),
        Advice::SkipLines(lines) => look_inside(&format!("tail -n +{}", lines + 1)),
        Advice::SkipBytes(bytes) => look_inside(&format!("tail -c +{}", bytes + 1)),
        Advice::CheckAof => "check an append-only file with redis-check-aof; Redis loads it as such".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_file_and_the_bytes() {
        for (advice, expected) in [
            (
                Advice::CutOff { end: 31 },
                "to get the RDB file without what follows it: head -c 31 'my file' > whole.rdb",
            ),
            (
                Advice::Split { at: 31 },
                "to split the files: head -c 31 'my file' > first.rdb; tail -c +32 'my file' > second.rdb",
            ),
            (
                Advice::Unpack("gunzip -c"),
                "look inside with: gunzip -c 'my file' | jdredis backup verify -",
            ),
            (
                Advice::SkipLines(3),
                "look inside with: tail -n +4 'my file' | jdredis backup verify -",
            ),
            (
                Advice::SkipBytes(19),
                "look inside with: tail -c +20 'my file' | jdredis backup verify -",
            ),
        ] {
            assert_eq!(text(advice, "'my file'"), expected);
        }
    }
}
