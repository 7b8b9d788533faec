//! A loop with nothing but [`Http`] in it, in a thread of its own, and clients for it.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, PipeWriter, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lightship_model::event::{Event, PlannedTool, ToolChange, What};
use lightship_model::state::ToolStatus;
use lightship_model::status::Status;

use super::super::{Access, Answer, Asked, Command, Http};
use crate::control::ControlAddress;
use crate::poller::{Poller, Wanted};
use crate::view::View;

/// Long enough for a machine that is busy with other things.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What the loop is told from outside.
enum Order {
    Tell(What),
    /// Connections, bytes kept for them, and streams among the connections.
    Size(Sender<(usize, usize)>),
    /// The commands that were taken.
    Commands(Sender<Vec<Command>>),
    Shutdown,
}

pub(super) struct Serving {
    pub(super) address: SocketAddr,
    pub(super) control: ControlAddress,
    orders: Sender<Order>,
    wake: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    pub(super) fn new() -> Self {
        Self::with(Access::default(), 1)
    }

    /// A server with that many tools called `tool-N`, whose service is ready.
    pub(super) fn with(access: Access, tools: usize) -> Self {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("lightship-test-{}-{number}", std::process::id());
        let control = ControlAddress::Abstract(name);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let socket = control.bind().unwrap();
        let (orders, receiver) = channel();
        let (reader, wake) = io::pipe().unwrap();
        let thread = thread::Builder::new().spawn(move || {
            let http = Http::new(Some(listener), Some(socket), access).unwrap();
            run(http, &view(tools), &receiver, &reader);
        });
        let thread = thread.unwrap();
        Self { address, control, orders, wake: Some(wake), thread: Some(thread) }
    }

    fn order(&self, order: Order) {
        self.orders.send(order).unwrap();
        self.wake.as_ref().unwrap().write_all(b"!").unwrap();
    }

    pub(super) fn tell(&self, what: What) {
        self.order(Order::Tell(what));
    }

    pub(super) fn shutdown(&self) {
        self.order(Order::Shutdown);
    }

    pub(super) fn size(&self) -> (usize, usize) {
        let (sender, receiver) = channel();
        self.order(Order::Size(sender));
        receiver.recv_timeout(PATIENCE).unwrap()
    }

    pub(super) fn commands(&self) -> Vec<Command> {
        let (sender, receiver) = channel();
        self.order(Order::Commands(sender));
        receiver.recv_timeout(PATIENCE).unwrap()
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends `text` on a connection of its own, and returns everything that comes back.
    pub(super) fn exchange(&self, text: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).unwrap();
        read_all(stream)
    }

    /// The answer to a GET, with more header fields.
    pub(super) fn get(&self, path: &str, fields: &str) -> String {
        self.exchange(&format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}Connection: close\r\n\r\n"
        ))
    }

    /// A client of the stream of events, behind the head of the answer.
    pub(super) fn events(&self, fields: &str) -> Events {
        let mut stream = self.connect();
        stream
            .write_all(
                format!("GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n").as_bytes(),
            )
            .unwrap();
        let mut events = Events { lines: BufReader::new(stream) };
        let head = events.block();
        assert!(head.contains("200 OK") && head.contains("text/event-stream"), "{head}");
        assert_eq!(events.block(), "retry: 2000\n");
        events
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // The loop ends with its pipe.
        drop(self.wake.take());
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || thread::panicking(), "the loop has panicked");
    }
}

pub(super) struct Events {
    lines: BufReader<TcpStream>,
}

impl Events {
    /// Lines up to the next empty one; nothing at the end.
    pub(super) fn block(&mut self) -> String {
        let mut block = String::new();
        loop {
            let before = block.len();
            self.lines.read_line(&mut block).unwrap();
            let line = block[before..].trim_end_matches(['\r', '\n']);
            if line.is_empty() {
                block.truncate(before);
                return block;
            }
        }
    }

    /// The next event that has this name: its id, and its data.
    pub(super) fn next(&mut self, name: &str) -> (Option<u64>, String) {
        loop {
            let block = self.block();
            assert!(!block.is_empty(), "the stream ended before {name}");
            let field = |field: &str| {
                block.lines().find_map(|line| line.strip_prefix(field)).map(str::to_owned)
            };
            if field("event: ").as_deref() == Some(name) {
                return (field("id: ").map(|id| id.parse().unwrap()), field("data: ").unwrap());
            }
        }
    }
}

/// What comes until the end. That the other side had enough is an end as well.
pub(super) fn read_all(mut stream: impl io::Read) -> String {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error} after {} bytes", bytes.len()),
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn view(tools: usize) -> View {
    let tools = (0..tools).map(|number| PlannedTool {
        change: ToolChange::new(format!("tool-{number}").parse().unwrap(), ToolStatus::Pending)
            .because("a secret reason"),
        source: "script".to_owned(),
        priority: 1,
        requires: vec![],
        on_demand: false,
        estimate_ms: None,
    });
    let view = View::new(Status::expecting(tools), BTreeMap::new());
    for what in [
        What::ServiceStarted { pid: 4711, command: vec![] },
        What::ServiceReady { pid: 4711, after_ms: 1 },
    ] {
        view.status.borrow_mut().apply(&Event::new(View::now(), what));
    }
    view
}

fn run(mut http: Http, view: &View, orders: &Receiver<Order>, mut wake: &io::PipeReader) {
    let mut poller = Poller::default();
    let mut commands = Vec::new();
    loop {
        poller.clear();
        http.watch(&mut poller, view.elapsed());
        let slot = poller.watch(wake, Wanted::Read);
        let deadline = http.deadline().map(|at| at.saturating_sub(view.elapsed()));
        poller.wait(deadline).unwrap();
        for Asked { ticket, what, .. } in http.turn(&poller, view, view.elapsed()) {
            let answer = match &what {
                Command::ToolLog { tool, lines } => {
                    Answer::text(200, format!("{lines} lines of {tool}\n"))
                }
                // One that is never answered.
                Command::Reload => continue,
                Command::Wait { tool, .. } => {
                    http.tell_of(ticket, tool.clone());
                    commands.push(what);
                    continue;
                }
                Command::Promote { .. } | Command::Retry { .. } | Command::Stop => Answer::done(),
            };
            commands.push(what);
            http.reply(ticket, answer);
        }
        if poller.ready(slot).any() {
            if wake.read(&mut [0; 1]).unwrap() == 0 {
                http.flush(view, Duration::from_secs(5));
                return;
            }
            match orders.recv().unwrap() {
                Order::Tell(what) => {
                    let event = Event::new(View::now(), what);
                    view.status.borrow_mut().apply(&event);
                    http.tell(&event);
                }
                Order::Size(reply) => reply.send(http.size()).unwrap(),
                Order::Commands(reply) => reply.send(commands.clone()).unwrap(),
                Order::Shutdown => http.shutdown(),
            }
        }
    }
}
