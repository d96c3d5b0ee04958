//! The help text that follows the list of commands.

pub(super) const AFTER_HELP: &str = concat!(
    "\
Environment:
  JDCLOUD_ACCESS_KEY, JDCLOUD_SECRET_KEY   the key pair that signs requests
  JDCLOUD_SECURITY_TOKEN                   the token of temporary keys
  JDCLOUD_REGION, JDCLOUD_PROFILE          used where no flag says otherwise
  JDREDIS_ENDPOINT, JDREDIS_OUTPUT         likewise
  JDREDIS_CACHE                            off: keep no names for completion
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY   the proxy, if any
  SSL_CERT_FILE, SSL_CERT_DIR              certificate authorities to trust instead of the system's

  A flag beats the environment, the environment beats a profile; the keys of a profile that
  --profile names beat those of the environment.

Files:
  ~/.jdc/config, ~/.jdc/current   the official CLI's profiles; read, never written

",
    include_str!("exit_codes.txt"),
    "
Examples:
  jdredis instance list --region cn-north-1
  jdredis backup list --region cn-north-1 --instance redis-1234
  jdredis backup url --region cn-north-1 --instance redis-1234 --latest
"
);
