//! The control socket: what it is called, how it is made, and who may command there. By default
//! it is an abstract UNIX socket: it needs no writable directory, and is gone with its process.
//! Its name has the PID namespace in it, so that containers that share a network namespace do
//! not get in each other's way.

use std::fmt;
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::AsFd as _;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::PathBuf;
use std::str::FromStr;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use rustix::process::geteuid;

use crate::sys::peer;

/// The environment variable that says where the control socket is.
pub const VARIABLE: &str = "LOA_CONTROL";

/// The longest name that the kernel takes, in bytes.
const MAX_LEN: usize = 107;

/// Where a control socket is: `@NAME` for an abstract one, a path otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlAddress {
    Abstract(String),
    Path(PathBuf),
}

/// Why a text is no address of a control socket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no control socket: it is an absolute path or @NAME, of at most 107 bytes")]
pub struct ControlAddressError(String);

impl FromStr for ControlAddress {
    type Err = ControlAddressError;

    fn from_str(text: &str) -> Result<Self, ControlAddressError> {
        let address = match text.strip_prefix('@') {
            Some(name) => Self::Abstract(name.to_owned()),
            None => Self::Path(PathBuf::from(text)),
        };
        let right = match &address {
            Self::Abstract(name) => !name.is_empty(),
            Self::Path(path) => path.is_absolute(),
        };
        if right && text.len() <= MAX_LEN && !text.contains('\0') {
            Ok(address)
        } else {
            Err(ControlAddressError(text.to_owned()))
        }
    }
}

impl fmt::Display for ControlAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abstract(name) => write!(f, "@{name}"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

impl ControlAddress {
    /// The address of the lightship with this process id, in the PID namespace of the caller.
    pub fn of_process(pid: u32) -> Self {
        // Without /proc both sides take the same name all the same.
        let namespace = fs::metadata("/proc/self/ns/pid").map_or(0, |metadata| metadata.ino());
        Self::Abstract(format!("lightship-{namespace}-{pid}"))
    }

    /// Listens there. A socket that a killed lightship has left behind is replaced; one that
    /// somebody listens on is not.
    pub(crate) fn bind(&self) -> io::Result<UnixListener> {
        match self {
            Self::Abstract(_) => UnixListener::bind_addr(&self.socket_address()?),
            Self::Path(path) => {
                if self.is_abandoned() {
                    fs::remove_file(path)?;
                }
                let listener = UnixListener::bind(path)?;
                fs::set_permissions(path, Permissions::from_mode(0o600))?;
                Ok(listener)
            }
        }
    }

    /// A file that is no socket refuses connections too, and is somebody's.
    fn is_abandoned(&self) -> bool {
        let Self::Path(path) = self else { return false };
        fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
            && matches!(self.connect(), Err(error) if error.kind() == io::ErrorKind::ConnectionRefused)
    }

    pub fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect_addr(&self.socket_address()?)
    }

    /// Whether somebody listens there. Does not wait: a listener with no time is one too.
    pub(crate) fn is_listened_to(&self) -> bool {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let Ok(socket) = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None) else {
            return false;
        };
        let address = match self {
            Self::Abstract(name) => SocketAddrUnix::new_abstract_name(name.as_bytes()),
            Self::Path(path) => SocketAddrUnix::new(path),
        };
        let connected = address.and_then(|address| connect(&socket, &address));
        matches!(connected, Ok(()) | Err(Errno::AGAIN))
    }

    /// Removes what [`Self::bind`] left in the file system.
    pub(crate) fn remove(&self) {
        if let Self::Path(path) = self {
            // It does no harm there: the next start replaces it.
            fs::remove_file(path).unwrap_or_default();
        }
    }

    fn socket_address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Abstract(name) => SocketAddr::from_abstract_name(name),
            Self::Path(path) => SocketAddr::from_pathname(path),
        }
    }
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) uid: u32,
    /// 0 for a process that can't be seen from here.
    pub(crate) pid: i32,
}

impl Caller {
    /// Nothing when the kernel does not say.
    pub(crate) fn of(stream: &UnixStream) -> Option<Self> {
        peer(stream.as_fd()).ok().map(|(uid, pid)| Self { uid, pid })
    }

    /// Whether it may command: root, or the user that lightship runs as.
    pub(crate) fn is_trusted(self) -> bool {
        self.uid == 0 || self.uid == geteuid().as_raw()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_they_are_read() {
        for text in ["@lightship-1-1", "/run/lightship.sock"] {
            assert_eq!(text.parse::<ControlAddress>().unwrap().to_string(), text);
        }
        let long = format!("@{}", "x".repeat(MAX_LEN));
        for bad in ["", "@", "relative/path", "@a\0b", &long] {
            assert!(bad.parse::<ControlAddress>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_name_has_the_namespace_and_the_process_in_it() {
        let ControlAddress::Abstract(name) = ControlAddress::of_process(7) else { panic!() };
        let parts: Vec<&str> = name.split('-').collect();
        assert_eq!((parts.len(), parts[0], parts[2]), (3, "lightship", "7"));
        assert_ne!(parts[1].parse::<u64>().unwrap(), 0);
    }

    #[test]
    fn an_abstract_socket_is_there_as_long_as_its_listener() {
        let address = ControlAddress::Abstract(format!("lightship-test-{}", std::process::id()));
        let listener = address.bind().unwrap();
        let caller = Caller::of(&address.connect().unwrap()).unwrap();
        assert!(caller.is_trusted());
        assert_eq!(caller.pid.cast_unsigned(), std::process::id());
        assert_eq!(address.bind().unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(listener);
        assert_eq!(address.connect().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_socket_that_was_left_behind_is_replaced_and_one_in_use_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let address = ControlAddress::Path(dir.path().join("control"));
        let listener = address.bind().unwrap();
        let mode = fs::metadata(dir.path().join("control")).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(address.bind().is_err());
        drop(listener);
        let listener = address.bind().unwrap();
        drop(listener);
        address.remove();
        assert!(!dir.path().join("control").exists());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "PID 1 is not here")]
    fn a_file_that_is_no_socket_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes");
        fs::write(&path, "mine").unwrap();
        assert_eq!(
            ControlAddress::Path(path.clone()).bind().unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
        assert_eq!(fs::read_to_string(path).unwrap(), "mine");
    }
}
