//! The one place where the loader reads the clock.

use std::time::SystemTime;

use lightship_model::time::Timestamp;

pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}
