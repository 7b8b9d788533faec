//! What growth is held against: an image of before, or what was saved of it.

use serde::Deserialize;

use crate::measure::{Measurement, Sizes};

/// An image of before, as far as growth needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    pub name: String,
    /// What it ships.
    pub total: Sizes,
    /// Whether its packed size means something.
    pub is_packed: bool,
}

/// Why a saved measurement can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error("the baseline `{name}` is no measurement of one image")]
    NoMeasurement { name: String, source: serde_json::Error },
    #[error("the baseline `{name}` has no bytes at all, so nothing can be held against it")]
    Empty { name: String },
}

/// The part of a saved measurement, or of an earlier answer of `check`, that is read.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Saved {
    /// What `image measure` prints, of one image.
    Measured { images: [Measured; 1] },
    /// One image of it by itself.
    Alone(Measured),
    /// What `image check` prints.
    Checked { image: String, total: SavedSizes },
}

#[derive(Debug, Deserialize)]
struct Measured {
    image: String,
    shipped: SavedSizes,
}

#[derive(Debug, Deserialize)]
struct SavedSizes {
    unpacked: u64,
    packed: u64,
}

impl Baseline {
    /// From an image that was measured.
    ///
    /// # Errors
    /// When it holds nothing.
    pub fn of(image: &Measurement) -> Result<Self, BaselineError> {
        let total = image.shipped_total();
        Self { name: image.name.clone(), total, is_packed: image.is_packed() }.checked()
    }

    /// From JSON that `lightship image measure` or `check` has printed.
    ///
    /// # Errors
    /// When it is something else, or holds nothing.
    pub fn read(name: &str, json: &[u8]) -> Result<Self, BaselineError> {
        let saved: Saved = serde_json::from_slice(json)
            .map_err(|source| BaselineError::NoMeasurement { name: name.to_owned(), source })?;
        let (name, total) = match saved {
            Saved::Measured { images: [it] } | Saved::Alone(it) => (it.image, it.shipped),
            Saved::Checked { image, total } => (image, total),
        };
        let total = Sizes::new(total.unpacked, total.packed);
        Self { name, total, is_packed: total.packed > 0 }.checked()
    }

    fn checked(self) -> Result<Self, BaselineError> {
        if self.total.unpacked == 0 {
            Err(BaselineError::Empty { name: self.name })
        } else {
            Ok(self)
        }
    }
}
