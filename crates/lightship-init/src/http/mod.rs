//! The health port: what is answered (`answer`, pure) and how (`server`).

mod answer;
mod server;

pub(crate) use self::server::serve;
