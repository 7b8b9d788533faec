use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;

use crate::case::{Case, Place};
use crate::running::wait_until;

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn ask(port: u16) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"GET /livez HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// L19
#[test]
fn health_is_answered_while_logs_flow() {
    for place in Place::BOTH {
        // As much as the reader takes, which is more than 16 MB/s.
        let manifest = "[service]\ncommand = [\"yes\", \"a line of the service's log\"]\n";
        let (mut reader, writer) = io::pipe().unwrap();
        let port = free_port();
        let case = Case::new().at(place).manifest(manifest).stdout(Stdio::from(writer));
        let running = case.options(&["--listen", &format!("127.0.0.1:{port}")]).start();
        let drain = thread::spawn(move || {
            let mut bytes = vec![0; 1 << 16];
            let mut all: u64 = 0;
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                all += count as u64;
            }
            all
        });
        wait_until("health is answered", || ask(port).ok());
        for _ in 0..200 {
            let answer = ask(port).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.0 200"));
        }
        drop(running);
        assert!(drain.join().unwrap() > 1 << 20, "the log did not flow");
    }
}
