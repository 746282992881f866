//! The command line: help, version and errors.

use std::process::Stdio;

use crate::support::program;

fn run(words: &[&str]) -> (i32, String, String) {
    let output = program().args(words).stdin(Stdio::null()).output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn help_explains_every_option_and_exit_code() {
    let (code, out, err) = run(&["--help"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let rows = client::options::manual_rows();
    let names = rows.split(['`', ' ']);
    let options: Vec<&str> = names.filter(|word| word.starts_with("--")).collect();
    assert!(options.contains(&"--heartbeat"), "{rows}");
    let codes = ["0 left", "1 failure", "2 usage", "3 cannot connect"];
    let more = ["4 name refused", "5 removed", "6 connection lost"];
    for part in [&options[..], &codes, &more].concat() {
        assert!(out.contains(part), "{part} is missing in\n{out}");
    }
    assert!(out.lines().all(|line| line.len() <= 80), "{out}");
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = format!("chat-client {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(run(&["-V"]), (0, version, String::new()));
}

#[test]
fn an_invalid_command_line_is_explained_in_two_lines_with_exit_code_2() {
    #[track_caller]
    fn check(words: &[&str], part: &str) {
        let (code, out, err) = run(words);
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}: {err}");
        let (why, hint) = err.split_once('\n').unwrap();
        assert!(why.starts_with("chat-client: "), "{why}");
        assert!(why.contains(part), "{part} is missing in {why}");
        assert_eq!(hint, "Try 'chat-client --help' for more information.\n");
    }
    check(&["--nonsense"], "unrecognized option '--nonsense'");
    check(&["--name"], "option '--name' requires an argument");
    check(&["localhost", "0"], "1 to 65535");
    check(&["a", "1", "b"], "HOST and PORT are enough");
    check(&["--heartbeat", "soon"], "not 'soon'");
    check(&["--udp", "--unframed"], "exclude each other");
}

#[test]
fn a_closed_pipe_is_no_reason_to_panic() {
    let mut client = program()
        .arg("--help")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(client.stdout.take());
    let output = client.wait_with_output().unwrap();
    assert_eq!(output.stderr, b"");
    assert_eq!(output.status.code(), Some(0));
    // With standard error closed there is no output left for the complaint.
    let mut client = program()
        .arg("--nonsense")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(client.stderr.take());
    assert_eq!(client.wait().unwrap().code(), Some(2));
}
