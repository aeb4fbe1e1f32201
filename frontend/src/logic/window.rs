//! A list of which only the rows in sight are drawn: which these are, how much room the others take,
//! and where the list has to be scrolled to. All rows of a list have one height.

/// The tallest that a list is made, pixels: Firefox draws nothing beyond 17.8 million, Chromium
/// nothing beyond 33. Rows that would lie below are out of reach until the list is narrowed.
pub const TALLEST: f64 = 16e6;

/// A list and the part of it that is in sight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// Rows of the list.
    pub count: usize,
    /// Height of one, pixels.
    pub height: f64,
    /// Height of the part that shows rows, pixels.
    pub view: f64,
    /// How far the list is scrolled, pixels.
    pub scroll: f64,
}

/// Rows to be drawn: those of a range, and one more that must not go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The first row of the range.
    pub from: usize,
    /// The row after its last.
    pub to: usize,
    /// A row outside the range, drawn beside it. It is out of sight either way.
    pub kept: Option<usize>,
}

impl Drawn {
    /// The rows in order.
    pub fn rows(self) -> impl Iterator<Item = usize> {
        let before = self.kept.filter(|row| *row < self.from);
        let after = self.kept.filter(|row| *row >= self.to);
        before.into_iter().chain(self.from..self.to).chain(after)
    }

    /// Height of the rows that are not drawn above the first one drawn, pixels.
    pub fn before(self, height: f64) -> f64 {
        let beside = usize::from(self.kept.is_some_and(|row| row < self.from));
        (self.from - beside) as f64 * height
    }
}

impl Sight {
    /// Rows that can be scrolled to.
    pub fn reachable(self) -> usize {
        if self.height > 0.0 { self.count.min((TALLEST / self.height) as usize) } else { 0 }
    }

    /// Height of all of them, pixels.
    pub fn total(self) -> f64 {
        self.reachable() as f64 * self.height
    }

    /// The first row of which something is in sight.
    pub fn first(self) -> usize {
        if self.height <= 0.0 {
            return 0;
        }
        ((self.scroll.max(0.0) / self.height) as usize).min(self.reachable().saturating_sub(1))
    }

    /// The first row that is in sight whole.
    pub fn first_whole(self) -> usize {
        let hidden = self.first() as f64 * self.height < self.scroll;
        self.first() + usize::from(hidden)
    }

    /// The row after the last one in sight.
    fn end(self) -> usize {
        if self.height <= 0.0 {
            return 0;
        }
        let end = ((self.scroll.max(0.0) + self.view.max(0.0)) / self.height).ceil();
        (end as usize).clamp(self.first(), self.reachable())
    }

    /// The rows in sight with so many on either side, and `kept` wherever it is.
    pub fn drawn(self, beyond: usize, kept: Option<usize>) -> Drawn {
        let from = self.first().saturating_sub(beyond);
        let to = (self.end() + beyond).min(self.reachable());
        let outside = |row: &usize| *row < self.reachable() && !(from..to).contains(row);
        Drawn { from, to, kept: kept.filter(outside) }
    }

    /// Where the list has to be scrolled to for a row to be seen whole, by the shortest way.
    pub fn showing(self, row: usize) -> f64 {
        let (top, bottom) = (row as f64 * self.height, (row + 1) as f64 * self.height);
        if top < self.scroll || self.view < self.height {
            top
        } else if bottom > self.scroll + self.view {
            bottom - self.view
        } else {
            self.scroll
        }
    }

    /// How many rows fit into the view, at least one.
    pub fn page(self) -> usize {
        if self.height > 0.0 { ((self.view / self.height) as usize).max(1) } else { 1 }
    }
}

/// How much farther down a list has to be scrolled so that a row stays where it is, when it was the
/// row `was` of so high rows and is now the row `now` of others.
pub fn shift((was, height): (usize, f64), (now, taller): (usize, f64)) -> f64 {
    now as f64 * taller - was as f64 * height
}

/// Where a key leads from a row: to one of `count` rows, a view's worth of which is `page`.
pub fn step(key: &str, row: usize, page: usize, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    let to = match key {
        "ArrowDown" => row + 1,
        "ArrowUp" => row.saturating_sub(1),
        "PageDown" => row + page,
        "PageUp" => row.saturating_sub(page),
        "Home" => 0,
        "End" => last,
        _ => return None,
    };
    Some(to.min(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(scroll: f64) -> Sight {
        Sight { count: 1000, height: 20.0, view: 100.0, scroll }
    }

    fn range(from: usize, to: usize) -> Drawn {
        Drawn { from, to, kept: None }
    }

    #[test]
    fn only_what_is_in_sight_is_drawn_and_a_few_beyond() {
        assert_eq!(sight(0.0).drawn(0, None), range(0, 5));
        assert_eq!(sight(10.0).drawn(0, None), range(0, 6), "parts of rows are in sight as well");
        assert_eq!(sight(400.0).drawn(3, None), range(17, 28));
        assert_eq!((sight(410.0).first(), sight(410.0).first_whole()), (20, 21));
        assert_eq!(sight(400.0).first_whole(), 20);
        assert_eq!(sight(19_900.0).drawn(3, None), range(992, 1000));
        assert_eq!(sight(1e9).drawn(3, None), range(996, 1000), "a list that became shorter");
        assert_eq!(sight(-30.0).drawn(1, None), range(0, 6), "drawn down beyond its top");
    }

    #[test]
    fn the_room_above_and_the_rows_end_where_the_list_does() {
        for scroll in [0.0, 33.0, 400.0, 19_900.0] {
            for kept in [None, Some(0), Some(20), Some(999)] {
                let drawn = sight(scroll).drawn(3, kept);
                let rows = drawn.rows().filter(|row| *row < drawn.from).count();
                let top = drawn.before(20.0) + rows as f64 * 20.0;
                assert_eq!(top, drawn.from as f64 * 20.0, "{scroll} {kept:?}");
                assert!(drawn.rows().is_sorted(), "{drawn:?}");
            }
        }
        assert_eq!(sight(0.0).total(), 20_000.0);
    }

    #[test]
    fn a_row_that_is_kept_is_drawn_once_wherever_it_is() {
        let rows = |scroll, kept| sight(scroll).drawn(0, Some(kept)).rows().collect::<Vec<_>>();
        assert_eq!(rows(400.0, 3), [3, 20, 21, 22, 23, 24]);
        assert_eq!(rows(400.0, 22), [20, 21, 22, 23, 24]);
        assert_eq!(rows(400.0, 700), [20, 21, 22, 23, 24, 700]);
        assert_eq!(rows(400.0, 1000), [20, 21, 22, 23, 24], "there is no such row any more");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let empty = Sight { count: 0, ..sight(50.0) };
        assert_eq!(empty.drawn(9, Some(0)), range(0, 0));
        assert_eq!((empty.total(), empty.first()), (0.0, 0));
        let flat = Sight { height: 0.0, ..sight(50.0) };
        assert_eq!(flat.drawn(9, None), range(0, 0), "a height that is not known yet");
    }

    #[test]
    fn no_list_is_taller_than_browsers_draw() {
        let tall = Sight { count: 10_000_000, height: 72.0, view: 700.0, scroll: 1e12 };
        assert!(tall.total() <= TALLEST);
        assert_eq!(tall.drawn(0, None).to, tall.reachable());
        let runs = Sight { count: 100_000, height: 150.0, ..tall };
        assert_eq!(runs.reachable(), 100_000, "on a phone as well");
    }

    #[test]
    fn a_row_is_shown_by_the_shortest_way() {
        assert_eq!(sight(400.0).showing(22), 400.0);
        assert_eq!(sight(405.0).showing(20), 400.0);
        assert_eq!(sight(400.0).showing(25), 420.0);
        assert_eq!(sight(400.0).showing(999), 19_900.0);
        let low = Sight { view: 12.0, ..sight(400.0) };
        assert_eq!(low.showing(25), 500.0, "its top, where it does not fit");
    }

    #[test]
    fn what_is_looked_at_stays_when_rows_come_before_it() {
        assert_eq!(shift((7, 20.0), (12, 20.0)), 100.0);
        assert_eq!(shift((7, 20.0), (5, 20.0)), -40.0);
        assert_eq!(shift((7, 20.0), (7, 150.0)), 910.0, "when rows become taller");
    }

    #[test]
    fn keys_lead_on_and_stop_at_the_ends() {
        let from = |row: usize| move |key: &str| step(key, row, 5, 1000);
        assert_eq!(from(22)("ArrowDown"), Some(23));
        assert_eq!(from(999)("ArrowDown"), Some(999));
        assert_eq!(from(0)("ArrowUp"), Some(0));
        assert_eq!(from(22)("PageUp"), Some(17));
        assert_eq!(from(998)("PageDown"), Some(999));
        assert_eq!((from(22)("Home"), from(22)("End")), (Some(0), Some(999)));
        assert_eq!((from(22)("x"), step("End", 0, 5, 0)), (None, None));
        assert_eq!(sight(0.0).page(), 5);
    }
}
