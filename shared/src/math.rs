//! Sine and cosine from plain arithmetic: the standard library asks the platform's C
//! library, whose last bit differs between machines.

/// `(sin, cos)` of an angle in degrees, to about 1e-12.
pub fn sin_cos_deg(degrees: f64) -> (f64, f64) {
    let turn = degrees.rem_euclid(360.0);
    let quarter = ((turn / 90.0 + 0.5).floor() as i64) % 4;
    let rest = turn - (turn / 90.0 + 0.5).floor() * 90.0;
    let x = rest * (std::f64::consts::PI / 180.0);
    let x2 = x * x;
    // Taylor series on [-45, 45] degrees.
    let sin = x
        * (1.0
            - x2 / 6.0
                * (1.0
                    - x2 / 20.0
                        * (1.0
                            - x2 / 42.0
                                * (1.0 - x2 / 72.0 * (1.0 - x2 / 110.0 * (1.0 - x2 / 156.0))))));
    let cos = 1.0
        - x2 / 2.0
            * (1.0
                - x2 / 12.0
                    * (1.0
                        - x2 / 30.0
                            * (1.0
                                - x2 / 56.0
                                    * (1.0
                                        - x2 / 90.0 * (1.0 - x2 / 132.0 * (1.0 - x2 / 182.0))))));
    match quarter {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

#[cfg(test)]
mod tests {
    use super::sin_cos_deg;

    #[test]
    fn agrees_with_the_standard_library() {
        for step in -800..800 {
            let degrees = f64::from(step) * 1.37;
            let (sin, cos) = sin_cos_deg(degrees);
            let (want_sin, want_cos) = degrees.to_radians().sin_cos();
            assert!((sin - want_sin).abs() < 1e-11 && (cos - want_cos).abs() < 1e-11, "{degrees}");
        }
    }
}
