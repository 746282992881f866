//! Capable client: what a test client does that asks for capabilities.

use std::net::SocketAddr;

use common::Tags;

use crate::TestClient;

/// The line with which a client asks for tags, numbers and a token.
const REQUEST: &str = "/cap time id resume";

impl TestClient {
    /// Connects and asks for capabilities with the line `request`, which is granted as
    /// it stands.
    pub fn connect_with(server: SocketAddr, request: &str) -> TestClient {
        let mut client = TestClient::connect(server);
        client.say(request);
        client.expect(request);
        client
    }

    /// Joins as `name` after the line `request`.
    pub fn join_with(server: SocketAddr, request: &str, name: &str) -> TestClient {
        let mut client = TestClient::connect_with(server, request);
        client.say(name);
        client.expect_tagged_start(&format!("Welcome, {name}."));
        client
    }

    /// Joins as `name` with tags, numbers and a token. Returns the token as well.
    pub fn join_resumable(server: SocketAddr, name: &str) -> (TestClient, String) {
        let mut client = TestClient::join_with(server, REQUEST, name);
        let token = client.expect_token();
        (client, token)
    }

    /// Expects the line with a token, and returns the token.
    pub fn expect_token(&mut self) -> String {
        let line = self.expect_start("/cap resume=");
        line["/cap resume=".len()..].to_string()
    }

    /// Connects and asks to come back with `token` and `last_shown`, which may be empty.
    pub fn request_resume(server: SocketAddr, token: &str, last_shown: &str) -> TestClient {
        let mut client = TestClient::connect_with(server, REQUEST);
        client.say(format!("/resume {token} {last_shown}").trim_end());
        client
    }

    /// Comes back as `name` with `token`. `acknowledged` is the number of the last line
    /// that the server has dealt with. The next line is the header of the missed ones.
    pub fn resume(
        server: SocketAddr,
        (name, token): (&str, &str),
        last_shown: &str,
        acknowledged: u64,
    ) -> TestClient {
        let mut client = TestClient::request_resume(server, token, last_shown);
        client.expect_tagged_start(&format!("Welcome, {name}."));
        client.expect(&format!("/cap resume={token}"));
        client.expect(&format!("/ack {acknowledged}"));
        client.expect_start("You are in ");
        client
    }

    /// Expects `lines` as the missed ones, each with an id, and nothing else.
    pub fn expect_missed(&mut self, lines: &[&str]) {
        match lines.len() {
            0 => self.expect("--- nothing missed ---"),
            1 => drop(self.expect_start("--- 1 missed line, the oldest from ")),
            count => drop(self.expect_start(&format!("--- {count} missed lines, the oldest"))),
        }
        for line in lines {
            self.expect_with_id(line);
        }
        self.expect("--- now ---");
    }

    /// Expects `line` next, with a time and an id. Returns the id.
    pub fn expect_with_id(&mut self, line: &str) -> String {
        let received = self.receive().unwrap_or_default();
        let (tags, rest) = Tags::split(&received);
        match (tags.time, tags.id) {
            (Some(_), Some(id)) if rest == line => id.to_string(),
            _ => self.fail(&format!("expected {line:?} with an id, not {received:?}")),
        }
    }

    /// Expects `line` next, with a time and without an id.
    pub fn expect_with_time(&mut self, line: &str) {
        let received = self.expect_tagged_start(line);
        if received != line {
            self.fail(&format!("expected {line:?}, received {received:?}"));
        }
    }

    /// Expects a line that begins with `start` after the tag of its time, which is the
    /// only one. Returns the line without the tag.
    pub fn expect_tagged_start(&mut self, start: &str) -> String {
        let received = self.receive().unwrap_or_default();
        let (tags, rest) = Tags::split(&received);
        if tags.time.is_none() || tags.id.is_some() || !rest.starts_with(start) {
            self.fail(&format!("expected {start:?} with a time, not {received:?}"));
        }
        rest.to_string()
    }
}
