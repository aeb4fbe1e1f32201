//! What the page knows: the session, the lists, the live link, settings, saved work.
//! Views read it from context; nothing here draws.

pub mod api;
pub mod browser;
pub mod kept;
pub mod keys;
pub mod library;
pub mod live;
pub mod outbox;
pub mod plots;
pub mod remote;
pub mod session;
pub mod theme;
pub mod toast;
pub mod tour;
pub mod uploads;
pub mod whatif;
