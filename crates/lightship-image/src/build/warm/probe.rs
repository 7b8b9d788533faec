//! Asking a process that has a network of its own: by a thread that goes there.

use std::fs::{self, File};
use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::build::spec::Until;

/// From one question to the next.
const PERIOD: Duration = Duration::from_millis(100);

/// How long an answer may take: a service that starts has much to do.
const PATIENCE: Duration = Duration::from_secs(20);

/// The two who wait for each other.
#[derive(Debug, Default)]
pub(super) struct Signs {
    pub(super) ready: AtomicBool,
    pub(super) given_up: AtomicBool,
    /// Why nobody can be asked.
    pub(super) failed: OnceLock<io::Error>,
}

impl Signs {
    /// [`wait`], with what goes wrong as a sign.
    pub(super) fn wait(&self, pid: u32, until: &Until) {
        if let Err(error) = wait(pid, until, self) {
            // It is the only one who sets it.
            drop(self.failed.set(error));
        }
    }
}

/// Asks until there is an answer, or nobody wants it any more. The calling thread is in the
/// network of the process `pid` from then on, so it must be one for this alone.
fn wait(pid: u32, until: &Until, signs: &Signs) -> io::Result<()> {
    let theirs = PathBuf::from(format!("/proc/{pid}/ns/net"));
    let ours = fs::read_link("/proc/thread-self/ns/net")?;
    while !signs.given_up.load(Ordering::Relaxed) {
        // Until it has left ours there is nobody to ask.
        if fs::read_link(&theirs)? != ours {
            break;
        }
        std::thread::sleep(PERIOD);
    }
    let file = File::open(&theirs)?;
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
    while !signs.given_up.load(Ordering::Relaxed) {
        let answered = match until {
            Until::Http(url) => http(url),
            Until::Tcp(address) => tcp(address),
            // Those are seen from outside.
            Until::Ends | Until::Log(_) => return Ok(()),
        };
        if answered {
            signs.ready.store(true, Ordering::Relaxed);
            return Ok(());
        }
        std::thread::sleep(PERIOD);
    }
    Ok(())
}

fn http(url: &str) -> bool {
    let config = ureq::Agent::config_builder()
        // A proxy of this machine has no part in it.
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(PATIENCE));
    let agent: ureq::Agent = config.build().into();
    let answer = agent.get(url).call();
    answer.is_ok_and(|answer| (200..400).contains(&answer.status().as_u16()))
}

fn tcp(address: &str) -> bool {
    let mut addresses = address.to_socket_addrs().into_iter().flatten();
    addresses.any(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok())
}
