//! What is the same of every channel's credentials: how they are written down and what is said when they cannot be used.
//!
//! Decrypted credentials live only as long as a job. `Debug` prints nothing of them, and the JSON form exists
//! only so that people can hand them in and the store can seal them: it is never quoted in an error.

use domain::secret::Secret;
use ring::digest;
use serde::de::DeserializeOwned;

/// The credentials cannot be used. Says what is wrong with them without showing any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("credentials: {field}: {problem}")]
pub struct InvalidCredentials {
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub problem: Flaw,
}

impl InvalidCredentials {
    pub(crate) fn new(field: &str, problem: Flaw) -> Self {
        Self {
            field: field.to_owned(),
            problem,
        }
    }
}

/// What may be wrong with a field of credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Fields are missing or not known, as the parser names them.
    #[error("{0}")]
    Fields(String),
    /// A list stands where a text should, or the like.
    #[error("is not of the kind that is asked for")]
    OtherKind,
    /// A wallet is no provider.
    #[error("a wallet needs none")]
    Wallet,
    /// It was not read from what was sealed.
    #[error("what is stored is not what was sealed")]
    NotSealed,
    /// A list is empty.
    #[error("at least one is needed, newest first")]
    Empty,
    /// A list is longer than this.
    #[error("at most {0} can be in use")]
    TooMany(usize),
    /// It is no text of 1 to so many bytes that can go into a header.
    #[error("must be 1 to {0} visible ASCII characters")]
    NotVisible(usize),
    /// The same, of letters and digits.
    #[error("must be 1 to {0} ASCII letters and digits")]
    NotAlphanumeric(usize),
    /// The same, of letters, digits and underscores.
    #[error("must be 1 to {0} ASCII letters, digits or underscores")]
    NotIdentifier(usize),
    /// The same, of digits.
    #[error("must be 1 to {0} digits")]
    NotDigits(usize),
    /// It has a colon, which would end it.
    #[error("must have no colon")]
    Colon,
    /// It is no secret key of Stripe's.
    #[error("must start with sk_ or rk_ and be visible ASCII")]
    NotStripeKey,
    /// It is no account of Alipay's.
    #[error("must be the 16 digits of an account, starting with 2088")]
    NotAlipayAccount,
    /// It is no key in either form in which keys are written.
    #[error("is not base64 or PEM")]
    NotKeyText,
    /// It is no private key that can sign for Alipay.
    #[error("must be an RSA private key of at least 2048 bits, as PKCS#8 or PKCS#1, unencrypted")]
    NotPrivateKey,
    /// It is no public key of Alipay's.
    #[error("must be an RSA public key of at least 2048 bits, as Alipay shows it (not a certificate)")]
    NotPublicKey,
    /// The two keys were mixed up.
    #[error("holds the application's own public key, not Alipay's")]
    OwnPublicKey,
    /// It is no private key that can sign for WeChat Pay.
    #[error("must be an RSA key in PKCS#8 PEM")]
    NotPkcs8,
    /// A key of the APIv3 has another length.
    #[error("each must be 32 bytes long")]
    NotApiv3Key,
    /// What verifies is neither a public key nor a certificate.
    #[error("each is an id with a public_key, or a certificate")]
    NotVerifier,
    /// A public key of WeChat Pay's has another id.
    #[error("the id of a public key starts with PUB_KEY_ID_")]
    NotPublicKeyId,
    /// A public key of WeChat Pay's cannot be read.
    #[error("a public_key must be an RSA public key in PEM")]
    NotPublicPem,
    /// A certificate cannot be read.
    #[error("a certificate must be an X.509 certificate of an RSA key in PEM")]
    NotCertificate,
    /// Two certificates were mixed up.
    #[error("the id is not the serial number of the certificate")]
    OtherSerial,
}

/// Reads a channel's fields from JSON. The parser's own words about a value would quote it, so only names are passed on.
pub(crate) fn read_fields<F: DeserializeOwned>(json: &Secret) -> Result<F, InvalidCredentials> {
    let mut json = serde_json::Deserializer::from_str(json.expose());
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let said = error.inner().to_string();
        let names_only = said.starts_with("missing field") || said.starts_with("unknown field");
        let problem = if names_only {
            Flaw::Fields(said.split(" at line").next().unwrap_or_default().to_owned())
        } else {
            Flaw::OtherKind
        };
        InvalidCredentials::new(&path, problem)
    })
}

/// What stands for parts of credentials where they must not be shown.
pub(crate) fn digest(parts: &[&Secret]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        // The length keeps two lists from running together into one text.
        context.update(&(part.expose().len() as u64).to_be_bytes());
        context.update(part.expose().as_bytes());
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// Checks that a text is 1 to `most` visible ASCII characters: what goes into a header or is a name at a provider.
pub(crate) fn check_token(field: &str, text: &str, most: usize) -> Result<(), InvalidCredentials> {
    if is_token(text, most) {
        Ok(())
    } else {
        Err(InvalidCredentials::new(field, Flaw::NotVisible(most)))
    }
}

pub(crate) fn is_token(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Checks that there is at least one of something of which there are several while one is being replaced.
pub(crate) fn check_some<T>(field: &str, list: &[T]) -> Result<(), InvalidCredentials> {
    if list.is_empty() {
        return Err(InvalidCredentials::new(field, Flaw::Empty));
    }
    Ok(())
}
