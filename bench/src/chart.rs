//! Pictures, as SVG.

use std::fmt::{Display, Write as _};

const WIDTH: f64 = 640.0;
const OWN: &str = "#b5452c";
const OTHER: &str = "#8a8f98";

/// Horizontal bars, the longest over the whole width. A row without a figure shows the reason. `own`: whether it is
/// coloured.
pub fn bars<E: Display>(title: &str, rows: &[(&str, bool, Result<f64, E>)]) -> String {
    const ROW: usize = 26;
    const LEFT: usize = 180;
    const LONGEST: f64 = 380.0;
    let most = rows.iter().filter_map(|(_, _, value)| value.as_ref().ok()).copied().fold(1.0, f64::max);
    let mut svg = head(title, (ROW * rows.len() + 34) as f64);
    for (row, (name, own, value)) in rows.iter().enumerate() {
        let y = 32 + row * ROW;
        let (length, text) = match value {
            Ok(value) => (value / most * LONGEST, number(*value)),
            Err(why) => (0.0, why.to_string()),
        };
        let (fill, base, end) = (if *own { OWN } else { OTHER }, y + 15, LEFT as f64 + length + 6.0);
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\">{name}</text>\
             <rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.0}\" height=\"20\" fill=\"{fill}\"/>\
             <text x=\"{end:.0}\" y=\"{base}\">{text}</text>",
            LEFT - 8,
        );
    }
    svg + "</svg>\n"
}

/// A number with useful decimal places.
pub fn number(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

/// A line through points. Both axes begin at zero.
pub fn line(title: &str, along: &str, points: &[(f64, f64)]) -> String {
    const LEFT: f64 = 70.0;
    const RIGHT: f64 = 620.0;
    const TOP: f64 = 40.0;
    const BOTTOM: f64 = 240.0;
    let most = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).fold(0.0, f64::max);
    let (steps_x, steps_y) = (steps(most(|point| point.0)), steps(most(|point| point.1)));
    let end = |steps: &[f64]| steps.last().copied().unwrap_or(1.0);
    let x = |value: f64| LEFT + value / end(&steps_x) * (RIGHT - LEFT);
    let y = |value: f64| BOTTOM - value / end(&steps_y) * (BOTTOM - TOP);
    let mut svg = head(title, BOTTOM + 48.0);
    for step in &steps_y {
        let at = y(*step);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{RIGHT}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{step}</text>",
            LEFT - 8.0,
            at + 4.0,
        );
    }
    for step in &steps_x {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{step}</text>",
            x(*step),
            BOTTOM + 18.0
        );
    }
    let middle = f64::midpoint(LEFT, RIGHT);
    let _ = writeln!(svg, "<text x=\"{middle:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{along}</text>", BOTTOM + 38.0);
    let path: Vec<_> = points.iter().map(|point| format!("{:.1},{:.1}", x(point.0), y(point.1))).collect();
    let _ =
        writeln!(svg, "<polyline points=\"{}\" fill=\"none\" stroke=\"{OWN}\" stroke-width=\"2\"/>", path.join(" "));
    for point in points {
        let _ = writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"{OWN}\"/>", x(point.0), y(point.1));
    }
    svg + "</svg>\n"
}

fn head(title: &str, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"13\" role=\"img\">\n<title>{title}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"10\" y=\"20\" font-weight=\"bold\">{title}</text>\n"
    )
}

/// Round numbers from zero to the first one that is not below `most`, at most six after zero.
fn steps(most: f64) -> Vec<f64> {
    // Zero, infinity and NaN get an axis, too.
    let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
    let ten = 10_f64.powf((most / 5.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * ten).find(|step| most / step <= 5.0);
    let step = step.unwrap_or(most);
    let count = (most / step).ceil() as usize;
    (0..=count).map(|number| number as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_steps_that_reach_the_largest_value() {
        assert_eq!(steps(4.0), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(steps(18_332.0), [0.0, 5_000.0, 10_000.0, 15_000.0, 20_000.0]);
        assert_eq!(steps(1000.0), [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]);
        assert_eq!(steps(0.0), steps(f64::NAN));
    }

    #[test]
    fn small_numbers_have_decimal_places() {
        assert_eq!([0.267, 9.99, 10.0, 18_332.4].map(number), ["0.27", "9.99", "10", "18332"]);
    }

    #[test]
    fn the_longest_bar_has_the_whole_width_and_a_missing_figure_shows_the_reason() {
        let svg = bars("t", &[("a", true, Ok(50.0)), ("b", false, Ok(100.0)), ("c", false, Err("did not finish"))]);
        for part in ["width=\"190\"", "width=\"380\"", "width=\"0\"", ">did not finish</text>"] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
    }

    #[test]
    fn a_point_is_where_its_numbers_are_on_the_axes() {
        let svg = line("t", "hosts", &[(1.0, 50.0), (2.0, 100.0)]);
        // The axes end at 2 and 100.
        assert!(svg.contains("points=\"345.0,140.0 620.0,40.0\""), "{svg}");
    }
}
