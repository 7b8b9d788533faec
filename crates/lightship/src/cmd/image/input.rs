//! Which image is read, and how it is reached: what every verb that looks at images takes.

use lightship_image::measure::{Measurement, measure};
use lightship_image::registry::Options;
use lightship_image::source::{Place, Wanted};

use super::connection::Connection;
use crate::failure::Failure;

/// Options of every image that is read.
#[derive(Debug, clap::Args)]
pub(super) struct Input {
    /// Which of several platforms, as in linux/arm64; this machine's if not given
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<Wanted>,
    #[command(flatten)]
    connection: Connection,
}

impl Input {
    /// Reads and measures an image.
    pub(super) fn read(&self, name: &str) -> Result<Measurement, Failure> {
        let wanted = self.platform.clone().unwrap_or_default();
        let options: Options = self.connection.options();
        let image = Place::of(name).and_then(|place| place.open(&wanted, &options));
        let measured = image.and_then(|mut image| {
            name.clone_into(&mut image.name);
            measure(image)
        });
        measured.map_err(|source| Failure::Image { name: name.to_owned(), source })
    }
}
