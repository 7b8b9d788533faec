use std::process::{Child, Stdio};

use super::support::{Ship, tool, until, wait_until};

#[test]
fn thirty_callers_at_once_are_one_install_and_thirty_programs() {
    let ship =
        Ship::up(&tool("hello", "", &until("go"), "read -r line; echo \"$1 $line\"; exit $1"));
    let children: Vec<Child> = (0..30)
        .map(|number| {
            let input = ship.home.write(&format!("input-{number}"), &format!("line {number}\n"));
            let mut command = ship.command("hello");
            command.arg(number.to_string()).stdin(std::fs::File::open(input).unwrap());
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let waiting = || metric(&ship, "lightship_http_connections").parse::<usize>().unwrap_or(0);
    wait_until("all of them wait", || waiting() >= 30);
    ship.touch("go");
    for (number, child) in children.into_iter().enumerate() {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text, format!("{number} line {number}\n"));
        assert_eq!(output.status.code(), Some(number.try_into().unwrap()));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
    assert_eq!(ship.count("\"name\":\"hello\",\"status\":\"installing\""), 1);
}

/// The value of a metric, over the control socket that the shims use.
fn metric(ship: &Ship, name: &str) -> String {
    let answer = ask(ship, "/metrics");
    let line = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_default().to_owned()
}

fn ask(ship: &Ship, path: &str) -> String {
    use std::io::{Read as _, Write as _};
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixStream};

    let map = std::fs::read_to_string(ship.shim(".lightship-shims")).unwrap();
    let name = map.lines().find_map(|line| line.strip_prefix("control @")).unwrap();
    let address = SocketAddr::from_abstract_name(name).unwrap();
    let mut stream = UnixStream::connect_addr(&address).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
