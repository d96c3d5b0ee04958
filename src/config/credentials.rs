//! The key pair that signs requests.

use crate::values::id::AccessKey;
use crate::values::secret::Secret;

/// An access key, its secret, and for temporary ones the token that goes with them.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) access_key: AccessKey,
    pub(crate) secret_key: Secret,
    /// Sent base64-encoded, as the Go, Java and Python SDKs do. The PHP SDK sends it raw; which of
    /// them the service wants has not been tried against it.
    pub(crate) security_token: Option<Secret>,
}
