//! Perturbations against pictures that Pillow made: the same bytes.

use media::{Picture, read_png};
use serde::Deserialize;
use shared::task::Perturbation;
use std::collections::BTreeMap;
use std::path::Path;
use tasks::{Strengths, perturb};

#[derive(Deserialize)]
struct Case {
    input: String,
    kind: Perturbation,
    param: BTreeMap<String, f64>,
    expected: String,
}

#[test]
fn every_golden_picture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/goldens/perturb");
    let text = std::fs::read_to_string(folder.join("index.json")).expect("the golden pictures");
    let cases: Vec<Case> = serde_json::from_str(&text).expect("cases");
    assert_eq!(cases.len(), 22);
    for case in cases {
        let picture = read_png(&folder.join(&case.input)).expect("the input");
        let wanted = read_png(&folder.join(&case.expected)).expect("the expected picture");
        let settings: Vec<(String, String)> =
            case.param.iter().map(|(k, v)| (k.clone(), v.to_string())).collect();
        let dials =
            Strengths::from_settings(settings.iter().map(|(k, v)| (k.as_str(), v.as_str())))
                .expect("dials");
        let got = perturb(case.kind, &dials, &picture).expect("a picture");
        assert_eq!((got.width, got.height), (wanted.width, wanted.height), "{}", case.expected);
        // Filters too: whole numbers leave no room for another rounding.
        let different = got.rgb.iter().zip(&wanted.rgb).filter(|(a, b)| a != b).count();
        assert_eq!(different, 0, "{}: values that differ", case.expected);
    }
}

#[test]
fn undoing_a_change_gives_the_picture_back() {
    let rgb: Vec<u8> = (0..7 * 5 * 3).map(|i| (i * 37 % 256) as u8).collect();
    let picture = Picture { width: 7, height: 5, rgb };
    let apply = |kind, p: &Picture| perturb(kind, &Strengths::default(), p).expect("a picture");
    for (first, second) in [
        (Perturbation::Mirror, Perturbation::Mirror),
        (Perturbation::Invert, Perturbation::Invert),
        (Perturbation::ChannelSwap, Perturbation::ChannelSwap),
        (Perturbation::Rotate180, Perturbation::Rotate180),
        (Perturbation::Rotate90, Perturbation::Rotate270),
    ] {
        assert_eq!(apply(second, &apply(first, &picture)), picture, "{first}");
    }
}

#[test]
fn every_change_takes_tiny_pictures() {
    for (width, height) in [(1u32, 1u32), (1, 9), (2, 3), (31, 1)] {
        let picture = Picture { width, height, rgb: vec![90; (width * height * 3) as usize] };
        for kind in Perturbation::ALL.iter().filter(|kind| kind.is_of_pixels()) {
            let got = perturb(*kind, &Strengths::default(), &picture).expect("a picture");
            assert_eq!(got.rgb.len(), picture.rgb.len(), "{kind}");
        }
    }
    let wrong = Picture { width: 4, height: 4, rgb: vec![0; 5] };
    assert!(perturb(Perturbation::Blur, &Strengths::default(), &wrong).is_err());
}

#[test]
fn strange_settings_are_refused() {
    for (name, value) in [
        ("scale", "0.5"),
        ("scale", "NaN"),
        ("sigma", "-1"),
        ("size", "3"),
        ("seed", "x"),
        ("radius", "inf"),
    ] {
        assert!(Strengths::from_settings([(name, value)]).is_err(), "{name}={value}");
    }
}
