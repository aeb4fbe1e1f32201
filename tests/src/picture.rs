//! Whether two pictures of a screen show the same. Letters drawn a little softer or harder do not
//! count; a panel that moved does.

use media::Picture;

/// Pixels along each side of a block. Differences within one even out.
const BLOCK: u32 = 4;
/// Difference of a block's mean colour that counts, of 255 in any channel.
const STEP: f64 = 10.0;
/// Share of blocks that may differ.
const SHARE: f64 = 0.002;

/// What differs between two pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Left and upper edge of every block that does, pixels.
    pub blocks: Vec<[u32; 2]>,
    /// Of all blocks.
    pub share: f64,
    /// Left, upper, right and lower edge of what holds them all, pixels.
    pub within: [u32; 4],
}

/// What differs, where that is too much to be passed over. Pictures of other sizes differ in every
/// block.
pub fn difference(reference: &Picture, seen: &Picture) -> Option<Difference> {
    let size = |picture: &Picture| (picture.width, picture.height);
    let same = size(reference) == size(seen);
    let corners = (0..seen.height.div_ceil(BLOCK))
        .flat_map(|y| (0..seen.width.div_ceil(BLOCK)).map(move |x| [x * BLOCK, y * BLOCK]));
    let all: Vec<[u32; 2]> = corners.collect();
    let differs = |at: &[u32; 2]| {
        let (a, b) = (mean(reference, *at), mean(seen, *at));
        a.iter().zip(b).any(|(a, b)| (a - b).abs() > STEP)
    };
    let blocks: Vec<[u32; 2]> = all.iter().copied().filter(|at| !same || differs(at)).collect();
    let share = blocks.len() as f64 / all.len().max(1) as f64;
    let ends = |axis: usize| {
        let edges = || blocks.iter().map(|at| at[axis]);
        (edges().min().unwrap_or(0), edges().max().unwrap_or(0) + BLOCK)
    };
    let ((left, right), (top, bottom)) = (ends(0), ends(1));
    (share > SHARE).then_some(Difference { blocks, share, within: [left, top, right, bottom] })
}

/// Mean colour of the block at a place, as far as the picture reaches.
fn mean(picture: &Picture, [x, y]: [u32; 2]) -> [f64; 3] {
    let (mut sum, mut count) = ([0.0; 3], 0.0);
    for row in y..(y + BLOCK).min(picture.height) {
        for column in x..(x + BLOCK).min(picture.width) {
            let at = (row * picture.width + column) as usize * 3;
            for (sum, value) in sum.iter_mut().zip(&picture.rgb[at..at + 3]) {
                *sum += f64::from(*value);
            }
            count += 1.0;
        }
    }
    sum.map(|sum| sum / count)
}

/// The picture with every block that differs tinted red, and everything else paler.
pub fn marked(seen: &Picture, difference: &Difference) -> Picture {
    let mut rgb: Vec<u8> = seen.rgb.iter().map(|value| 96 + value / 3).collect();
    for [x, y] in &difference.blocks {
        for row in *y..(y + BLOCK).min(seen.height) {
            for column in *x..(x + BLOCK).min(seen.width) {
                let at = (row * seen.width + column) as usize * 3;
                let [red, green, blue] = [255, seen.rgb[at + 1] / 2, seen.rgb[at + 2] / 2];
                rgb[at..at + 3].copy_from_slice(&[red, green, blue]);
            }
        }
    }
    Picture { width: seen.width, height: seen.height, rgb }
}

/// Half as wide and high, with fewer colours: what is compared is kept, in a tenth of the bytes.
pub fn small(picture: &Picture) -> Picture {
    let (width, height) = (picture.width / 2, picture.height / 2);
    let mut rgb = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let corner = (2 * y * picture.width + 2 * x) as usize * 3 + channel;
                let below = corner + picture.width as usize * 3;
                let four = [corner, corner + 3, below, below + 3];
                let sum: u16 = four.iter().map(|at| u16::from(picture.rgb[*at])).sum();
                // To the nearest multiple of eight.
                rgb.push(((sum / 4 + 4) & 0x1f8).min(255) as u8);
            }
        }
    }
    Picture { width, height, rgb }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dark page with a panel of grey lines of text at a place.
    fn page([left, top]: [u32; 2]) -> Picture {
        let (width, height) = (400, 300);
        let mut picture = Picture { width, height, rgb: vec![20; (width * height * 3) as usize] };
        for y in top..top + 120 {
            for x in left..left + 160 {
                let ink = y % 16 < 9 && (x * 7 + y * 3) % 5 < 2;
                let at = ((y * width + x) * 3) as usize;
                picture.rgb[at..at + 3].fill(if ink { 220 } else { 32 });
            }
        }
        picture
    }

    #[test]
    fn a_moved_panel_differs_and_is_named() {
        let found = difference(&page([40, 40]), &page([40, 56])).expect("it moved by 16 pixels");
        assert!(found.within[1] >= 32 && found.within[3] <= 184, "{:?}", found.within);
        let red = marked(&page([40, 56]), &found);
        let at = ((60 * 400 + 60) * 3) as usize;
        assert_eq!(red.rgb.len(), 400 * 300 * 3);
        assert!(found.blocks.contains(&[40, 40]) && red.rgb[at] != 20);
        assert!(difference(&page([40, 40]), &page([44, 40])).is_some(), "by 4 pixels to the side");
        assert!(difference(&page([40, 40]), &page([400 - 160, 40])).is_some());
    }

    #[test]
    fn softer_letters_and_fewer_colours_do_not() {
        let sharp = page([40, 40]);
        assert_eq!(difference(&sharp, &sharp), None);
        let mut soft = page([40, 40]);
        for at in (3..soft.rgb.len() - 3).step_by(3) {
            for channel in at..at + 3 {
                let near = u16::from(sharp.rgb[channel - 3]) + u16::from(sharp.rgb[channel + 3]);
                soft.rgb[channel] = ((u16::from(sharp.rgb[channel]) * 6 + near) / 8) as u8;
            }
        }
        assert_eq!(difference(&sharp, &soft), None);
        let halves = (small(&sharp), small(&soft));
        assert_eq!(halves.0.width, 200);
        assert_eq!(difference(&halves.0, &halves.1), None);
        assert!(difference(&halves.0, &small(&page([40, 44]))).is_some(), "4 pixels, halved");
    }

    #[test]
    fn another_size_differs_everywhere() {
        let small = Picture { width: 8, height: 8, rgb: vec![20; 192] };
        assert_eq!(difference(&page([40, 40]), &small).expect("smaller").share, 1.0);
    }
}
