//! What is true of a sample by construction, and the shapes that were drawn for it.

use super::{TaskKind, named_enum};
use crate::math::sin_cos_deg;
use crate::time::Span;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

named_enum! {
    /// The shapes drawn for counting and spotting, in the order of the answer.
    ShapeKind, "shape" {
        /// Disc.
        Circle => "circle",
        /// Square.
        Square => "square",
        /// Equilateral triangle.
        Triangle => "triangle",
        /// Five-pointed star.
        Star => "star",
        /// Upright cross of five squares.
        Cross => "cross",
        /// Regular pentagon.
        Pentagon => "pentagon",
    }
}

impl ShapeKind {
    /// The name for several of them.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Circle => "circles",
            Self::Square => "squares",
            Self::Triangle => "triangles",
            Self::Star => "stars",
            Self::Cross => "crosses",
            Self::Pentagon => "pentagons",
        }
    }

    /// Radius of the circle around the centre that holds a shape of this size at any angle.
    pub fn reach(self, size: f64) -> f64 {
        match self {
            Self::Circle | Self::Star | Self::Pentagon => size / 2.0,
            Self::Square => size * std::f64::consts::FRAC_1_SQRT_2,
            // Centre to corner of an equilateral triangle: side / sqrt(3).
            Self::Triangle => size * 0.577_350_269_189_625_8,
            // Corner of an arm: (1/2, 1/6) of the size.
            Self::Cross => size * 0.527_046_276_694_729_8,
        }
    }

    /// Corners of the unturned shape as (direction in degrees clockwise from the right, share
    /// of the reach); empty for a disc.
    fn corners(self) -> Vec<(f64, f64)> {
        let around = |count: u32, first: f64| {
            (0..count).map(move |k| (first + 360.0 * f64::from(k) / f64::from(count), 1.0))
        };
        match self {
            Self::Circle => Vec::new(),
            Self::Square => around(4, 45.0).collect(),
            Self::Triangle => around(3, 30.0).collect(),
            Self::Pentagon => around(5, -90.0).collect(),
            // Inner corners of the pentagram lie at (3 - sqrt(5)) / 2 of the outer radius.
            Self::Star => around(5, -90.0)
                .flat_map(|(deg, _)| [(deg, 1.0), (deg + 36.0, 0.381_966_011_250_105_1)])
                .collect(),
            // Arm corners at atan(1/3) around each direction; inner corners on the diagonals,
            // at sqrt(2)/6 of the size over the reach.
            Self::Cross => (0..4u32)
                .map(|k| 90.0 * f64::from(k))
                .flat_map(|deg| {
                    let half = 18.434_948_822_922_01;
                    [(deg - half, 1.0), (deg + half, 1.0), (deg + 45.0, 0.447_213_595_499_957_9)]
                })
                .collect(),
        }
    }
}

/// One drawn shape, in pixels of a frame of `SampleInfo::width` x `SampleInfo::height`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// The frame it is drawn on.
    pub slot: u32,
    /// What it is.
    pub kind: ShapeKind,
    /// Centre, x to the right and y down.
    pub center_px: [f64; 2],
    /// Diameter of a circle, star or pentagon (of the circle around it), side of a square or
    /// triangle, whole width of a cross.
    pub size_px: f64,
    /// Clockwise turn; 0 for circles.
    pub angle_deg: f64,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// The number written on it (spotting).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
}

impl Shape {
    /// Corners in order, in the shape's pixels; empty for a disc.
    pub fn outline(&self) -> Vec<[f64; 2]> {
        let reach = self.kind.reach(self.size_px);
        let corner = |(direction, share): (f64, f64)| {
            let (sin, cos) = sin_cos_deg(direction + self.angle_deg);
            [self.center_px[0] + share * reach * cos, self.center_px[1] + share * reach * sin]
        };
        self.kind.corners().into_iter().map(corner).collect()
    }
}

/// How many shapes of each kind were drawn; the first kinds of [`ShapeKind::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeCounts(Vec<u32>);

impl ShapeCounts {
    /// One count per kind, in the order of [`ShapeKind::ALL`]; `None` unless there are 1 to 6.
    pub fn new(counts: Vec<u32>) -> Option<Self> {
        (1..=ShapeKind::ALL.len()).contains(&counts.len()).then_some(Self(counts))
    }

    /// Kind and count, in the order of the answer.
    pub fn iter(&self) -> impl Iterator<Item = (ShapeKind, u32)> + '_ {
        ShapeKind::ALL.iter().copied().zip(self.0.iter().copied())
    }
}

impl Serialize for ShapeCounts {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter().map(|(kind, count)| (kind.plural(), count)))
    }
}

impl<'de> Deserialize<'de> for ShapeCounts {
    /// The plural names of the first kinds, each with its count.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let named = BTreeMap::<String, u32>::deserialize(from)?;
        let counts: Vec<u32> =
            ShapeKind::ALL.iter().map_while(|kind| named.get(kind.plural()).copied()).collect();
        let whole = counts.len() == named.len();
        Self::new(counts).filter(|_| whole).ok_or_else(|| {
            D::Error::custom("counts are named circles, squares, triangles and so on, in order")
        })
    }
}

/// What is true of a sample, by construction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Truth {
    /// Which numbered shape was shown, and when.
    Spotting {
        /// The number it carries.
        number: u32,
        /// On the label clock, seconds with one decimal, as the answer states it.
        span_secs: [f64; 2],
        /// In slots, half-open.
        span_slots: [u32; 2],
        /// On the source's clock, seconds.
        source_span_secs: [f64; 2],
    },
    /// Where the change was planted.
    Grounding {
        /// On the label clock, seconds with one decimal, as the answer states it.
        span_secs: [f64; 2],
        /// In slots, half-open.
        span_slots: [u32; 2],
        /// On the source's clock, seconds: from the first changed frame to the first
        /// unchanged one after it (or the end of the last).
        source_span_secs: [f64; 2],
    },
    /// How the clips were shuffled.
    Jigsaw {
        /// Item k is the display position, from 1, of original part k: a digit each, or
        /// numbers with commas between them when there are more than nine.
        order: String,
    },
    /// How the tiles of a picture were shuffled.
    Spatial {
        /// Digit k is the display position, from 1, of the tile that belongs at place k.
        tiles: String,
    },
    /// How far the shown moment is between the first and the last one.
    Progress {
        /// 0 to 100.
        percent: u32,
    },
    /// How many shapes were drawn.
    Counting(ShapeCounts),
}

impl Truth {
    /// The family it belongs to.
    pub fn kind(&self) -> TaskKind {
        match self {
            Self::Grounding { .. } => TaskKind::Grounding,
            Self::Counting(_) => TaskKind::Counting,
            Self::Jigsaw { .. } => TaskKind::Jigsaw,
            Self::Spatial { .. } => TaskKind::Spatial,
            Self::Spotting { .. } => TaskKind::Spotting,
            Self::Progress { .. } => TaskKind::Progress,
        }
    }

    /// The answer that earns the full reward, in the paper's format.
    pub fn answer(&self) -> String {
        match self {
            Self::Grounding { span_secs: [start, end], .. } => format!("{start:.1}-{end:.1}"),
            Self::Counting(counts) => {
                counts.iter().map(|(_, n)| n.to_string()).collect::<Vec<_>>().join(",")
            }
            Self::Jigsaw { order } => order.clone(),
            Self::Spatial { tiles } => tiles.clone(),
            Self::Spotting { number, span_secs: [start, end], .. } => {
                format!("{number},{start:.1}-{end:.1}")
            }
            Self::Progress { percent } => percent.to_string(),
        }
    }

    /// The true span in slots, if the task has one.
    pub fn span_slots(&self) -> Option<Span> {
        match self {
            Self::Grounding { span_slots: [a, b], .. }
            | Self::Spotting { span_slots: [a, b], .. } => {
                Span::new(f64::from(*a), f64::from(*b)).ok()
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_papers_form() {
        let grounding = Truth::Grounding {
            span_secs: [24.5, 42.9],
            span_slots: [12, 21],
            source_span_secs: [26.1, 43.0],
        };
        assert_eq!(grounding.answer(), "24.5-42.9");
        let counts = ShapeCounts::new(vec![3, 1, 4]).expect("three kinds");
        assert_eq!(Truth::Counting(counts.clone()).answer(), "3,1,4");
        let text = serde_json::to_string(&Truth::Counting(counts)).expect("json");
        assert_eq!(text, r#"{"circles":3,"squares":1,"triangles":4}"#);
    }

    #[test]
    fn truths_of_all_tasks_survive_json() {
        let (span_secs, span_slots, source_span_secs) = ([1.0, 2.0], [3, 9], [1.1, 2.2]);
        for truth in [
            Truth::Grounding { span_secs, span_slots, source_span_secs },
            Truth::Spotting { number: 7, span_secs, span_slots, source_span_secs },
            Truth::Counting(ShapeCounts::new(vec![1, 2, 3]).expect("three")),
            Truth::Counting(ShapeCounts::new(vec![5]).expect("one")),
            Truth::Jigsaw { order: "341562".into() },
            Truth::Spatial { tiles: "3142".into() },
            Truth::Progress { percent: 40 },
        ] {
            let text = serde_json::to_string(&truth).expect("json");
            assert_eq!(serde_json::from_str::<Truth>(&text).expect("same"), truth);
        }
        for bad in [r#"{"squares":1}"#, r#"{"circles":1,"hearts":2}"#, "{}", r#"{"circles":-1}"#] {
            assert!(serde_json::from_str::<Truth>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn outlines_stay_within_reach_and_touch_it() {
        for kind in ShapeKind::ALL {
            for angle_deg in [0.0, 17.0, 200.5] {
                let shape = Shape {
                    slot: 0,
                    kind: *kind,
                    center_px: [50.0, 40.0],
                    size_px: 20.0,
                    angle_deg,
                    color: [0; 3],
                    number: None,
                };
                let far: Vec<f64> =
                    shape.outline().iter().map(|[x, y]| (x - 50.0).hypot(y - 40.0)).collect();
                let most = far.iter().copied().fold(0.0, f64::max);
                assert!(far.is_empty() || (most - kind.reach(20.0)).abs() < 1e-9, "{kind}");
            }
        }
        // The arms of a cross are a third of its width.
        let cross = ShapeKind::Cross;
        let corners = cross.corners();
        let at = |(deg, share): (f64, f64)| {
            let (sin, cos) = sin_cos_deg(deg);
            [share * cross.reach(6.0) * cos, share * cross.reach(6.0) * sin]
        };
        let [x, y] = at(corners[1]);
        assert!((x - 3.0).abs() < 1e-9 && (y - 1.0).abs() < 1e-9);
        let [x, y] = at(corners[2]);
        assert!((x - 1.0).abs() < 1e-9 && (y - 1.0).abs() < 1e-9);
    }
}
