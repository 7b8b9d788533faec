//! Something in front of a real registry that refuses what it is told to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request's head.
pub(crate) struct Request {
    pub(crate) method: String,
    /// Of its body, in bytes.
    pub(crate) length: usize,
    lines: Vec<String>,
}

impl Request {
    /// The header `name`, written in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.lines.iter().filter_map(|line| line.split_once(':'));
        let mut found = pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim())
    }
}

pub(crate) struct Front {
    pub(crate) port: u16,
    methods: Arc<Mutex<Vec<String>>>,
}

impl Front {
    /// Passes requests on to `port`, unless `refuse` gives the status line and headers of another
    /// answer.
    pub(crate) fn start(
        port: u16,
        refuse: impl Fn(&Request) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let front = Self { port: listener.local_addr().unwrap().port(), methods: Arc::default() };
        let methods = Arc::clone(&front.methods);
        let refuse = Arc::new(refuse);
        let accept = move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (methods, refuse) = (Arc::clone(&methods), Arc::clone(&refuse));
                let one = move || drop(pass(stream, port, &methods, &*refuse));
                drop(thread::Builder::new().name("pass".into()).spawn(one).unwrap());
            }
        };
        drop(thread::Builder::new().name("front".into()).spawn(accept).unwrap());
        front
    }

    /// How many requests of that method were passed on.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.methods.lock().unwrap().iter().filter(|it| *it == method).count()
    }
}

/// One request, one answer, and the connection is closed.
fn pass(
    mut stream: TcpStream,
    port: u16,
    methods: &Mutex<Vec<String>>,
    refuse: &dyn Fn(&Request) -> Option<String>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let method = lines[0].split(' ').next().unwrap().to_owned();
    let mut request = Request { method, length: 0, lines };
    request.length = request.header("content-length").map_or(0, |it| it.parse().unwrap());
    let mut body = vec![0; request.length];
    reader.read_exact(&mut body)?;
    if let Some(refusal) = refuse(&request) {
        let head = format!("HTTP/1.1 {refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        return stream.write_all(head.as_bytes());
    }
    methods.lock().unwrap().push(request.method.clone());
    let mut to = TcpStream::connect(("127.0.0.1", port))?;
    let kept =
        request.lines.iter().filter(|it| !it.to_ascii_lowercase().starts_with("connection:"));
    let head: String = kept.flat_map(|line| [line.as_str(), "\r\n"]).collect();
    to.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
    to.write_all(&body)?;
    std::io::copy(&mut to, &mut stream)?;
    Ok(())
}
