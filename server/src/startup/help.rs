//! Help: the text of `--help`.

/// The text of `--help`.
pub const HELP: &str = "\
A chat room for terminals.

Usage: chat-server [OPTIONS] [HOST [PORT]]     (also HOST:PORT, or PORT alone)

  HOST  where to listen: 127.0.0.1 for this machine alone (the default),
        0.0.0.0 or :: for everybody who can reach it
  PORT  4000 if none is given; 0 picks a free one

Options:
  --listen ADDRESS     listen there (HOST PORT, HOST:PORT or PORT) as well, or
                       instead if there is no HOST before; may be repeated
  --udp [PORT]         let tables in over UDP as well, at PORT or the same one
  --max-clients N      how many may be connected at once
                       (default, and at max: what this machine holds, which is
                       printed at the start)
  --max-unnamed N      how many of them may have no name yet; past it the
                       oldest of these is closed (256)
  --per-address N      how many may come from one address; loopback is
                       exempt (64)
  --name-timeout SECS  how long a connection may take to give a name (30)
  --strict             only a newline ends a line: do not take a peer that sends
                       none, as classroom scripts do, for what it is
  --rate N[:BURST]     how many lines a second one client may send, and how
                       many at once; faster ones wait, none is lost (10:50).
                       --rate off lifts the limit
  --backlog KIB        how much may wait for a member that reads slowly,
                       before it is removed (1024)
  --stall SECS         how long such a member may take nothing at all (10)
  --heartbeat SECS     how often clients that keep a heartbeat send one; they
                       are removed when three are missing (30)
  --history N          how many lines each room keeps for those who come
                       later; 0 keeps none (1000)
  --crowd N            up to how many members a room is told of each who comes
                       or goes; above, only how many, every 10 s (50)
  --max-rooms N        how many rooms there may be at once (1000)
  --motd FILE          tell everybody who comes in the lines of FILE
  --files FOLDER       let tables share files, which are kept in FOLDER
  --file-size MIB      how large one may be (100)
  --files-size MIB     how much all may take together (1024)
  --transfers N        how many transfers one member may have at once (4)
  --files-rate MIB     how much several may move in a second, together (200)
  --files-days N       how long a file is kept (30)
  --transcript FILE    append every line that a room hears to FILE
  --transcript-size MIB   begin a new FILE past this size (10)
  --transcript-keep N  how many older files to keep, as FILE.1 and so on (5)
  --log FILE           write the log to FILE as well, with the time
  --quiet              do not log what is said
  -h, --help           this
  -V, --version        the version

While it runs: type a line to say it to everybody, /help for commands, Ctrl-C to
stop, twice to stop at once.
Exit codes: 0 stopped, 1 failure, 2 usage, 3 cannot listen, 130 stopped at once.";
