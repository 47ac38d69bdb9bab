//! The checksum PayPal signs in place of a webhook's body.

/// The polynomial of IEEE 802.3, with its bits reversed.
const POLYNOMIAL: u32 = 0xEDB8_8320;

/// CRC-32 as zlib and Ethernet compute it. Bodies are a few kilobytes: a table would only add lines.
pub fn crc32(bytes: &[u8]) -> u32 {
    let rest = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (POLYNOMIAL & (crc & 1).wrapping_neg())
        })
    });
    !rest
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::crc32;

    #[test]
    fn checksums_agree_with_the_official_sdk() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        let vectors: Value = serde_json::from_str(include_str!("../../tests/fixtures/paypal.json")).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert!(cases.len() > 7);
        for case in cases {
            let body = case["body"].as_str().unwrap();
            assert_eq!(
                u64::from(crc32(body.as_bytes())),
                case["crc32"].as_u64().unwrap(),
                "{}",
                case["name"]
            );
        }
    }
}
