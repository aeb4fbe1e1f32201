//! What recipes do beyond comparing rewards, one file for each plug point. A recipe itself is
//! data ([`shared::recipe::Recipe`]); nothing here asks which one is chosen.
//!
//! | plug point | where |
//! |---|---|
//! | sampler | [`round`]: which answered questions an update gets |
//! | reward | [`round`] (overlong penalty), [`contrast`] (bonus for order) |
//! | advantage | [`shared::advantage`], with the true answer joining in [`crate::rollout`] |
//! | token weight | [`weights`], from what [`evidence`] measures |
//! | loss | [`crate::loss`] |
//! | curriculum | [`curriculum`] |

pub mod contrast;
pub mod curriculum;
pub mod evidence;
pub mod round;
pub mod weights;
