//! A tiny HTTP server of files in memory on the loopback, which can misbehave on request.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How one answer goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Another status, without a body.
    Status(u16),
    /// The right answer, later.
    Delay(Duration),
    /// Half of the body, then nothing, with the connection open.
    Stall,
    /// Half of the body, then the connection's end.
    Short,
}

/// A running server; it ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    files: Mutex<BTreeMap<String, (&'static str, Vec<u8>)>>,
    faults: Mutex<BTreeMap<String, VecDeque<Fault>>>,
    requests: Mutex<Vec<String>>,
    stopping: AtomicBool,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let accepting = Arc::clone(&shared);
        let accept = move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if accepting.stopping.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                // A client that goes away has had enough.
                let answer = move || drop(shared.answer(&stream));
                drop(thread::Builder::new().name("answer".into()).spawn(answer).unwrap());
            }
        };
        drop(thread::Builder::new().name("server".into()).spawn(accept).unwrap());
        Self { address, shared }
    }

    /// The full address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Serves `body` at `path`; gives its full address.
    pub fn put(&self, path: &str, media_type: &'static str, body: impl Into<Vec<u8>>) -> String {
        self.shared.files.lock().unwrap().insert(path.to_owned(), (media_type, body.into()));
        self.url(path)
    }

    /// Lets the next answers at `path` go wrong, one fault each.
    pub fn fail(&self, path: &str, faults: impl IntoIterator<Item = Fault>) {
        self.shared.faults.lock().unwrap().entry(path.to_owned()).or_default().extend(faults);
    }

    /// How often `path` was asked for.
    pub fn requests(&self, path: &str) -> usize {
        self.shared.requests.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then sees that it is over.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    /// Answers one request, and closes.
    fn answer(&self, mut stream: &TcpStream) -> io::Result<()> {
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        for line in lines {
            if line?.is_empty() {
                break;
            }
        }
        let target = first.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        self.requests.lock().unwrap().push(path.to_owned());
        let fault = self.faults.lock().unwrap().get_mut(path).and_then(VecDeque::pop_front);
        let file = self.files.lock().unwrap().get(path).cloned();
        let (status, (media_type, body)) = match (fault, file) {
            (Some(Fault::Status(status)), _) => (status, ("text/plain", vec![])),
            (_, Some(file)) => (200, file),
            (_, None) => (404, ("text/plain", vec![])),
        };
        if let Some(Fault::Delay(delay)) = fault {
            thread::sleep(delay);
        }
        write!(
            stream,
            "HTTP/1.1 {status} -\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            body.len()
        )?;
        let half = body.len() / 2;
        match fault {
            _ if first.starts_with("HEAD ") => Ok(()),
            Some(Fault::Short) => stream.write_all(&body[..half]),
            Some(Fault::Stall) => {
                stream.write_all(&body[..half])?;
                // Until the client goes away.
                stream.read_to_end(&mut Vec::new()).map(drop)
            }
            _ => stream.write_all(&body),
        }
    }
}
