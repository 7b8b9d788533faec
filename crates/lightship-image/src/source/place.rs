//! What an image's name says: a file, standard input, or an image in a registry.

use std::path::Path;

use super::{Image, SourceError, Wanted, open};
use crate::registry::{self, Options, Reference};

/// In front of what is in a registry, whatever files there are.
const PREFIXES: [&str; 2] = ["registry:", "docker://"];

/// Where a named image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file, a directory or `-`, and perhaps a tag behind `#`.
    File(String),
    Registry(Reference),
    /// It has the form of both, and there is no such file.
    Either {
        name: String,
        reference: Reference,
    },
}

impl Place {
    /// `registry:` or `docker://` in front is a registry, and so is what has the form
    /// `HOST/NAME[:TAG][@DIGEST]`, with a point or a colon in `HOST`, unless there is a file of
    /// that name. All else is a file.
    ///
    /// # Errors
    /// When what follows `registry:` is no reference.
    pub fn of(name: &str) -> Result<Self, SourceError> {
        Self::with(name, |path| Path::new(path).exists())
    }

    fn with(name: &str, exists: impl Fn(&str) -> bool) -> Result<Self, SourceError> {
        if let Some(rest) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
            return Ok(Self::Registry(rest.parse()?));
        }
        let path = name.split_once('#').map_or(name, |(path, _)| path);
        // `./x`, `../x` and `/x` are paths in every language.
        if name.starts_with(['.', '/']) || exists(name) || exists(path) {
            return Ok(Self::File(name.to_owned()));
        }
        Ok(match name.parse() {
            Ok(reference) => Self::Either { name: name.to_owned(), reference },
            Err(_) => Self::File(name.to_owned()),
        })
    }

    /// Opens the image. `options` say how to speak to a registry.
    ///
    /// # Errors
    /// When it can't be read, is no image, or does not say which of several images is wanted.
    pub fn open(&self, wanted: &Wanted, options: &Options) -> Result<Image, SourceError> {
        match self {
            Self::File(name) => open(name, wanted),
            Self::Registry(reference) => registry::image(reference, wanted, options),
            Self::Either { name, reference } => registry::image(reference, wanted, options)
                .map_err(|error| match error {
                    SourceError::Registry(source) => {
                        SourceError::Nowhere { name: name.clone(), source: Box::new(source) }
                    }
                    other => other,
                }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> Result<Place, SourceError> {
        Place::with(name, |path| ["h.x/there", "there"].contains(&path))
    }

    fn reference(text: &str) -> Reference {
        text.parse().unwrap()
    }

    #[test]
    fn a_file_that_is_there_goes_first_and_a_prefix_before_it() {
        for name in ["-", "there", "h.x/there", "h.x/there#a:1", "./h.x/a", "/h.x/a", "../h.x/a"] {
            assert_eq!(place(name).unwrap(), Place::File(name.to_owned()));
        }
        for name in ["registry:h.x/there", "docker://h.x/there"] {
            assert_eq!(place(name).unwrap(), Place::Registry(reference("h.x/there")));
        }
    }

    #[test]
    fn what_names_a_registry_is_one_and_all_else_is_a_file() {
        for name in ["h.x/a/b:1", "localhost:5000/a", "127.0.0.1:5000/a:x"] {
            let either = Place::Either { name: name.to_owned(), reference: reference(name) };
            assert_eq!(place(name).unwrap(), either);
        }
        for name in ["build/worker", "worker.tar", "worker:1.0", "h.x/A", "out/worker.tar#a:1"] {
            assert_eq!(place(name).unwrap(), Place::File(name.to_owned()));
        }
    }

    #[test]
    fn behind_a_prefix_there_has_to_be_a_reference() {
        for name in ["registry:", "registry:worker", "docker://h.x/A"] {
            assert!(matches!(place(name), Err(SourceError::Reference(_))), "{name}");
        }
    }
}
