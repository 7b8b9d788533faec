//! Unpacking itself, in the child: from an order to files in the prefix.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::format::{Format, head};
use super::meter::{Damaged, Meter, Metered};
use super::name::{self, Place, Selection};
use super::root::{Facts, Root};
use super::tar::{self, Kind, Tar};
use super::{Order, refuse, zip};

/// Carries an order out.
pub(super) fn run(order: &Order) -> io::Result<()> {
    let mut file = File::open(&order.file)?;
    let format = Format::of(&head(&mut file)?);
    let format = format.ok_or_else(|| refuse("it is no archive that is known here"))?;
    let most = order.limits.most(file.metadata()?.len());
    let entries = order.limits.entries;
    let bytes = Meter::new(most.clone());
    let mut root = Root::open(&order.prefix, bytes, order.limits.entries())?;
    let mut selection = Selection::new(&order.take, order.strip)?;
    if format == Format::Zip {
        zip::unpack(&file, entries, &mut selection, &mut root)?;
    } else {
        // What is read counts for itself: it need not be what is written.
        let inner = Damaged { inner: format.reader(file)?, what: format!("the {format}") };
        let mut reader = Metered { inner, meter: Meter::new(most) };
        let head = head(&mut reader)?;
        let is_tar = tar::is_header(&head);
        let reader = Cursor::new(head).chain(reader);
        if !is_tar {
            return single(order, reader, &mut root);
        }
        members(Tar::new(reader), entries, &mut selection, &mut root)?;
    }
    root.check_links()?;
    match selection.missing() {
        Some(missing) => Err(refuse(format!("there is no `{missing}` in it"))),
        None => Ok(()),
    }
}

fn members(
    mut archive: Tar<impl Read>,
    most: u64,
    selection: &mut Selection<'_>,
    root: &mut Root,
) -> io::Result<()> {
    let seen = Meter::new((most, format!("there are more than {most} entries in it")));
    while let Some(entry) = archive.next()? {
        seen.take(1)?;
        let Some(place) = selection.take(&name::clean(&entry.name)?) else { continue };
        match entry.kind {
            Kind::Directory => root.directory(&place.path)?,
            Kind::File => {
                let facts = Facts { executable: entry.executable, modified: entry.modified };
                root.file(&place, facts, &mut archive)?;
            }
            Kind::Symlink if entry.target.iter().any(u8::is_ascii_control) => {
                let shown = name::shown_path(&place.path);
                return Err(refuse(format!("the link {shown} does not say where to")));
            }
            Kind::Symlink => root.symlink(&place.path, &path(&entry.target))?,
            Kind::HardLink => {
                let target = selection.place(&name::clean(&entry.target)?);
                let target = target.ok_or_else(|| {
                    let shown = name::shown_path(&place.path);
                    refuse(format!("{shown} is the same file as one that is not taken"))
                })?;
                root.hard_link(&place, &target.path)?;
            }
        }
    }
    Ok(())
}

/// A program that was compressed, and is no archive.
fn single(order: &Order, mut reader: impl Read, root: &mut Root) -> io::Result<()> {
    let to = order.single.as_deref().ok_or_else(|| {
        refuse("it is one compressed file, which gives one program: name one in `bins`")
    })?;
    let place = Place { path: name::clean(to.as_bytes())?, executable: true };
    root.file(&place, Facts::default(), &mut reader)
}

pub(super) fn path(bytes: &[u8]) -> PathBuf {
    Path::new(OsStr::from_bytes(bytes)).to_owned()
}
