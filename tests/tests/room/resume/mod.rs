//! Resume: a member comes back after its connection broke.

mod back;
mod incomplete;
mod lasting;
mod missed;
mod names;
mod refused;

use std::time::Duration;

use tests::TestClient;

use crate::test_server::TestServer;

/// Starts a server on which no leave is told during a test.
fn patient() -> TestServer {
    TestServer::with_limits(|limits| limits.leave_delay = Duration::from_secs(60))
}

/// Starts a server that tells a leave at once.
fn hasty() -> TestServer {
    TestServer::with_limits(|limits| limits.leave_delay = Duration::ZERO)
}

/// Returns a server on which a leave is not told in time, and one on which it is.
fn both() -> [(TestServer, bool); 2] {
    [(patient(), false), (hasty(), true)]
}

/// Expects that the leave of `name` is told, if it is.
fn expect_leave(witness: &mut TestClient, name: &str, is_told: bool) {
    if is_told {
        witness.expect_sometime(&format!("{name} has left the chat room."));
    }
}

/// Joins bob, and then ann, who receives a token.
fn bob_and_ann(server: &TestServer) -> (TestClient, TestClient, String) {
    let mut bob = server.join("bob");
    let (ann, token) = TestClient::join_resumable(server.address, "ann");
    bob.expect("ann has joined the chat room.");
    (bob, ann, token)
}

/// Says a line as bob, and returns the id with which ann receives it.
fn shown(bob: &mut TestClient, ann: &mut TestClient, text: &str) -> String {
    bob.say(text);
    ann.expect_with_id(&format!("bob: {text}"))
}

/// Breaks the connection of the member `name`, and waits until the server has noticed.
fn break_off(server: &TestServer, client: TestClient, name: &str) {
    let line = format!("[CONNECTION CLOSED] {name} disconnected (");
    let count = server.log().matches(&line).count();
    drop(client);
    server.wait_for_log_count(&line, count + 1);
}

/// Brings ann back, who had no line dealt with. The next line is the header of the missed
/// ones.
fn resume(server: &TestServer, token: &str, last_shown: &str) -> TestClient {
    TestClient::resume(server.address, ("ann", token), last_shown, 0)
}
