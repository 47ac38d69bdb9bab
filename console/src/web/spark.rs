//! Small lines that show how a number was lately.

use maud::{Markup, html};

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 24.0;

/// A line through the values, oldest first, from zero to the highest of them; `label` says it in words.
pub(super) fn line(values: &[i64], label: &str) -> Markup {
    let highest = values.iter().copied().max().unwrap_or_default().max(1) as f64;
    let step = WIDTH / (values.len().max(2) - 1) as f64;
    let point = |(place, value): (usize, &i64)| {
        let y = (HEIGHT - 2.0).mul_add(-(*value as f64 / highest), HEIGHT - 1.0);
        format!("{:.1},{y:.1}", step * place as f64)
    };
    let points: Vec<_> = values.iter().enumerate().map(point).collect();
    html! {
        svg.spark viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) preserveAspectRatio="none" {
            @if values.len() > 1 { polyline points=(points.join(" ")) {} }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_stays_within_its_box() {
        let drawn = line(&[0, 5, 10], "0 to 10").into_string();
        assert!(
            drawn.contains("points=\"0.0,23.0 60.0,12.0 120.0,1.0\""),
            "{drawn}"
        );
        for values in [&[][..], &[7], &[0, 0]] {
            let drawn = line(values, "").into_string();
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        }
    }
}
