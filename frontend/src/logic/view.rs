//! Which part of the strip the timeline shows.

/// Frames shown at least.
const LEAST: f64 = 4.0;

/// A window on the strip, in slots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Its left edge.
    pub from: f64,
    /// Its width.
    pub len: f64,
    /// Slots of the strip.
    pub slots: f64,
}

impl Window {
    /// All of a strip.
    pub fn whole(slots: u32) -> Self {
        let slots = f64::from(slots.max(1));
        Self { from: 0.0, len: slots, slots }
    }

    /// Whether something is left out.
    pub fn is_part(self) -> bool {
        self.len < self.slots
    }

    /// How many times closer than the whole.
    pub fn zoom(self) -> f64 {
        self.slots / self.len
    }

    /// Closer by a factor (farther where below 1), with `around` staying where it is.
    pub fn zoomed(self, factor: f64, around: f64) -> Self {
        let len = (self.len / factor).clamp(LEAST.min(self.slots), self.slots);
        let share = ((around - self.from) / self.len).clamp(0.0, 1.0);
        Self { len, ..self }.at(around.clamp(0.0, self.slots) - share * len)
    }

    /// Moved by so many slots.
    pub fn moved(self, by: f64) -> Self {
        self.at(self.from + by)
    }

    /// With its left edge at a slot, as far as the strip allows.
    pub fn at(self, from: f64) -> Self {
        Self { from: from.clamp(0.0, self.slots - self.len), ..self }
    }

    /// Moved just so far that a slot is in it.
    pub fn showing(self, slot: f64) -> Self {
        if slot < self.from {
            self.at(slot)
        } else if slot + 1.0 > self.from + self.len {
            self.at(slot + 1.0 - self.len)
        } else {
            self
        }
    }

    /// The slot at a share of its width.
    pub fn slot_at(self, share: f64) -> f64 {
        self.from + share * self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pointed_at_stays_where_it_is() {
        let all = Window::whole(48);
        assert!(!all.is_part());
        let close = all.zoomed(2.0, 12.0);
        assert_eq!((close.from, close.len), (6.0, 24.0));
        assert_eq!(close.slot_at(0.25), 12.0);
        assert_eq!(close.zoomed(0.5, 12.0), all);
        assert_eq!(close.zoomed(0.1, 40.0), all);
    }

    #[test]
    fn the_window_stays_on_the_strip() {
        let close = Window::whole(48).zoomed(4.0, 0.0);
        assert_eq!((close.from, close.len), (0.0, 12.0));
        assert_eq!(close.moved(-5.0), close);
        assert_eq!(close.moved(99.0).from, 36.0);
        assert_eq!(close.zoomed(100.0, 3.0).len, 4.0);
        assert_eq!(close.showing(20.0).from, 9.0);
        assert_eq!(close.showing(20.0).showing(2.0).from, 2.0);
        assert_eq!(Window::whole(1).zoomed(4.0, 0.0), Window::whole(1));
    }
}
