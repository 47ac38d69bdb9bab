//! Which currencies Stripe takes, and the bounds on their amounts.
//!
//! Written down here and not taken from the pipeline's own table, so that an error there shows up against this one.

use super::errors::ApiError;

/// The largest amount: eight digits.
const LARGEST: i64 = 99_999_999;

const SUPPORTED: &str = "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn \
bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl hrk htg huf \
idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn \
myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std \
szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw";

/// Amounts in these must end in the given number of zeroes, written as the divisor.
const MULTIPLES: [(&str, i64); 7] = [
    ("bhd", 10),
    ("jod", 10),
    ("kwd", 10),
    ("omr", 10),
    ("tnd", 10),
    ("isk", 100),
    ("ugx", 100),
];

/// The smallest charge where it is not 50 minor units, about half a dollar.
const SMALLEST: [(&str, i64); 26] = [
    ("aed", 200),
    ("bgn", 100),
    ("cny", 350),
    ("czk", 1500),
    ("dkk", 250),
    ("gbp", 30),
    ("hkd", 400),
    ("huf", 17_500),
    ("idr", 800_000),
    ("isk", 7_000),
    ("krw", 700),
    ("kwd", 150),
    ("bhd", 180),
    ("jod", 350),
    ("omr", 190),
    ("tnd", 1_500),
    ("mxn", 1_000),
    ("myr", 200),
    ("nok", 300),
    ("php", 2_900),
    ("pln", 200),
    ("ron", 200),
    ("sek", 300),
    ("thb", 1_000),
    ("twd", 1_600),
    ("vnd", 13_000),
];

/// The currency in lower case.
pub fn currency(code: &str) -> Result<String, ApiError> {
    let lower = code.to_ascii_lowercase();
    if SUPPORTED.split_whitespace().any(|known| known == lower) {
        return Ok(lower);
    }
    let known = SUPPORTED.split_whitespace().collect::<Vec<_>>().join(", ");
    Err(ApiError::invalid(format!(
        "Invalid currency: {lower}. These currencies are supported: {known}"
    ))
    .param("currency"))
}

/// What every amount in the currency is a multiple of.
pub fn multiple(currency: &str) -> i64 {
    let found = MULTIPLES.iter().find(|(code, _)| *code == currency);
    found.map_or(1, |(_, multiple)| *multiple)
}

/// Checks that this much of the currency can be charged.
pub fn chargeable(amount: i64, currency: &str) -> Result<(), ApiError> {
    at_least_one(amount, "amount")?;
    if amount > LARGEST {
        return Err(ApiError::invalid(format!(
            "Amount must be no more than {LARGEST} {currency} in minor units"
        ))
        .code("amount_too_large")
        .param("amount"));
    }
    let multiple = multiple(currency);
    if amount % multiple != 0 {
        return Err(
            ApiError::invalid(format!("Amounts in {currency} must be divisible by {multiple}"))
                .param("amount"),
        );
    }
    let smallest = SMALLEST
        .iter()
        .find(|(code, _)| *code == currency)
        .map_or(50, |(_, smallest)| *smallest);
    if amount < smallest {
        return Err(ApiError::invalid(format!(
            "Amount must be at least {smallest} {currency} in minor units"
        ))
        .code("amount_too_small")
        .param("amount"));
    }
    Ok(())
}

/// Refuses zero and negative amounts.
pub fn at_least_one(amount: i64, param: &str) -> Result<(), ApiError> {
    if amount >= 1 {
        return Ok(());
    }
    Err(
        ApiError::invalid("This value must be greater than or equal to 1.")
            .code("parameter_invalid_integer")
            .param(param),
    )
}
