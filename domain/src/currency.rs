//! The currencies Sluice takes, with the exponent ISO 4217 gives each.
//!
//! A provider's own rule about a currency (Stripe wants ISK times a hundred, PayPal takes no decimals of HUF) is not
//! known here: it belongs to that provider's channel.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! currencies {
    ($($code:ident $exponent:literal $name:literal,)+) => {
        /// An ISO 4217 currency.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum Currency {
            $(#[doc = $name] $code,)+
        }

        impl Currency {
            /// Every currency, in the order of the table.
            pub const ALL: &'static [Currency] = &[$(Currency::$code,)+];

            /// The three-letter code in capitals.
            pub const fn code(self) -> &'static str {
                match self { $(Currency::$code => stringify!($code),)+ }
            }

            /// How many decimal digits its minor unit stands for: 2 for USD (cents), 0 for JPY, 3 for KWD.
            pub const fn exponent(self) -> u32 {
                match self { $(Currency::$code => $exponent,)+ }
            }
        }
    };
}

currencies! {
    AED 2 "UAE dirham", ARS 2 "Argentine peso", AUD 2 "Australian dollar", BHD 3 "Bahraini dinar",
    BRL 2 "Brazilian real", CAD 2 "Canadian dollar", CHF 2 "Swiss franc", CLP 0 "Chilean peso",
    CNY 2 "Chinese yuan", COP 2 "Colombian peso", CZK 2 "Czech koruna", DKK 2 "Danish krone",
    EGP 2 "Egyptian pound", EUR 2 "Euro", GBP 2 "Pound sterling", HKD 2 "Hong Kong dollar",
    HUF 2 "Hungarian forint", IDR 2 "Indonesian rupiah", ILS 2 "Israeli new shekel", INR 2 "Indian rupee",
    ISK 0 "Icelandic krona", JOD 3 "Jordanian dinar", JPY 0 "Japanese yen", KES 2 "Kenyan shilling",
    KRW 0 "South Korean won", KWD 3 "Kuwaiti dinar", MAD 2 "Moroccan dirham", MXN 2 "Mexican peso",
    MYR 2 "Malaysian ringgit", NGN 2 "Nigerian naira", NOK 2 "Norwegian krone", NZD 2 "New Zealand dollar",
    OMR 3 "Omani rial", PEN 2 "Peruvian sol", PHP 2 "Philippine peso", PLN 2 "Polish zloty",
    PYG 0 "Paraguayan guarani", QAR 2 "Qatari riyal", RON 2 "Romanian leu", RWF 0 "Rwandan franc",
    SAR 2 "Saudi riyal", SEK 2 "Swedish krona", SGD 2 "Singapore dollar", THB 2 "Thai baht",
    TND 3 "Tunisian dinar", TRY 2 "Turkish lira", TWD 2 "New Taiwan dollar", UGX 0 "Ugandan shilling",
    USD 2 "US dollar", VND 0 "Vietnamese dong", XAF 0 "Central African CFA franc",
    XOF 0 "West African CFA franc", XPF 0 "CFP franc", ZAR 2 "South African rand",
}

/// The code names no currency that Sluice takes.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("unknown currency {0:?}: use an ISO 4217 code such as \"USD\"")]
pub struct UnknownCurrency(pub String);

impl FromStr for Currency {
    type Err = UnknownCurrency;

    /// Accepts either case: providers write `usd`, people write `USD`.
    fn from_str(code: &str) -> Result<Self, UnknownCurrency> {
        let found = Currency::ALL
            .iter()
            .find(|currency| currency.code().eq_ignore_ascii_case(code));
        found
            .copied()
            .ok_or_else(|| UnknownCurrency(code.chars().take(16).collect()))
    }
}

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;

    fn try_from(code: String) -> Result<Self, UnknownCurrency> {
        code.parse()
    }
}

impl From<Currency> for &'static str {
    fn from(currency: Currency) -> Self {
        currency.code()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_in_either_case() {
        assert!(Currency::ALL.len() >= 32);
        for currency in Currency::ALL {
            assert_eq!(currency.code().parse(), Ok(*currency));
            assert_eq!(currency.code().to_lowercase().parse(), Ok(*currency));
        }
    }

    #[test]
    fn exponents_follow_iso_4217() {
        assert_eq!(Currency::USD.exponent(), 2);
        assert_eq!(Currency::JPY.exponent(), 0);
        assert_eq!(Currency::KWD.exponent(), 3);
    }

    #[test]
    fn an_unknown_code_is_named_in_the_error() {
        assert_eq!("XYZ".parse::<Currency>(), Err(UnknownCurrency("XYZ".into())));
    }
}
