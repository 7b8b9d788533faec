//! How many requests were answered, by route and status: as many counts as there are routes and
//! codes, whatever is asked.

use std::collections::BTreeMap;

use lightship_model::metrics::{HTTP_REQUESTS, Writer};

use super::routes::Route;

#[derive(Debug, Default)]
pub(super) struct Requests {
    counts: BTreeMap<(Route, u16), u64>,
}

impl Requests {
    pub(super) fn count(&mut self, route: Route, status: u16) {
        *self.counts.entry((route, status)).or_default() += 1;
    }

    pub(super) fn write(&self, out: &mut Writer) {
        for ((route, status), count) in &self.counts {
            out.count(&HTTP_REQUESTS, &[route.as_str(), &status.to_string()], *count);
        }
    }
}
