//! Proof of drawn shapes from their list alone: none leaves the frame, none touches another.
//! The geometry is worked out here from the corners, not taken from the generator.

use shared::task::Shape;

/// Why a list of shapes is not what a viewer can count; `None` when it is.
pub fn problem(shapes: &[Shape], (width, height): (u32, u32)) -> Option<String> {
    let (w, h) = (f64::from(width), f64::from(height));
    for shape in shapes {
        let [left, top, right, bottom] = bounds(shape);
        if left < 0.0 || top < 0.0 || right > w || bottom > h {
            return Some(format!("a {} on frame {} leaves the frame", shape.kind, shape.slot));
        }
    }
    for (k, a) in shapes.iter().enumerate() {
        let touching = shapes[..k].iter().find(|b| b.slot == a.slot && touch(a, b));
        if let Some(b) = touching {
            return Some(format!("a {} and a {} touch on frame {}", a.kind, b.kind, a.slot));
        }
    }
    None
}

/// Left, top, right, bottom.
fn bounds(shape: &Shape) -> [f64; 4] {
    let ([x, y], corners) = (shape.center_px, shape.outline());
    if corners.is_empty() {
        let r = shape.size_px / 2.0;
        return [x - r, y - r, x + r, y + r];
    }
    corners.iter().fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |[l, t, r, b], [x, y]| {
        [l.min(*x), t.min(*y), r.max(*x), b.max(*y)]
    })
}

fn touch(a: &Shape, b: &Shape) -> bool {
    let (corners_a, corners_b) = (a.outline(), b.outline());
    match (corners_a.is_empty(), corners_b.is_empty()) {
        (true, true) => distance(a.center_px, b.center_px) <= (a.size_px + b.size_px) / 2.0,
        (true, false) => disc_touches(a, &corners_b),
        (false, true) => disc_touches(b, &corners_a),
        (false, false) => {
            inside(corners_a[0], &corners_b)
                || inside(corners_b[0], &corners_a)
                || sides(&corners_a).any(|s| sides(&corners_b).any(|t| cross(s, t)))
        }
    }
}

fn disc_touches(disc: &Shape, corners: &[[f64; 2]]) -> bool {
    inside(disc.center_px, corners)
        || sides(corners).any(|[a, b]| to_side(disc.center_px, a, b) <= disc.size_px / 2.0)
}

fn sides(corners: &[[f64; 2]]) -> impl Iterator<Item = [[f64; 2]; 2]> + '_ {
    (0..corners.len()).map(|k| [corners[k], corners[(k + 1) % corners.len()]])
}

fn distance([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
    ((ax - bx) * (ax - bx) + (ay - by) * (ay - by)).sqrt()
}

/// From a point to the nearest point of a side.
fn to_side(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let along = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy).max(1e-12);
    let t = along.clamp(0.0, 1.0);
    distance(p, [a[0] + t * dx, a[1] + t * dy])
}

/// Whether a ray to the right leaves the outline an odd number of times.
fn inside([x, y]: [f64; 2], corners: &[[f64; 2]]) -> bool {
    let crossings = sides(corners).filter(|[[ax, ay], [bx, by]]| {
        (*ay > y) != (*by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax
    });
    crossings.count() % 2 == 1
}

fn cross([a, b]: [[f64; 2]; 2], [c, d]: [[f64; 2]; 2]) -> bool {
    let turn = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| {
        (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    };
    turn(a, b, c) * turn(a, b, d) <= 0.0 && turn(c, d, a) * turn(c, d, b) <= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::task::ShapeKind;

    fn shape(kind: ShapeKind, x: f64, y: f64, size_px: f64, angle_deg: f64) -> Shape {
        let center_px = [x, y];
        Shape { slot: 3, kind, center_px, size_px, angle_deg, color: [9; 3], number: None }
    }

    #[test]
    fn shapes_apart_pass_and_others_are_named() {
        use ShapeKind::{Circle, Square, Star};
        let frame = (200, 100);
        let apart = [
            shape(Circle, 30.0, 30.0, 40.0, 0.0),
            shape(Square, 100.0, 50.0, 40.0, 45.0),
            shape(Star, 160.0, 50.0, 60.0, 10.0),
        ];
        assert_eq!(problem(&apart, frame), None);
        let out = problem(&[shape(Square, 100.0, 50.0, 80.0, 45.0)], frame);
        assert!(out.is_some_and(|text| text.contains("leaves the frame")));
        for other in [
            shape(Circle, 60.0, 50.0, 41.0, 0.0),
            shape(Square, 100.0, 50.0, 4.0, 0.0),
            shape(Square, 120.0, 60.0, 30.0, 20.0),
        ] {
            let two = [apart[1].clone(), other.clone()];
            assert!(problem(&two, frame).is_some_and(|text| text.contains("touch")), "{other:?}");
            let elsewhere = [apart[1].clone(), Shape { slot: 4, ..other }];
            assert_eq!(problem(&elsewhere, frame), None);
        }
    }
}
