//! Answers that come in another order than they were asked for, and news that overtakes them.

/// A list's requests: only the newest one's answer counts, and what was pushed while it was on
/// its way is put in again after it.
#[derive(Clone, Debug)]
pub struct Refresh<T> {
    asked: u64,
    open: bool,
    meanwhile: Vec<T>,
}

impl<T> Default for Refresh<T> {
    fn default() -> Self {
        Self { asked: 0, open: false, meanwhile: Vec::new() }
    }
}

impl<T> Refresh<T> {
    /// A new request; gives the number to be handed in with its answer.
    pub fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.open = true;
        self.meanwhile.clear();
        self.asked
    }

    /// Remembers a pushed item for as long as a request is on its way.
    pub fn pushed(&mut self, item: T) {
        if self.open {
            self.meanwhile.push(item);
        }
    }

    /// What was pushed since a request was made, oldest first, where its answer comes in parts; `None`
    /// where a newer request was made since.
    pub fn meanwhile(&self, number: u64) -> Option<&[T]> {
        (number == self.asked).then_some(self.meanwhile.as_slice())
    }

    /// Takes an answer: `None` where a newer request was made since, else what was pushed
    /// meanwhile, oldest first.
    pub fn answered(&mut self, number: u64) -> Option<Vec<T>> {
        if number != self.asked {
            return None;
        }
        self.open = false;
        Some(std::mem::take(&mut self.meanwhile))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_answer_does_not_overwrite_a_newer_one() {
        let mut list = Refresh::<u8>::default();
        let (first, second) = (list.ask(), list.ask());
        assert_eq!((list.meanwhile(first), list.meanwhile(second)), (None, Some(&[][..])));
        assert_eq!(list.answered(second), Some(vec![]));
        assert_eq!(list.answered(first), None);
    }

    #[test]
    fn news_that_overtakes_an_answer_is_put_in_again() {
        let mut list = Refresh::default();
        list.pushed(1);
        let number = list.ask();
        list.pushed(2);
        assert_eq!(list.meanwhile(number), Some(&[2][..]), "with the first part of it");
        list.pushed(3);
        assert_eq!(list.answered(number), Some(vec![2, 3]));
        list.pushed(4);
        let number = list.ask();
        assert_eq!(list.answered(number), Some(vec![]));
    }
}
