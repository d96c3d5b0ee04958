//! Nothing secret in anything a run prints. The canaries are checked after every run of every test;
//! here are the runs most likely to give them away.

use jdredis_sandbox::{Keys, Reply};

use crate::support::{ACCESS_KEY, Jdredis, SECRET_KEY, TOKEN, sandbox_builder};

#[test]
fn the_most_talkative_runs_give_no_secret_away() {
    let replies: [fn(&Keys) -> Option<Reply>; 5] = [
        |_| None,
        // A service or proxy that quotes the request back, whatever it was sent.
        |_| Some(Reply::error(401, "ACCESS_ERROR", "sign result is not same [gw]")),
        |_| {
            Some(Reply::json(
                200,
                r#"{"result":{"downloadUrls":["https://h/x?X-Amz-Signature=1"]}}"#,
            ))
        },
        |_| {
            Some(Reply::json(
                200,
                r#"{"result":{"downloadUrls":[{"link":"x https://h/x?X-Amz-Signature=1"}]}}"#,
            ))
        },
        |_| Some(Reply::close()),
    ];
    for reply in replies {
        let sandbox = sandbox_builder()
            .keys(ACCESS_KEY, SECRET_KEY, Some(TOKEN))
            .start()
            .unwrap();
        if let Some(reply) = reply(sandbox.keys()) {
            sandbox.always(reply);
        }
        for format in ["table", "json", "plain"] {
            let run = Jdredis::at(&sandbox)
                .env("JDCLOUD_SECURITY_TOKEN", TOKEN)
                .env("RUST_BACKTRACE", "full");
            let outcome = run.args(["-vvv", "-o", format]).url();
            assert!(outcome.stderr.contains("canonical request:"), "{outcome:#?}");
            assert!(!outcome.stderr.contains("backtrace"), "{outcome:#?}");
        }
    }
}
