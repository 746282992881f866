//! The one thread that speaks: posts in, one write for each member out.
//!
//! It takes every post that is waiting, up to [`BATCH`](limits::BATCH) bytes,
//! and only then writes: under load a single system call carries hundreds of
//! lines to a member, and when all is quiet a line goes out at once.
//!
//! It knows no names: members are numbers here, lines are bytes. Nothing in this
//! file can block but waiting for the next post; the only lock on its way is that
//! of a lagging member's backlog, which is held for a moment.

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::mem;

use crossbeam_channel::Receiver;

use crate::batch::{Batch, View};
use crate::limits;
use crate::link::{Id, Outlet};
use crate::log::{Entry, Log};
use crate::post::Post;

/// Owns every connection's outlet.
pub struct Broadcaster {
    /// In the order in which they came, which is the order their sockets lie in
    /// memory: at a thousand members that saves a tenth of the time (measured).
    members: BTreeMap<Id, Member>,
    batch: Batch,
    /// Those whose view of this batch is not simply the shared lines.
    touched: Vec<Id>,
    /// Whether the server is ending.
    stopping: bool,
    /// Who has left since then, with the last line for each.
    farewells: Vec<(Id, Vec<u8>)>,
    log: Log,
}

struct Member {
    outlet: Outlet,
    view: View,
}

impl Broadcaster {
    /// A broadcaster without members, which tells the log what happens.
    pub fn new(log: Log) -> Broadcaster {
        Broadcaster {
            members: BTreeMap::new(),
            batch: Batch::default(),
            touched: Vec::new(),
            stopping: false,
            farewells: Vec::new(),
            log,
        }
    }

    /// The thread's life: until [`Post::End`], or until nobody can post.
    pub fn run(mut self, posts: &Receiver<Post>) {
        while let Ok(mut post) = posts.recv() {
            loop {
                if let Post::End = post {
                    return;
                }
                self.take(post);
                if self.batch.len() >= limits::BATCH {
                    break;
                }
                match posts.try_recv() {
                    Ok(next) => post = next,
                    Err(_none_waits) => break,
                }
            }
            self.flush();
        }
    }

    fn take(&mut self, post: Post) {
        match post {
            Post::Open(outlet) => self.open(outlet),
            Post::Enter {
                id,
                welcome,
                notice,
                entry,
            } => self.enter(id, &welcome, &notice, entry),
            Post::Say { from, lines } => self.say(from, lines),
            Post::Tell { to, line } => self.tell(to, &line),
            Post::Announce(line) => {
                self.batch.say(&line);
                self.log.said(line);
            }
            Post::Exit {
                id,
                notice,
                farewell,
                entry,
            } => self.exit(id, &notice, farewell, entry),
            Post::Dismiss { id, farewell } => self.dismiss(id, &farewell),
            Post::Stopping(line) => {
                self.batch.say(&line);
                self.stopping = true;
            }
            Post::Farewell(line) => self.dismiss_all(&line),
            Post::End => {}
        }
    }

    fn open(&mut self, outlet: Outlet) {
        let view = View::default();
        self.members.insert(outlet.id(), Member { outlet, view });
    }

    fn enter(&mut self, id: Id, welcome: &[u8], notice: &[u8], entry: Entry) {
        self.log.note(entry);
        self.batch.say(notice);
        if let Some(member) = self.members.get_mut(&id) {
            self.touched.push(id);
            self.batch.tell(&mut member.view, welcome);
            self.batch.enter(&mut member.view);
        }
    }

    fn say(&mut self, from: Id, lines: Vec<u8>) {
        if let Some(member) = self.members.get_mut(&from) {
            self.touched.push(from);
            self.batch.say_for_others(&mut member.view, &lines);
            self.log.said(lines);
        }
    }

    fn tell(&mut self, to: Id, line: &[u8]) {
        if let Some(member) = self.members.get_mut(&to) {
            self.touched.push(to);
            self.batch.tell(&mut member.view, line);
        }
    }

    /// Sends the leaving member what it still has to get, then closes it.
    fn exit(&mut self, id: Id, notice: &[u8], farewell: Vec<u8>, entry: Entry) {
        self.log.note(entry);
        if self.stopping {
            // All leave, one after the other, and each is to hear what those
            // after it said as their last.
            return self.farewells.push((id, farewell));
        }
        self.dismiss(id, &farewell);
        self.members.remove(&id);
        self.batch.say(notice);
    }

    /// Sends a member what it still has to get, and `farewell`. What comes later
    /// does not reach it any more.
    fn dismiss(&mut self, id: Id, farewell: &[u8]) {
        if let Some(member) = self.members.get_mut(&id) {
            send(member, &self.batch, &mut Vec::new());
            member.outlet.close(farewell);
        }
    }

    /// Sends everybody the rest, and then the end.
    fn dismiss_all(&mut self, farewell: &[u8]) {
        self.flush();
        for (id, own) in mem::take(&mut self.farewells) {
            self.dismiss(id, &own);
        }
        for (_, mut member) in mem::take(&mut self.members) {
            member.outlet.close(farewell);
        }
    }

    /// One write for each member that has something to get.
    fn flush(&mut self) {
        let Broadcaster { members, batch, .. } = self;
        let mut pieces = Vec::new();
        if batch.is_private() {
            for id in &self.touched {
                if let Some(member) = members.get_mut(id) {
                    send(member, batch, &mut pieces);
                    // Told twice, it stands here twice: the second finds nothing.
                    member.view.clear();
                }
            }
        } else {
            for member in members.values_mut() {
                send(member, batch, &mut pieces);
            }
            for id in &self.touched {
                if let Some(member) = members.get_mut(id) {
                    member.view.clear();
                }
            }
        }
        drop(pieces);
        self.touched.clear();
        self.batch.clear();
    }
}

fn send<'a>(member: &mut Member, batch: &'a Batch, pieces: &mut Vec<IoSlice<'a>>) {
    batch.pieces(&member.view, pieces);
    if !pieces.is_empty() {
        let Member { outlet, view } = member;
        outlet.send(pieces, || batch.keep(view));
    }
}
