//! Banner: the first lines for the operator. Where the server listens, and the exact
//! command with which others join.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use common::DEFAULT_PORT;

use crate::accept::listeners::Addresses;

/// Returns the lines for a server at `addresses` with room for `clients` clients.
/// `client` is the way in which people here start a client.
pub fn render(addresses: &Addresses, clients: usize, client: ClientCommand) -> String {
    let Addresses { tcp, udp } = addresses;
    let mut text = String::new();
    for address in tcp {
        text += &format!("The chat server is listening at {address}\n");
    }
    for address in udp {
        text += &format!("It is open over UDP at {address}\n");
    }
    for address in tcp {
        text += &join_instructions(*address, client, JoinTransport::Tcp);
    }
    for address in udp {
        text += &join_instructions(*address, client, JoinTransport::Udp);
    }
    if tcp.iter().all(|address| address.ip().is_loopback()) {
        let port = tcp.first().map_or(DEFAULT_PORT, SocketAddr::port);
        let server = client.server();
        let udp_too = if udp.is_empty() { "" } else { " --udp" };
        text += &format!(
            "Only this machine can join. To let others in:  {server} 0.0.0.0 {port}{udp_too}\n"
        );
    }
    text += &format!("There is room for {clients} clients. Type a line to say it, /help for more.");
    text
}

/// Returns how to join a server at `address`, from here and from elsewhere.
fn join_instructions(address: SocketAddr, client: ClientCommand, way: JoinTransport) -> String {
    let (ip, port) = (address.ip(), address.port());
    let (over, ours, theirs) = match way {
        JoinTransport::Tcp => ("", "", "nc"),
        JoinTransport::Udp => (" over UDP", "--udp ", "nc -u"),
    };
    let join = |from: &str, ip: IpAddr| {
        let client = client.client();
        format!("To join {from}{over}:  {client} {ours}{ip} {port}    (or: {theirs} {ip} {port})\n")
    };
    if ip.is_loopback() {
        return join("on this machine", ip);
    }
    if !ip.is_unspecified() {
        return join("from here and other machines", ip);
    }
    let here = join("on this machine", loopback(ip));
    let others = match lan_address() {
        Some(lan) => join("from other machines", lan),
        None => "Others join with this machine's address instead.\n".to_string(),
    };
    here + &others
}

#[derive(Clone, Copy)]
enum JoinTransport {
    Tcp,
    Udp,
}

/// The way in which people here start a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCommand {
    /// By its name.
    Installed,
    /// By cargo, in this workspace.
    InWorkspace,
}

impl ClientCommand {
    fn client(self) -> &'static str {
        match self {
            ClientCommand::Installed => "chat-client",
            ClientCommand::InWorkspace => "cargo run --bin chat-client --",
        }
    }

    fn server(self) -> &'static str {
        match self {
            ClientCommand::Installed => "chat-server",
            ClientCommand::InWorkspace => "cargo run --bin chat-server --",
        }
    }
}

fn loopback(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
    }
}

/// Returns the address of this machine towards others. A UDP socket that connects
/// sends nothing; the system only chooses a route, and with it the address. The
/// destination is reserved for documents (RFC 5737).
fn lan_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Addresses {
        Addresses {
            tcp: vec![address.parse().unwrap()],
            udp: Vec::new(),
        }
    }

    #[test]
    fn udp_has_lines_of_its_own() {
        let udp = vec!["127.0.0.1:5000".parse().unwrap()];
        let addresses = Addresses {
            udp,
            ..at("127.0.0.1:4000")
        };
        let text = render(&addresses, 10, ClientCommand::Installed);
        assert!(text.contains("\nIt is open over UDP at 127.0.0.1:5000\n"));
        let join = "over UDP:  chat-client --udp 127.0.0.1 5000    (or: nc -u 127.0.0.1 5000)\n";
        assert!(text.contains(join), "{text}");
    }

    #[test]
    fn the_first_line_says_where_and_the_second_how_to_join() {
        let text = render(&at("127.0.0.1:4000"), 10, ClientCommand::Installed);
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
        let text = render(&at("[::]:4000"), 10, ClientCommand::InWorkspace);
        assert!(text.contains("cargo run --bin chat-client -- ::1 4000 "));
        assert!(!text.contains(" :: "));
    }
}
