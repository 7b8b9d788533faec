//! Reading a `.deb` as it streams by: an `ar` of two tars. Its scripts are named, never run.

use std::io::{self, BufRead, Read};

use crate::compress;
use crate::tree::{Entry, Kind, merged};

/// A control tar that unpacks to more than this is no control tar.
const MOST_CONTROL: u64 = 64 << 20;

/// What a package says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// The control file.
    pub text: String,
    /// `preinst`, `postinst`, `prerm`, `postrm`, `config`: those that it has.
    pub scripts: Vec<Script>,
    /// A line a file: MD5 in hexadecimal, two blanks, the path as the package has it.
    pub md5sums: String,
}

/// What a package would have run. Nobody runs it here; it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub name: String,
    pub text: Vec<u8>,
}

/// Why a package can't be read.
#[derive(Debug, thiserror::Error)]
pub enum DebError {
    #[error("it is no Debian package: {0}")]
    Malformed(&'static str),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Reads a whole package. `visit` gets each entry of its data, in their order, with its content;
/// paths are relative and usr-merged.
///
/// # Errors
/// When it is no package, is cut off, an entry leads elsewhere, or `visit` fails.
pub fn read(
    mut source: impl BufRead,
    mut visit: impl FnMut(&Entry, &mut dyn Read) -> io::Result<()>,
) -> Result<Control, DebError> {
    let mut magic = [0; 8];
    source.read_exact(&mut magic)?;
    if &magic != b"!<arch>\n" {
        return Err(DebError::Malformed("it does not begin as one"));
    }
    let mut control = None;
    let mut version = false;
    while let Some((name, size)) = member(&mut source)? {
        let mut data = source.by_ref().take(size);
        if !version {
            let mut text = String::new();
            data.by_ref().take(16).read_to_string(&mut text)?;
            if name != "debian-binary" || !text.starts_with("2.") {
                return Err(DebError::Malformed("its first member is not `debian-binary` 2"));
            }
            version = true;
        } else if name.starts_with("control.tar") {
            control = Some(read_control(&mut data)?);
        } else if name.starts_with("data.tar") {
            let control =
                control.take().ok_or(DebError::Malformed("its data comes before its control"))?;
            read_data(&mut data, &mut visit)?;
            if data.limit() > 0 && io::copy(&mut data, &mut io::sink())? < data.limit() {
                return Err(DebError::Malformed("it is cut off"));
            }
            return Ok(control);
        } else if !name.starts_with('_') {
            return Err(DebError::Malformed("it has a member that is not known"));
        }
        io::copy(&mut data, &mut io::sink())?;
        if data.limit() > 0 {
            return Err(DebError::Malformed("it is cut off"));
        }
        if size % 2 == 1 {
            source.read_exact(&mut [0])?;
        }
    }
    Err(DebError::Malformed("it has no data"))
}

/// Name and size of the next member; nothing at the end.
fn member(source: &mut impl BufRead) -> Result<Option<(String, u64)>, DebError> {
    if source.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut head = [0; 60];
    source.read_exact(&mut head)?;
    let text = |range: std::ops::Range<usize>| std::str::from_utf8(&head[range]).map(str::trim_end);
    let (Ok(name), Ok(size), b"`\n") = (text(0..16), text(48..58), &head[58..]) else {
        return Err(DebError::Malformed("a member's header is broken"));
    };
    let size =
        size.parse().map_err(|_| DebError::Malformed("a member has no size that could be read"))?;
    Ok(Some((name.trim_end_matches('/').to_owned(), size)))
}

fn read_control(data: &mut impl BufRead) -> Result<Control, DebError> {
    const SCRIPTS: [&str; 5] = ["preinst", "postinst", "prerm", "postrm", "config"];
    let mut control = Control::default();
    let mut archive = tar::Archive::new(compress::reader(data)?.take(MOST_CONTROL));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.display().to_string();
        match path.trim_start_matches("./") {
            "control" => {
                entry.read_to_string(&mut control.text)?;
            }
            "md5sums" => {
                // A name in it may be in any encoding.
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                control.md5sums = String::from_utf8_lossy(&bytes).into_owned();
            }
            name if SCRIPTS.contains(&name) => {
                let name = name.to_owned();
                let mut text = Vec::new();
                entry.read_to_end(&mut text)?;
                control.scripts.push(Script { name, text });
            }
            _ => {}
        }
    }
    if control.text.is_empty() {
        return Err(DebError::Malformed("it has no control file"));
    }
    control.scripts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(control)
}

fn read_data(
    data: &mut impl BufRead,
    visit: &mut impl FnMut(&Entry, &mut dyn Read) -> io::Result<()>,
) -> Result<(), DebError> {
    let mut archive = tar::Archive::new(compress::reader(data)?);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let header = entry.header();
        let target = || -> io::Result<String> {
            let target = entry.link_name()?.unwrap_or_default();
            target.to_str().map(str::to_owned).ok_or_else(|| io::Error::other("a link is no text"))
        };
        let kind = match header.entry_type() {
            tar::EntryType::Directory => Kind::Directory,
            tar::EntryType::Regular | tar::EntryType::Continuous => Kind::File,
            tar::EntryType::Symlink => Kind::Symlink(target()?),
            tar::EntryType::Link => Kind::HardLink(merged(&target()?)?),
            tar::EntryType::XGlobalHeader => continue,
            _ => Kind::Special,
        };
        // What is left empty is zero, as dpkg has it.
        let number = |id: io::Result<u64>| u32::try_from(id.unwrap_or(0)).map_err(io::Error::other);
        let (uid, gid) = (number(header.uid())?, number(header.gid())?);
        let (mode, mtime, size) = (header.mode()?, header.mtime().unwrap_or(0), entry.size());
        let path = entry.path()?;
        let path = path.to_str().ok_or_else(|| io::Error::other("a path is no text"))?;
        let path = merged(path)?;
        if path.is_empty() {
            continue;
        }
        visit(&Entry { path, mode, uid, gid, mtime, size, kind }, &mut entry)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
