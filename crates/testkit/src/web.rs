//! An HTTP server whose every answer a test writes itself, byte by byte if need be: it can lie
//! about lengths, break off, stall, and change its mind.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// How many requests came before it.
    pub number: usize,
    /// As it was asked for: a path, or a host and its port where the server is to be a proxy.
    pub target: String,
    is_connect: bool,
    headers: BTreeMap<String, String>,
}

impl Asked {
    /// The header `name`, written in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Where the range that was asked for begins.
    pub fn from(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What goes back; the connection ends with it.
#[derive(Debug)]
pub struct Answer<'a> {
    stream: &'a TcpStream,
}

impl Answer<'_> {
    /// Sends the head; `headers` is lines.
    pub fn head(&mut self, status: u16, headers: &[&str]) {
        let mut text = format!("HTTP/1.1 {status} -\r\nConnection: close\r\n");
        for header in headers {
            text.push_str(header);
            text.push_str("\r\n");
        }
        self.send(format!("{text}\r\n").as_bytes());
    }

    /// Sends bytes of the body. A client that has gone away misses nothing.
    pub fn send(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes));
    }

    /// Sends nothing, with the connection open, until the client has enough.
    pub fn stall(&mut self) {
        drop(self.stream.read_to_end(&mut Vec::new()));
    }

    /// What a good server answers for a file, with ranges; at most `most` bytes of it come.
    pub fn file(&mut self, asked: &Asked, etag: &str, body: &[u8], most: usize) {
        let total = body.len();
        let holds = asked.header("if-range").is_none_or(|wanted| wanted == etag);
        let tag = format!("ETag: {etag}");
        let from = match asked.from().filter(|_| holds) {
            None => {
                self.head(200, &[&format!("Content-Length: {total}"), &tag]);
                0
            }
            Some(from) if from >= total => {
                return self.head(416, &[&format!("Content-Range: bytes */{total}"), &tag]);
            }
            Some(from) => {
                let range = format!("Content-Range: bytes {from}-{}/{total}", total - 1);
                self.head(206, &[&range, &format!("Content-Length: {}", total - from), &tag]);
                from
            }
        };
        let end = total.min(from.saturating_add(most));
        self.send(&body[from..end]);
    }
}

/// A running server; it ends when it is dropped.
#[derive(Debug)]
pub struct Web {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    stopping: Arc<AtomicBool>,
}

impl Web {
    /// Starts a server that answers as `answer` does.
    pub fn start(answer: impl Fn(&Asked, &mut Answer<'_>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let web = Self { address, asked: Arc::default(), stopping: Arc::default() };
        let (asked, stopping) = (Arc::clone(&web.asked), Arc::clone(&web.stopping));
        let answer = Arc::new(answer);
        let accept = move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                let one = move || {
                    let mut to = Answer { stream: &stream };
                    while let Ok(request) = read(&stream, &asked) {
                        if !request.is_connect {
                            return answer(&request, &mut to);
                        }
                        // As a proxy, it is every host itself.
                        to.send(b"HTTP/1.1 200 -\r\n\r\n");
                    }
                };
                drop(thread::Builder::new().name("answer".into()).spawn(one).unwrap());
            }
        };
        drop(thread::Builder::new().name("web".into()).spawn(accept).unwrap());
        web
    }

    /// The full address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its port on the loopback.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request until now.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then sees that it is over.
        drop(TcpStream::connect(self.address));
    }
}

/// Reads a request's head, and notes it.
fn read(stream: &TcpStream, asked: &Mutex<Vec<Asked>>) -> io::Result<Asked> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut asked = asked.lock().unwrap();
    let is_connect = first.starts_with("CONNECT ");
    let request = Asked { number: asked.len(), target, is_connect, headers };
    asked.push(request.clone());
    Ok(request)
}
