//! Files: measures transfers of 100 MiB in both directions, beside `nc`, and the delay
//! of the chat during transfers.
//!
//! The same code sends to and fetches from the server and `nc`. The server syncs the
//! file to its disk before it confirms, and `nc` does not. `CHAT_BENCH_DIR` is the
//! folder for both: `/dev/shm` leaves the disk out of the comparison.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Error, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::transfer::TicketGrant;

use crate::case::{Side, joined};
use crate::delay::Schedule;
use crate::report::{Figure, Unit};
use crate::subject::Subject;
use crate::throughput::LINE_BYTES;

const MEBIBYTE: usize = 1024 * 1024;

/// The size of the file in bytes.
const SIZE: usize = 100 * MEBIBYTE;

/// The number of transfers beside the chat.
const TRANSFERS: usize = 4;

const MEMBERS: usize = 100;
const INTERVAL: Duration = Duration::from_millis(20);

/// The timeout for a program to start.
const START: Duration = Duration::from_secs(10);

/// A folder for the files of a run, removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> io::Result<Folder> {
        let parent = env::var_os("CHAT_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from);
        let folder = parent.join(format!("chat-bench-{}", process::id()));
        fs::create_dir_all(&folder)?;
        let bytes: Vec<u8> = (0..SIZE).map(|at| ((at * 31) >> 7) as u8).collect();
        fs::write(folder.join("file"), bytes)?;
        Ok(Folder(folder))
    }

    fn file(&self) -> PathBuf {
        self.0.join("file")
    }

    pub fn store(&self) -> PathBuf {
        self.0.join("store")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Measures the transfer of the file to one side and back.
///
/// # Errors
///
/// When a program does not start, or bytes are missing.
pub fn throughput(side: Side, server: &Subject) -> io::Result<Vec<Figure>> {
    let folder = Folder::new()?;
    let (put, get) = match side {
        Side::Netcat => (netcat_put(&folder)?, netcat_get(&folder)?),
        _ => {
            let running = server.start_sharing(&folder.store())?;
            let mut chat = Chat::join(running.address, "sender")?;
            let put = chat.put(&folder.file())?;
            (put, chat.get(1)?)
        }
    };
    let figure = |direction: &str, time: Duration| Figure {
        name: format!("{direction} 100 MiB, MiB/s"),
        unit: Unit::MebibytesPerSecond,
        value: 100.0 / time.as_secs_f64(),
        load: None,
    };
    Ok(vec![figure("put", put), figure("get", get)])
}

/// Measures the delay of the chat, with transfers or without.
///
/// # Errors
///
/// When a member is disconnected, or a message or a transfer is lost.
pub fn delay(side: Side, server: &Subject, seconds: f64) -> io::Result<Vec<Figure>> {
    let folder = Folder::new()?;
    let running = server.start_sharing(&folder.store())?;
    let done = Arc::new(AtomicBool::new(false));
    let mut transfers = Vec::new();
    if side == Side::WithTransfers {
        for number in 0..TRANSFERS {
            let chat = Chat::join(running.address, &format!("sender{number}"))?;
            let (file, done) = (folder.file(), Arc::clone(&done));
            transfers.push(thread::spawn(move || chat.keep_busy(&file, &done)));
        }
    }
    let mut generator = joined(&running, MEMBERS)?;
    let schedule = Schedule {
        senders: MEMBERS,
        readers: MEMBERS,
        line_bytes: LINE_BYTES,
        interval: INTERVAL,
        time: Duration::from_secs_f64(2.0 * seconds),
    };
    let title = format!("delay, {MEMBERS} members, {TRANSFERS} transfers");
    let figures = schedule.measure(&running, &mut generator, &title);
    done.store(true, Ordering::Relaxed);
    let mut transferred = 0;
    for transfer in transfers {
        transferred += transfer
            .join()
            .map_err(|_| Error::other("a transfer panicked"))??;
    }
    let mut figures = figures?;
    figures.push(Figure {
        name: "files transferred meanwhile".into(),
        unit: Unit::Count,
        value: transferred as f64,
        load: None,
    });
    Ok(figures)
}

/// A member that sends and fetches files.
struct Chat {
    name: String,
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl Chat {
    fn join(address: SocketAddr, name: &str) -> io::Result<Chat> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(START))?;
        let stream = BufReader::new(stream);
        let name = name.to_string();
        let mut chat = Chat {
            name,
            address,
            stream,
        };
        chat.say(&chat.name.clone())?;
        chat.expect(|line| line.starts_with("Welcome").then_some(()))?;
        Ok(chat)
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream
            .get_mut()
            .write_all(format!("{line}\n").as_bytes())
    }

    /// Reads lines until `wanted` accepts one. The others belong to the chat.
    fn expect<T>(&mut self, wanted: impl Fn(&str) -> Option<T>) -> io::Result<T> {
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(Error::other("disconnected from the chat"));
            }
            let line = line.trim_end();
            if line.starts_with("! ") {
                return Err(Error::other(line.to_string()));
            }
            if let Some(found) = wanted(line) {
                return Ok(found);
            }
        }
    }

    /// Opens a connection for a transfer.
    fn transfer(&mut self, command: &str) -> io::Result<TcpStream> {
        self.say(command)?;
        let grant = self.expect(TicketGrant::parse)?;
        let word = command.split(' ').next().unwrap_or_default();
        let mut stream = TcpStream::connect(self.address)?;
        stream.write_all(format!("{word} {}\n", grant.ticket).as_bytes())?;
        Ok(stream)
    }

    fn put(&mut self, file: &Path) -> io::Result<Duration> {
        let mut stream = self.transfer(&format!("/put file {SIZE}"))?;
        expect_reply(&mut stream, "ok 0")?;
        let begin = Instant::now();
        send(file, &mut stream)?;
        expect_reply(&mut stream, "ok")?;
        Ok(begin.elapsed())
    }

    fn get(&mut self, id: u64) -> io::Result<Duration> {
        let mut stream = self.transfer(&format!("/get {id}"))?;
        expect_reply(&mut stream, &format!("ok {SIZE}"))?;
        let begin = Instant::now();
        fetch(&mut stream)?;
        Ok(begin.elapsed())
    }

    /// Sends and fetches until `done` is set, and returns the number of transfers.
    fn keep_busy(mut self, file: &Path, done: &AtomicBool) -> io::Result<usize> {
        let mut count = 0;
        while !done.load(Ordering::Relaxed) {
            let mut stream = self.transfer(&format!("/put file {SIZE}"))?;
            expect_reply(&mut stream, "ok 0")?;
            send(file, &mut stream)?;
            expect_reply(&mut stream, "ok")?;
            let own = format!("{} shares ", self.name);
            let id = self.expect(|line| id_in(line.strip_prefix(&own)?))?;
            self.get(id)?;
            self.say(&format!("/forget {id}"))?;
            count += 2;
        }
        Ok(count)
    }
}

/// Parses the number in "... Type /get 3 to fetch it."
fn id_in(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once(" Type /get ")?;
    rest.split(' ').next()?.parse().ok()
}

/// Reads a line, byte by byte, and checks it.
fn expect_reply(stream: &mut TcpStream, expected: &str) -> io::Result<()> {
    let mut line = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte)? == 1 && byte != *b"\n" {
        line.extend(byte);
    }
    if line == expected.as_bytes() {
        Ok(())
    } else {
        Err(Error::other(String::from_utf8_lossy(&line).into_owned()))
    }
}

fn send(file: &Path, stream: &mut TcpStream) -> io::Result<()> {
    io::copy(&mut File::open(file)?, stream)?;
    stream.shutdown(Shutdown::Write)
}

fn fetch(stream: &mut TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 128 * 1024];
    let mut count = 0;
    loop {
        match stream.read(&mut buffer)? {
            0 if count == SIZE => return Ok(()),
            0 => return Err(Error::other(format!("only {count} bytes arrived"))),
            more => count += more,
        }
    }
}

fn netcat_put(folder: &Folder) -> io::Result<Duration> {
    let target = File::create(folder.0.join("target"))?;
    let (mut nc, mut stream) = netcat(Stdio::null(), target.into())?;
    let begin = Instant::now();
    send(&folder.file(), &mut stream)?;
    drop(stream);
    nc.wait()?;
    Ok(begin.elapsed())
}

fn netcat_get(folder: &Folder) -> io::Result<Duration> {
    let (mut nc, mut stream) = netcat(File::open(folder.file())?.into(), Stdio::null())?;
    let begin = Instant::now();
    fetch(&mut stream)?;
    let time = begin.elapsed();
    drop(stream);
    nc.wait()?;
    Ok(time)
}

/// Starts an `nc` that listens, and connects to it.
fn netcat(input: Stdio, output: Stdio) -> io::Result<(Child, TcpStream)> {
    // The port was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut nc = Command::new("nc");
    nc.args(["-l", "-N", "127.0.0.1", &address.port().to_string()]);
    let mut nc = nc.stdin(input).stdout(output).spawn()?;
    let until = Instant::now() + START;
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return Ok((nc, stream)),
            Err(_) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
            Err(error) => {
                let _ = nc.kill();
                let _ = nc.wait();
                return Err(error);
            }
        }
    }
}
