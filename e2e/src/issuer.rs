//! An identity provider that there is in tests alone: it shares a secret with ingress, and has signed one token.

/// What it shares with ingress (`JWT_SECRET`).
pub const SECRET: &str = "the secret of an issuer that there is in tests alone";
/// Who it is (`JWT_ISSUER`).
pub const ISSUER: &str = "https://issuer.test";
/// For whom its tokens are (`JWT_AUDIENCE`).
pub const AUDIENCE: &str = "sluice-test";
/// The token of an administrator called root, good until the year 2100.
pub const ADMINISTRATOR: &str = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0IiwiYXVkIjoic2x1aWNlLXRlc3QiLCJleHAiOjQxMDI0NDQ4MDAsInN1YiI6InJvb3QiLCJyb2xlIjoiYWRtaW4ifQ.hm3LzkM0Ej1vGleN1y_MJ_NK9xXVRM5bIkKwlWWsu0k";
