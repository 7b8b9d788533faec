//! A terminal without a screen.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, openpt, ptsname, unlockpt};

/// The side of a pseudo-terminal on which somebody sits.
pub(crate) struct Terminal {
    keyboard: File,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    pub(crate) fn open() -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        unlockpt(&master).unwrap();
        Self { keyboard: File::from(master), shown: Arc::default() }
    }

    /// Starts `command` with this terminal as its standard streams, not yet as its controlling
    /// terminal.
    pub(crate) fn spawn(&self, command: &mut Command) -> Child {
        let name = ptsname(&self.keyboard, Vec::new()).unwrap();
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(OFlags::NOCTTY.bits().cast_signed());
        let end = options.open(OsStr::from_bytes(name.as_bytes())).unwrap();
        command.stdin(end.try_clone().unwrap()).stdout(end.try_clone().unwrap()).stderr(end);
        let child = command.spawn().unwrap();
        // The command keeps no copy: reading ends when everybody who ran there is gone.
        command.stdin(std::process::Stdio::null());
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut screen = self.keyboard.try_clone().unwrap();
        let shown = Arc::clone(&self.shown);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
                shown.extend_from_slice(&bytes[..count]);
            }
        });
        child
    }

    /// Types `text`.
    pub(crate) fn send(&self, text: &str) {
        (&self.keyboard).write_all(text.as_bytes()).unwrap();
    }

    /// All that was shown, with ends of lines as in a file.
    pub(crate) fn shown(&self) -> String {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&shown).replace("\r\n", "\n")
    }
}
