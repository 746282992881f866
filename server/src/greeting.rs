//! What the server says to its operator when it starts: where it listens, and
//! the exact command with which others join.

use std::net::{IpAddr, SocketAddr, UdpSocket};

/// The lines for a server at `address` that holds `clients` clients.
///
/// `client` is how people here start one.
pub fn text(address: SocketAddr, clients: usize, client: Client) -> String {
    let ip = address.ip();
    let port = address.port();
    let (client, server) = match client {
        Client::Installed => ("chat-client", "chat-server"),
        Client::InWorkspace => (
            "cargo run --bin chat-client --",
            "cargo run --bin chat-server --",
        ),
    };
    let mut text = format!("The chat server is listening at {address}\n");
    if ip.is_loopback() {
        text += &join("on this machine", client, ip, port);
        text +=
            &format!("Only this machine can join. To let others in:  {server} 0.0.0.0 {port}\n");
    } else if ip.is_unspecified() {
        text += &join("on this machine", client, loopback(ip), port);
        match lan_address() {
            Some(lan) => text += &join("from other machines", client, lan, port),
            None => text += "Others join with this machine's address instead.\n",
        }
    } else {
        text += &join("from here and other machines", client, ip, port);
    }
    text += &format!("There is room for {clients}. Type a line to say it, /help for more.");
    text
}

/// How people here start a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// By its name.
    Installed,
    /// By cargo, in this workspace.
    InWorkspace,
}

fn join(from: &str, client: &str, ip: IpAddr, port: u16) -> String {
    format!("To join {from}:  {client} {ip} {port}    (or: nc {ip} {port})\n")
}

fn loopback(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
    }
}

/// The address that this machine has towards others. Connecting a UDP socket
/// sends nothing; it only has the system choose the way, and with it the
/// address. The one asked for is kept for documents (RFC 5737).
fn lan_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_where_and_the_second_how_to_join() {
        let address = "127.0.0.1:4000".parse().unwrap();
        let text = text(address, 10, Client::Installed);
        let mut lines = text.lines();
        let first = "The chat server is listening at 127.0.0.1:4000";
        assert_eq!(lines.next(), Some(first));
        assert!(
            lines
                .next()
                .unwrap()
                .contains("chat-client 127.0.0.1 4000 ")
        );
        assert!(text.contains("To let others in:  chat-server 0.0.0.0 4000\n"));
    }

    #[test]
    fn open_to_all_it_gives_an_address_one_can_connect_to() {
        let text = text("[::]:4000".parse().unwrap(), 10, Client::InWorkspace);
        assert!(text.contains("cargo run --bin chat-client -- ::1 4000 "));
        assert!(!text.contains(" :: "));
    }
}
